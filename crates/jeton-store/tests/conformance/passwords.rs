//! Hashes that are replaced.

use jeton_core::{id::UserId, token::TokenDigest};
use jeton_store::{Store, sessions::NewSession};

use crate::engines::{BY, NOW, for_each_engine, make_user};

async fn hash(store: &Store) -> Option<String> {
    store.account("jane").await.unwrap().unwrap().password_hash
}

async fn start(store: &Store, user: UserId, seed: u8) -> jeton_core::id::SessionId {
    let new = NewSession { user, digest: TokenDigest([seed; 32]), stays: false };
    store.start_session(new, BY, NOW).await.unwrap()
}

#[tokio::test]
async fn a_stronger_hash_takes_the_place_of_the_one_it_was_made_for() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        store.set_password(jane.id, "weak".to_owned(), BY, NOW).await.unwrap();
        start(&store, jane.id, 1).await;
        let strengthen = async |old: &str, new: &str| {
            store.strengthen_hash(jane.id, old.to_owned(), new.to_owned(), BY, NOW).await.unwrap()
        };
        assert!(!strengthen("another", "strong").await);
        assert!(strengthen("weak", "strong").await);
        assert_eq!(store.password_hash(jane.id).await.unwrap().as_deref(), Some("strong"));
        assert_eq!(store.password_hash(UserId(0)).await.unwrap(), None);
        assert_eq!(hash(&store).await.as_deref(), Some("strong"));
        assert_eq!(store.sessions_of(jane.id, NOW).await.unwrap().len(), 1, "it is the same password");
    })
    .await;
}

#[tokio::test]
async fn another_password_ends_the_other_sessions_and_makes_every_place_strange() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        store.set_password(jane.id, "old".to_owned(), BY, NOW).await.unwrap();
        let (here, there) = (start(&store, jane.id, 1).await, start(&store, jane.id, 2).await);
        let cookie = TokenDigest([9; 32]);
        store.remember_device(jane.id, None, cookie, BY, NOW).await.unwrap();
        store.remember_network(jane.id, "192.0.2.1/32".to_owned(), NOW).await.unwrap();
        store.create_password_link(jane.id, TokenDigest([7; 32]), NOW.plus_seconds(60)).await.unwrap();
        let change = async |old: &str, keep| {
            store.change_password(jane.id, (old.to_owned(), "new".to_owned()), keep, Vec::new(), BY, NOW).await.unwrap()
        };
        assert!(!change("another", None).await, "somebody else was faster");
        assert_eq!(store.sessions_of(jane.id, NOW).await.unwrap().len(), 2);

        assert!(change("old", Some(here)).await);
        assert_eq!(hash(&store).await.as_deref(), Some("new"));
        let left = store.sessions_of(jane.id, NOW).await.unwrap();
        assert!(left.iter().all(|listed| listed.session.id == here && listed.session.id != there));
        assert_eq!(store.password_link(&TokenDigest([7; 32]), NOW).await.unwrap(), None);
        let known = store.familiarity(jane.id, &[cookie], Some("192.0.2.1/32"), NOW).await.unwrap();
        assert!(known.device.is_none() && !known.network);
    })
    .await;
}
