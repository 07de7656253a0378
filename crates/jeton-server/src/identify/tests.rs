#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The three laws, on a real database.

use jeton_core::{
    lock::Denial,
    scope::ScopeSet,
    token::{Expiry, MadeVia},
    user::UserState,
};
use jeton_store::tokens::NewToken;

use super::*;
use crate::{
    app::App,
    refusal::Refusal,
    test_instance::{BY, Instance, NOW},
};

struct World {
    instance: Instance,
    app: App,
    user: User,
}

impl World {
    async fn new() -> Self {
        let instance = Instance::new().await;
        Self { user: instance.user("jane", false).await, app: instance.app.clone(), instance }
    }

    async fn token(&self, expiry: Expiry) -> (String, jeton_store::tokens::Token) {
        let (text, digest) = self.app.make_token().unwrap();
        let new = NewToken {
            user: self.user.id,
            handle: App::make_handle().unwrap(),
            name: "test".into(),
            description: None,
            scopes: ScopeSet::parse(["api"]).unwrap(),
            expiry,
            impersonation: false,
            made_via: MadeVia::Api,
            digest,
            limit: 10,
        };
        let token = self.app.store.create_token(new, BY, NOW).await.unwrap();
        (text.reveal(), token)
    }

    async fn denial(&self, text: &str) -> Option<Denial> {
        match self.app.identify_token(text, None).await {
            Ok(_) => None,
            Err(Refusal::Denied(denial)) => Some(denial),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_token_in_memory_asks_the_database_nothing() {
    let world = World::new().await;
    let (text, _) = world.token(Expiry::NEVER).await;
    assert_eq!(world.denial(&text).await, None);
    world.app.store.close().await;
    assert_eq!(world.denial(&text).await, None, "the second use is answered from memory");
    assert_eq!(world.app.identities.sizes(), (1, 1));
}

#[tokio::test]
async fn a_revoked_token_is_dead_when_the_revocation_returns() {
    let world = World::new().await;
    let (text, token) = world.token(Expiry::NEVER).await;
    assert_eq!(world.denial(&text).await, None);
    world.app.revoke_token(token.id, Some(world.user.id), BY).await.unwrap().unwrap();
    assert!(matches!(world.denial(&text).await, Some(Denial::Revoked { .. })));
}

#[tokio::test]
async fn a_reading_that_a_revocation_overtakes_is_not_believed_afterwards() {
    let world = World::new().await;
    let (text, token) = world.token(Expiry::NEVER).await;
    let digest = world.app.digest(&text).unwrap();
    // What a request does that read the living token just before the revocation, and remembers it just after.
    let era = world.app.identities.token_eras.current(Eras::slot_of(&digest));
    let record = world.app.store.token_record(&digest).await.unwrap().unwrap();
    world.app.revoke_token(token.id, None, BY).await.unwrap().unwrap();
    world.app.identities.living.insert(digest, Remembered { era, value: record.token });
    assert!(matches!(world.denial(&text).await, Some(Denial::Revoked { .. })));
}

#[tokio::test]
async fn a_blocked_user_is_out_when_the_blocking_returns() {
    let world = World::new().await;
    let (text, _) = world.token(Expiry::NEVER).await;
    let state = || async { world.app.identify_token(&text, None).await.unwrap().user.state };
    assert_eq!(state().await, UserState::Active);
    world.app.set_user_state(world.user.id, UserState::Blocked, BY).await.unwrap().unwrap();
    assert_eq!(state().await, UserState::Blocked);
}

#[tokio::test]
async fn a_token_in_memory_dies_at_its_moment() {
    let world = World::new().await;
    let end = NOW.plus_seconds(60);
    let (text, _) = world.token(Expiry::at(end)).await;
    assert_eq!(world.denial(&text).await, None);
    world.instance.set_clock(end.plus_seconds(-1));
    assert_eq!(world.denial(&text).await, None);
    world.instance.set_clock(end);
    assert_eq!(world.denial(&text).await, Some(Denial::Expired { at: end }));
}

#[tokio::test]
async fn another_process_can_have_everything_forgotten() {
    let world = World::new().await;
    let (text, token) = world.token(Expiry::NEVER).await;
    assert_eq!(world.denial(&text).await, None);
    // As the command line does: straight to the database.
    world.app.store.revoke_token(token.id, None, BY, NOW).await.unwrap().unwrap();
    world.app.identities.forget_everything();
    assert!(matches!(world.denial(&text).await, Some(Denial::Revoked { .. })));
}

#[tokio::test]
async fn garbage_pushes_no_good_entry_out() {
    let world = World::new().await;
    let (text, _) = world.token(Expiry::NEVER).await;
    assert_eq!(world.denial(&text).await, None);
    for _ in 0..2_000 {
        let (unknown, _) = world.app.make_token().unwrap();
        assert_eq!(world.denial(&unknown.reveal()).await, Some(Denial::Unknown));
    }
    world.app.store.close().await;
    assert_eq!(world.denial(&text).await, None);
}

#[tokio::test]
async fn uses_are_written_behind_the_requests() {
    let world = World::new().await;
    let (text, token) = world.token(Expiry::NEVER).await;
    assert_eq!(world.denial(&text).await, None);
    let used = || async { world.app.store.token(token.id).await.unwrap().unwrap().last_used_at };
    assert_eq!(used().await, None);
    world.app.last_used.flush(&world.app.store).await.unwrap();
    assert_eq!(used().await, Some(NOW));
}
