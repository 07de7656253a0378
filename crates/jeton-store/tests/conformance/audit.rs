use jeton_core::{id::UserId, token::DigestKey};
use jeton_store::{
    By, Means, Store,
    audit::{AuditFilter, Break, Checked},
};
use sqlx::Connection as _;
use zeroize::Zeroizing;

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

fn key() -> DigestKey {
    DigestKey::new(&Zeroizing::new([9; 32]))
}

async fn chain_everything(store: &Store) {
    while store.chain_audit(&key()).await.unwrap() > 0 {}
}

#[tokio::test]
async fn events_are_found_by_who_did_what_to_whom_and_when() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let token = make_token(&store, token_of(jane.id, 1)).await;
        make_token(&store, token_of(joe.id, 2)).await;
        let by = By { user: Some(joe.id), means: Means::Token, ..BY };
        store.revoke_token(token.id, None, by, NOW.plus_seconds(60)).await.unwrap();

        let found = async |filter: AuditFilter| {
            let events = store.audit_events(&filter, None, 10).await.unwrap();
            events.into_iter().map(|event| (event.action, event.subject_id)).collect::<Vec<_>>()
        };
        let revoked = ("token.revoke".to_owned(), token.id.0);
        assert_eq!(
            found(AuditFilter { actor: Some(joe.id), ..Default::default() }).await,
            std::slice::from_ref(&revoked)
        );
        let of_jane = found(AuditFilter { user: Some(jane.id), ..Default::default() }).await;
        let created = ("token.create".to_owned(), token.id.0);
        assert_eq!(of_jane, [revoked.clone(), created, ("user.create".to_owned(), jane.id.0)]);
        let later = AuditFilter { since: Some(NOW.plus_seconds(60)), ..Default::default() };
        assert_eq!(found(later).await, std::slice::from_ref(&revoked));
        let earlier = AuditFilter { until: Some(NOW.plus_seconds(60)), ..Default::default() };
        assert_eq!(found(earlier).await.len(), 4);
        let of_kind = |action: &str| AuditFilter { action: Some(action.to_owned()), ..Default::default() };
        assert_eq!(found(of_kind("token.")).await.len(), 3);
        assert_eq!(found(of_kind("token_")).await.len(), 0);
        assert_eq!(store.audit_actions().await.unwrap(), ["token.create", "token.revoke", "user.create"]);

        let first = store.audit_events(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
        assert_eq!((first.actor_name.as_deref(), &*first.via, first.at), (Some("joe"), "token", NOW.plus_seconds(60)));
        let second = store.audit_events(&AuditFilter::default(), Some(first.id), 1).await.unwrap().remove(0);
        assert!(second.id < first.id);
        assert_eq!(found(AuditFilter { user: Some(UserId(4711)), ..Default::default() }).await, []);
    })
    .await;
}

#[tokio::test]
async fn the_chain_covers_every_event_once_however_many_lengthen_it() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let nothing = Checked { chained: 0, waiting: 1, broken: None };
        assert_eq!(store.check_audit(&key()).await.unwrap(), nothing);
        for seed in 1..20 {
            make_token(&store, token_of(jane.id, seed)).await;
        }
        let chaining = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { chain_everything(&store).await })
        });
        for task in chaining.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let whole = Checked { chained: 20, waiting: 0, broken: None };
        assert_eq!(store.check_audit(&key()).await.unwrap(), whole);
        make_token(&store, token_of(jane.id, 20)).await;
        assert_eq!(store.check_audit(&key()).await.unwrap(), Checked { waiting: 1, ..whole });
        let foreign = DigestKey::new(&Zeroizing::new([1; 32]));
        assert!(store.check_audit(&foreign).await.unwrap().broken.is_some());
    })
    .await;
}

/// What somebody does who can write into the database and does not have the key.
#[tokio::test]
async fn tampering_is_found() {
    for (statement, broken) in [
        ("UPDATE audit_events SET details = '{}' WHERE position = 3", Break::Changed { event: 3 }),
        ("UPDATE audit_events SET at = at + 1 WHERE position = 1", Break::Changed { event: 1 }),
        ("DELETE FROM audit_events WHERE position = 2", Break::Removed { position: 2 }),
        ("DELETE FROM audit_events WHERE position = 5", Break::CutOff),
        ("DELETE FROM audit_chain_end", Break::CutOff),
        ("UPDATE audit_chain_end SET position = 4", Break::CutOff),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.db").display().to_string();
        let store = Store::open(&format!("sqlite:{path}")).await.unwrap();
        let jane = make_user(&store, "jane").await;
        for seed in 1..5 {
            make_token(&store, token_of(jane.id, seed)).await;
        }
        chain_everything(&store).await;
        assert_eq!(store.check_audit(&key()).await.unwrap().broken, None);
        let mut direct = sqlx::SqliteConnection::connect(&path).await.unwrap();
        sqlx::query(statement).execute(&mut direct).await.unwrap();
        assert_eq!(store.check_audit(&key()).await.unwrap().broken, Some(broken), "{statement}");
    }
}
