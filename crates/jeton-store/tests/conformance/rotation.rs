use jeton_core::{
    id::UserId,
    token::{EndReason, Ended, Expiry, TokenDigest},
};
use jeton_store::rotation::{NotRotated, Rotation};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

#[tokio::test]
async fn rotating_replaces_the_living_generation_of_the_family() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let old = make_token(&store, token_of(jane.id, 1)).await;
        let later = NOW.plus_seconds(60);
        let expiry = Expiry::at(NOW.plus_seconds(86_400));
        let rotation = Rotation { token: old.id, owner: Some(jane.id), digest: TokenDigest([2; 32]), expiry };

        let rotated = store.rotate_token(rotation, BY, later).await.unwrap();
        assert_eq!(rotated.forget, TokenDigest([1; 32]));
        let new = rotated.token;
        assert_ne!(new.id, old.id);
        assert_eq!((new.family, &new.name, &new.scopes), (old.family, &old.name, &old.scopes));
        assert_eq!((new.expiry, new.created_at, new.ended), (expiry, later, None));
        let ended = store.token(old.id).await.unwrap().unwrap().ended;
        assert_eq!(ended, Some(Ended { at: later, reason: EndReason::Rotated }));
        assert_eq!(store.token_record(&TokenDigest([2; 32])).await.unwrap().unwrap().token.id, new.id);
    })
    .await;
}

#[tokio::test]
async fn only_a_living_token_of_ones_own_is_rotated() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let token = make_token(&store, token_of(jane.id, 1)).await;
        let rotation =
            |owner, seed| Rotation { token: token.id, owner, digest: TokenDigest([seed; 32]), expiry: Expiry::NEVER };

        let foreign = store.rotate_token(rotation(Some(UserId(4711)), 2), BY, NOW).await;
        assert!(matches!(foreign, Err(NotRotated::Missing)));
        store.rotate_token(rotation(None, 3), BY, NOW).await.unwrap();
        let again = store.rotate_token(rotation(Some(jane.id), 4), BY, NOW).await;
        assert!(matches!(again, Err(NotRotated::Ended)));
        assert!(store.token_record(&TokenDigest([4; 32])).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn of_many_rotations_at_once_one_succeeds() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let token = make_token(&store, token_of(jane.id, 1)).await;
        let attempts = (10..20).map(|seed| {
            let store = store.clone();
            let digest = TokenDigest([seed; 32]);
            let rotation = Rotation { token: token.id, owner: Some(jane.id), digest, expiry: Expiry::NEVER };
            tokio::spawn(async move { store.rotate_token(rotation, BY, NOW).await })
        });
        let attempts: Vec<_> = attempts.collect();
        let mut made = 0;
        for attempt in attempts {
            made += usize::from(attempt.await.unwrap().is_ok());
        }
        assert_eq!(made, 1);
        assert_eq!(store.living_tokens(jane.id, NOW).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn using_a_rotated_token_again_can_end_what_came_of_it() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let first = make_token(&store, token_of(jane.id, 1)).await;
        let other = make_token(&store, token_of(jane.id, 9)).await;
        let mut last = first.id;
        for seed in [2, 3] {
            let digest = TokenDigest([seed; 32]);
            let rotation = Rotation { token: last, owner: None, digest, expiry: Expiry::NEVER };
            last = store.rotate_token(rotation, BY, NOW).await.unwrap().token.id;
        }
        assert_eq!(store.revoke_successor(other.id, Vec::new(), BY, NOW).await.unwrap(), None);
        assert_eq!(store.revoke_successor(last, Vec::new(), BY, NOW).await.unwrap(), None);
        assert_eq!(store.revoke_successor(first.id, Vec::new(), BY, NOW).await.unwrap(), Some(TokenDigest([3; 32])));
        assert_eq!(store.revoke_successor(first.id, Vec::new(), BY, NOW).await.unwrap(), None);
        let ended = store.token(last).await.unwrap().unwrap().ended;
        assert_eq!(ended, Some(Ended { at: NOW, reason: EndReason::Revoked }));
        assert!(store.token(other.id).await.unwrap().unwrap().ended.is_none());
    })
    .await;
}
