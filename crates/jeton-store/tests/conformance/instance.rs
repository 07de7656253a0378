//! What is known of the instance as a whole, and of its database.

use jeton_core::{id::ProjectId, user::UserState};
use jeton_store::{Fault, Store, inspection::Schema, users::NewUser};

use crate::engines::{BY, NOW, for_each_engine, make_user, user_named};

#[tokio::test]
async fn the_first_key_stays_the_key() {
    for_each_engine(async |store| {
        assert_eq!(store.digest_key_id().await.unwrap(), None);
        assert_eq!(store.settle_digest_key("first").await.unwrap(), "first");
        assert_eq!(store.settle_digest_key("second").await.unwrap(), "first");
        assert_eq!(store.digest_key_id().await.unwrap().as_deref(), Some("first"));
    })
    .await;
}

#[tokio::test]
async fn everybody_is_listed_the_oldest_first() {
    for_each_engine(async |store| {
        let made = [make_user(&store, "zoe").await, make_user(&store, "adam").await];
        assert_eq!(store.all_users().await.unwrap(), made);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_was_opened_is_up_to_date_and_whole() {
    for_each_engine(async |store| {
        assert_eq!(store.schema().await.unwrap(), Schema { missing: Vec::new(), unknown: 0 });
        assert_eq!(store.damage().await.unwrap(), None);
        assert_eq!(store.project_ids(ProjectId(0), 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn only_an_active_administrator_administers() {
    for_each_engine(async |store| {
        make_user(&store, "jane").await;
        assert!(!store.has_administrator().await.unwrap());
        let new = NewUser { administrator: true, ..user_named("root") };
        let root = store.create_user(new, BY, NOW).await.unwrap();
        assert!(store.has_administrator().await.unwrap());
        store.set_user_state(root.id, UserState::Blocked, BY, NOW).await.unwrap();
        assert!(!store.has_administrator().await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn looking_at_a_database_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.db");
    let address = format!("sqlite:{}", path.display());
    assert!(matches!(Store::open_as_it_is(&address).await, Err(Fault::Address(_))));
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    let store = Store::open_as_it_is(&address).await.unwrap();
    assert!(!store.schema().await.unwrap().missing.is_empty());
}
