use jeton_core::{
    id::{TokenId, UserId},
    time::Timestamp,
    token::{EndReason, Ended, Expiry, TokenDigest},
};
use jeton_store::tokens::{NewToken, NotMade, Use};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

#[tokio::test]
async fn a_token_is_found_by_its_digest_and_by_its_number() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let made = make_token(&store, token_of(jane.id, 1)).await;
        let record = store.token_record(&TokenDigest([1; 32])).await.unwrap().unwrap();
        assert_eq!((record.token.id, record.token.user, record.ended), (made.id, jane.id, None));
        assert_eq!(store.token(made.id).await.unwrap().unwrap(), made);
        assert!(store.token_record(&TokenDigest([2; 32])).await.unwrap().is_none());
        assert!(store.token(TokenId(4711)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn revoking_ends_a_token_once_and_only_for_who_may() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let own = make_token(&store, token_of(jane.id, 1)).await;
        let given = make_token(&store, NewToken { impersonation: true, ..token_of(jane.id, 2) }).await;
        let later = NOW.plus_seconds(60);

        assert!(store.revoke_token(own.id, Some(joe.id), BY, later).await.unwrap().is_none());
        assert!(store.revoke_token(given.id, Some(jane.id), BY, later).await.unwrap().is_none());
        assert!(store.revoke_token(own.id, Some(jane.id), BY, later).await.unwrap().unwrap().now);
        assert!(store.revoke_token(given.id, None, BY, later).await.unwrap().unwrap().now);
        let again = store.revoke_token(own.id, None, BY, later.plus_seconds(60)).await.unwrap().unwrap();
        assert_eq!((again.digest, again.now), (TokenDigest([1; 32]), false));

        let ended = store.token(own.id).await.unwrap().unwrap();
        assert_eq!(ended.ended, Some(Ended { at: later, reason: EndReason::Revoked }));
        assert_eq!(ended.updated_at, later);
        assert_eq!(store.token_record(&TokenDigest([1; 32])).await.unwrap().unwrap().ended, ended.ended);
    })
    .await;
}

/// Counting first and making afterwards let requests at the same moment exceed the limit on PostgreSQL.
#[tokio::test]
async fn the_limit_holds_for_requests_at_the_same_moment() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let making = (0..40).map(|seed| {
            let new = NewToken { limit: 5, ..token_of(jane.id, seed) };
            let store = store.clone();
            tokio::spawn(async move { store.create_token(new, BY, NOW).await.is_ok() })
        });
        let mut made = 0;
        for task in making.collect::<Vec<_>>() {
            made += u32::from(task.await.unwrap());
        }
        assert_eq!(made, 5);
    })
    .await;
}

#[tokio::test]
async fn the_limit_counts_living_tokens() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let limited = |seed| NewToken { limit: 2, ..token_of(jane.id, seed) };
        let first = make_token(&store, limited(1)).await;
        let expiry = Expiry::at(NOW.plus_seconds(10));
        make_token(&store, NewToken { expiry, ..limited(2) }).await;
        assert!(matches!(store.create_token(limited(3), BY, NOW).await, Err(NotMade::TooMany(2))));
        store.create_token(limited(4), BY, NOW.plus_seconds(10)).await.unwrap();
        assert!(matches!(store.create_token(limited(5), BY, NOW.plus_seconds(10)).await, Err(NotMade::TooMany(2))));
        store.revoke_token(first.id, None, BY, NOW).await.unwrap();
        store.create_token(limited(6), BY, NOW.plus_seconds(10)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn living_tokens_are_the_users_own_and_sorted_by_expiry() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let at = |seconds| Expiry::at(NOW.plus_seconds(seconds));
        let never = make_token(&store, token_of(jane.id, 1)).await;
        let late = make_token(&store, NewToken { expiry: at(20), ..token_of(jane.id, 2) }).await;
        let soon = make_token(&store, NewToken { expiry: at(10), ..token_of(jane.id, 3) }).await;
        make_token(&store, NewToken { expiry: at(0), ..token_of(jane.id, 4) }).await;
        make_token(&store, NewToken { impersonation: true, ..token_of(jane.id, 5) }).await;
        make_token(&store, token_of(joe.id, 6)).await;
        let revoked = make_token(&store, token_of(jane.id, 7)).await;
        store.revoke_token(revoked.id, None, BY, NOW).await.unwrap();
        assert_eq!(store.living_tokens(jane.id, NOW).await.unwrap(), [soon, late, never]);
        assert_eq!(store.living_tokens(UserId(4711), NOW).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn uses_are_remembered_with_the_last_five_addresses() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let token = make_token(&store, token_of(jane.id, 1)).await.id;
        let used = |seconds: i64, address: &str| {
            let at: Timestamp = NOW.plus_seconds(seconds);
            Use { token, at, address: (!address.is_empty()).then(|| address.parse().unwrap()) }
        };
        store.record_uses(vec![used(1, "192.0.2.1"), used(3, "192.0.2.1"), used(2, "2001:db8::1")]).await.unwrap();
        let seen = store.token(token).await.unwrap().unwrap();
        assert_eq!(seen.addresses, ["2001:db8::1", "192.0.2.1"]);
        assert_eq!(seen.last_used_at, Some(NOW.plus_seconds(3)));
        assert_eq!(seen.updated_at, NOW);

        let more = (2..7).map(|last| used(10 + last, &format!("192.0.2.{last}"))).collect();
        store.record_uses(more).await.unwrap();
        store.record_uses(vec![Use { token: TokenId(4711), ..used(1, "") }]).await.unwrap();
        let seen = store.token(token).await.unwrap().unwrap();
        assert_eq!(seen.addresses, ["192.0.2.6", "192.0.2.5", "192.0.2.4", "192.0.2.3", "192.0.2.2"]);
    })
    .await;
}

#[tokio::test]
async fn a_use_that_is_not_written_yet_shows_as_if_it_were() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let token = make_token(&store, token_of(jane.id, 1)).await;
        let mut noted = token.clone();
        for (second, address) in [(2, "192.0.2.1"), (3, "192.0.2.2"), (1, "192.0.2.1"), (4, "192.0.2.3")] {
            let (at, address) = (NOW.plus_seconds(second), Some(address.parse().unwrap()));
            noted.note_use(at, address);
            store.record_uses(vec![Use { token: token.id, at, address }]).await.unwrap();
            assert_eq!(store.token(token.id).await.unwrap().unwrap(), noted);
        }
    })
    .await;
}

#[tokio::test]
async fn all_tokens_of_somebody_end_at_once() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        for seed in 1..4 {
            make_token(&store, token_of(jane.id, seed)).await;
        }
        make_token(&store, token_of(joe.id, 4)).await;
        let mut hidden = token_of(jane.id, 5);
        hidden.impersonation = true;
        make_token(&store, hidden).await;
        let ended = store.revoke_all_tokens(jane.id, BY, NOW).await.unwrap();
        assert_eq!(ended, [1, 2, 3].map(|seed| TokenDigest([seed; 32])));
        assert_eq!(store.revoke_all_tokens(jane.id, BY, NOW).await.unwrap(), []);
        assert_eq!(store.living_tokens(jane.id, NOW).await.unwrap(), []);
        assert_eq!(store.living_tokens(joe.id, NOW).await.unwrap().len(), 1);
        let living = store.token_record(&TokenDigest([5; 32])).await.unwrap().unwrap();
        assert_eq!(living.ended, None, "impersonation is an administrator's business");
    })
    .await;
}
