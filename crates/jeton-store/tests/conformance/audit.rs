//! Reading the audit log.

use jeton_core::id::UserId;
use jeton_store::{By, Means, audit::AuditFilter};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

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
