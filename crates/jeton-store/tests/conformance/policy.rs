use jeton_core::policy::{Policy, Value};

use crate::engines::{BY, NOW, for_each_engine};

#[tokio::test]
async fn what_was_decided_counts_instead_of_the_usual() {
    for_each_engine(async |store| {
        let usual = Policy { impersonation_enabled: false, ..Policy::default() };
        assert_eq!(store.policy(usual.clone()).await.unwrap(), usual);
        let changes = vec![
            ("two_factor_grace_period", Value::Number(0)),
            ("require_two_factor_authentication", Value::Boolean(true)),
            ("restricted_visibility_levels", Value::Words(vec!["public".to_owned()])),
            ("max_personal_access_token_lifetime", Value::Nothing),
        ];
        store.change_policy(changes, BY, NOW).await.unwrap();
        store.change_policy(vec![("two_factor_grace_period", Value::Number(12))], BY, NOW).await.unwrap();
        let decided = store.policy(usual.clone()).await.unwrap();
        assert_eq!((decided.two_factor_grace_period, decided.require_two_factor_authentication), (12, true));
        assert_eq!(decided.restricted_visibility_levels, ["public"]);
        assert!(!decided.impersonation_enabled);
    })
    .await;
}
