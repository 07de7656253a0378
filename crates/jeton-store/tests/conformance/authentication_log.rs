//! What happened to an account and its tokens.

use jeton_core::user::UserState;
use jeton_store::{By, Means};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

#[tokio::test]
async fn the_log_holds_the_own_account_and_the_own_tokens_in_pages() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let token = make_token(&store, token_of(jane.id, 1)).await;
        make_token(&store, token_of(joe.id, 2)).await;
        let mut hidden = token_of(jane.id, 3);
        hidden.impersonation = true;
        make_token(&store, hidden).await;
        let by = By {
            user: Some(joe.id),
            means: Means::Session,
            address: Some("192.0.2.1".parse().unwrap()),
            client: Some("Browser/1.0".to_owned()),
            ..BY
        };
        store.revoke_token(token.id, Some(jane.id), by, NOW.plus_seconds(9)).await.unwrap();
        store.set_user_state(jane.id, UserState::Blocked, BY, NOW).await.unwrap();

        let all = store.authentication_log(jane.id, i64::MAX, 10).await.unwrap();
        let actions: Vec<&str> = all.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["user.state", "token.revoke", "token.create", "user.create"]);
        let revoked = &all[1];
        assert_eq!((revoked.at, revoked.actor, revoked.means.as_str()), (NOW.plus_seconds(9), Some(joe.id), "session"));
        assert_eq!((revoked.address.as_deref(), revoked.client.as_deref()), (Some("192.0.2.1"), Some("Browser/1.0")));
        assert_eq!((revoked.token.as_deref(), all[0].token.as_deref()), (Some("token 1"), None));
        assert_eq!(all[0].details["state"], "blocked");

        let first = store.authentication_log(jane.id, i64::MAX, 3).await.unwrap();
        let second = store.authentication_log(jane.id, first[2].id, 3).await.unwrap();
        assert_eq!([first, second].concat(), all);
    })
    .await;
}
