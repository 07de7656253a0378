//! Sessions, the forms that were sent in them, and one-time links.

use jeton_core::{
    id::{SessionId, UserId},
    time::Timestamp,
    token::TokenDigest,
};
use jeton_store::{
    By, Store,
    sessions::{NewPassword, NewSession, SignIn, UsedLink},
    tokens::NewToken,
};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

const DAY: i64 = 86_400;

fn digest(seed: u8) -> TokenDigest {
    TokenDigest([seed; 32])
}

async fn start(store: &Store, user: UserId, seed: u8, at: Timestamp) -> SessionId {
    let by = By { client: Some("Browser/1.0".to_owned()), ..BY };
    store.start_session(NewSession { user, digest: digest(seed), stays: false }, by, at).await.unwrap()
}

#[tokio::test]
async fn a_session_is_found_until_it_is_ended() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let id = start(&store, jane.id, 1, NOW).await;
        let session = store.session(&digest(1)).await.unwrap().unwrap();
        assert_eq!((session.id, session.user, session.created_at, session.last_seen_at), (id, jane.id, NOW, NOW));
        assert_eq!(store.session(&digest(2)).await.unwrap(), None);

        let later = NOW.plus_seconds(90);
        store.touch_session(id, later).await.unwrap();
        assert_eq!(store.session(&digest(1)).await.unwrap().unwrap().last_seen_at, later);

        assert!(!store.end_session(joe.id, id, BY, later).await.unwrap());
        assert!(store.session(&digest(1)).await.unwrap().is_some(), "it is not joe's to end");
        assert!(store.end_session(jane.id, id, BY, later).await.unwrap());
        assert_eq!(store.session(&digest(1)).await.unwrap(), None);
        assert!(!store.end_session(jane.id, id, BY, later).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn everybody_sees_the_own_sessions_and_ends_the_others() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let here = start(&store, jane.id, 1, NOW).await;
        let there = start(&store, jane.id, 2, NOW.plus_seconds(9)).await;
        start(&store, joe.id, 3, NOW).await;
        let stays = NewSession { user: jane.id, digest: digest(4), stays: true };
        let staying = store.start_session(stays, BY, NOW.plus_seconds(5)).await.unwrap();

        let listed = store.sessions_of(jane.id, NOW.plus_seconds(10)).await.unwrap();
        assert_eq!(listed.iter().map(|listed| listed.session.id).collect::<Vec<_>>(), [there, staying, here]);
        assert_eq!(listed.iter().map(|listed| listed.session.stays).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!((listed[0].client.as_deref(), listed[1].client.as_deref()), (Some("Browser/1.0"), None));
        let later = store.sessions_of(jane.id, NOW.plus_seconds(8 * DAY)).await.unwrap();
        assert_eq!(later.iter().map(|listed| listed.session.id).collect::<Vec<_>>(), [staying]);

        assert_eq!(store.end_other_sessions(jane.id, here, BY, NOW).await.unwrap(), 2);
        assert_eq!(store.end_other_sessions(jane.id, here, BY, NOW).await.unwrap(), 0);
        let left = store.sessions_of(jane.id, NOW.plus_seconds(10)).await.unwrap();
        assert_eq!(left.iter().map(|listed| listed.session.id).collect::<Vec<_>>(), [here]);
        assert!(store.session(&digest(3)).await.unwrap().is_some(), "joe's is none of them");
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_moves_the_times_that_the_profile_shows() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        assert_eq!((jane.current_sign_in_at, jane.last_sign_in_at), (None, None));
        let (first, second) = (NOW.plus_seconds(1), NOW.plus_seconds(2));
        for (seed, at, last) in [(1, first, first), (2, second, first)] {
            start(&store, jane.id, seed, at).await;
            let jane = store.user(jane.id).await.unwrap().unwrap();
            assert_eq!((jane.current_sign_in_at, jane.last_sign_in_at), (Some(at), Some(last)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_clears_the_own_sessions_that_are_over() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let now = NOW.plus_seconds(31 * DAY);
        let too_old = start(&store, jane.id, 1, NOW).await;
        store.touch_session(too_old, now).await.unwrap();
        start(&store, joe.id, 2, NOW).await;
        start(&store, jane.id, 3, now.plus_seconds(-8 * DAY)).await;
        start(&store, jane.id, 4, now.plus_seconds(-6 * DAY)).await;
        start(&store, jane.id, 5, now).await;
        for (seed, is_there) in [(1, false), (2, true), (3, false), (4, true), (5, true)] {
            assert_eq!(store.session(&digest(seed)).await.unwrap().is_some(), is_there, "session {seed}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_form_is_spent_once_a_session() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let (one, two) = (start(&store, jane.id, 1, NOW).await, start(&store, jane.id, 2, NOW).await);
        assert!(store.spend_form(one, [7; 32]).await.unwrap());
        assert!(!store.spend_form(one, [7; 32]).await.unwrap());
        assert!(store.spend_form(one, [8; 32]).await.unwrap());
        assert!(store.spend_form(two, [7; 32]).await.unwrap());
        store.end_session(jane.id, one, BY, NOW).await.unwrap();
        assert!(!store.spend_form(one, [9; 32]).await.unwrap());
        assert!(!store.spend_form(two, [7; 32]).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_link_works_once_until_it_is_replaced_or_too_old() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let (end, later) = (NOW.plus_seconds(DAY), NOW.plus_seconds(DAY - 1));
        store.create_password_link(jane.id, digest(1), end).await.unwrap();
        store.create_password_link(jane.id, digest(2), end).await.unwrap();
        assert_eq!(store.password_link(&digest(1), NOW).await.unwrap(), None, "replaced");
        assert_eq!(store.password_link(&digest(2), later).await.unwrap(), Some(jane.id));
        assert_eq!(store.password_link(&digest(2), end).await.unwrap(), None, "too old");
        let set = async |hash: &str, at: Timestamp| {
            let password = NewPassword { hash: hash.to_owned(), revoke_tokens: false };
            store.use_password_link(digest(2), password, Vec::new(), BY, at).await.unwrap()
        };
        assert_eq!(set("hash", end).await, None);

        start(&store, jane.id, 3, NOW).await;
        assert_eq!(set("hash", later).await, Some(UsedLink { user: jane.id, forget: Vec::new() }));
        assert_eq!(store.account("jane").await.unwrap().unwrap().password_hash.as_deref(), Some("hash"));
        assert_eq!(store.session(&digest(3)).await.unwrap(), None, "sessions of before have ended");
        assert_eq!(set("other", later).await, None);
        assert_eq!(store.account("jane").await.unwrap().unwrap().password_hash.as_deref(), Some("hash"));
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_the_tokens_too_if_that_is_wanted() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let own = make_token(&store, token_of(jane.id, 1)).await;
        let made_for_her = make_token(&store, NewToken { impersonation: true, ..token_of(jane.id, 2) }).await;
        let anothers = make_token(&store, token_of(joe.id, 3)).await;
        store.create_password_link(jane.id, digest(9), NOW.plus_seconds(1)).await.unwrap();
        let password = NewPassword { hash: "hash".to_owned(), revoke_tokens: true };
        let used = store.use_password_link(digest(9), password, Vec::new(), BY, NOW).await.unwrap();
        assert_eq!(used, Some(UsedLink { user: jane.id, forget: vec![TokenDigest([1; 32])] }));
        for (token, ended) in [(own, true), (made_for_her, false), (anothers, false)] {
            assert_eq!(store.token(token.id).await.unwrap().unwrap().ended.is_some(), ended, "{}", token.name);
        }
    })
    .await;
}

#[tokio::test]
async fn sign_ins_of_before_are_known_after_their_sessions_have_ended() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let client = Some("Browser/1.0".to_owned());
        let by = By { address: Some([192, 0, 2, 1].into()), client, ..BY };
        let new = NewSession { user: jane.id, digest: digest(1), stays: false };
        let id = store.start_session(new.clone(), by, NOW).await.unwrap();
        store.end_session(jane.id, id, BY, NOW).await.unwrap();
        store.start_session(NewSession { digest: digest(2), ..new }, BY, NOW).await.unwrap();
        let first = SignIn { address: Some([192, 0, 2, 1].into()), client: Some("Browser/1.0".to_owned()) };
        let second = SignIn { address: None, client: None };
        assert_eq!(store.earlier_sign_ins(jane.id, 9).await.unwrap(), [second.clone(), first]);
        assert_eq!(store.earlier_sign_ins(jane.id, 1).await.unwrap(), [second]);
        assert_eq!(store.earlier_sign_ins(joe.id, 9).await.unwrap(), []);
    })
    .await;
}
