use jeton_core::{
    id::TokenId,
    token::{Expiry, Handle, TokenDigest},
};
use jeton_store::{
    Slice, Store,
    search::Search,
    tokens::{
        NewToken, Token, Use,
        list::{TokenFilter, TokenOrder},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};

const ALL: Slice = Slice { limit: 100, offset: 0 };

/// Jane's tokens 1 to 5 and Joe's 6, made one second after the other:
///
/// | | name | expires | last used | |
/// |---|---|---|---|---|
/// | 1 | `deploy` | never | never | |
/// | 2 | `Deploy staging` | +100 s | +20 s | |
/// | 3 | `ci` | +10 s | +10 s | expired at +50 s |
/// | 4 | `a_b 100%` | never | never | revoked at +40 s |
/// | 5 | `given` | +100 s | never | impersonation |
/// | 6 | `build` | never | never | Joe's |
async fn furnish(store: &Store) -> Vec<Token> {
    let (jane, joe) = (make_user(store, "jane").await.id, make_user(store, "joe").await.id);
    let mut made = Vec::new();
    for (seed, user, name, expires, impersonation) in [
        (1_u8, jane, "deploy", None, false),
        (2, jane, "Deploy staging", Some(100), false),
        (3, jane, "ci", Some(10), false),
        (4, jane, "a_b 100%", None, false),
        (5, jane, "given", Some(100), true),
        (6, joe, "build", None, false),
    ] {
        let expiry = expires.map_or(Expiry::NEVER, |seconds| Expiry::at(NOW.plus_seconds(seconds)));
        let new = NewToken { name: name.into(), expiry, impersonation, ..token_of(user, seed) };
        made.push(store.create_token(new, BY, NOW.plus_seconds(i64::from(seed))).await.unwrap());
    }
    let used = |at: usize, seconds| Use { token: made[at].id, at: NOW.plus_seconds(seconds), address: None };
    store.record_uses(vec![used(1, 20), used(2, 10)]).await.unwrap();
    store.revoke_token(made[3].id, None, BY, NOW.plus_seconds(40)).await.unwrap();
    made
}

/// The list as the tokens' digits in [`furnish`].
async fn listed(store: &Store, made: &[Token], filter: &TokenFilter, order: TokenOrder, slice: Slice) -> String {
    let digit = |id: TokenId| made.iter().position(|token| token.id == id).unwrap() + 1;
    let now = NOW.plus_seconds(50);
    store.tokens(filter, order, slice, now).await.unwrap().iter().map(|token| digit(token.id).to_string()).collect()
}

#[tokio::test]
async fn filters_hold_alone_and_together() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        let all = TokenFilter { impersonation: true, ..TokenFilter::default() };
        let at = |seconds| Some(NOW.plus_seconds(seconds));
        let jane = Some(made[0].user);
        for (filter, expected) in [
            (TokenFilter::default(), "12346"),
            (all.clone(), "123456"),
            (TokenFilter { user: jane, ..all.clone() }, "12345"),
            (TokenFilter { only_impersonation: true, ..all.clone() }, "5"),
            (TokenFilter { only_impersonation: true, ..TokenFilter::default() }, ""),
            (TokenFilter { user: jane, ..TokenFilter::default() }, "1234"),
            (TokenFilter { active: Some(true), ..all.clone() }, "1256"),
            (TokenFilter { active: Some(false), ..all.clone() }, "34"),
            (TokenFilter { revoked: Some(true), ..all.clone() }, "4"),
            (TokenFilter { revoked: Some(false), ..all.clone() }, "12356"),
            (TokenFilter { revoked: Some(true), active: Some(true), ..all.clone() }, ""),
            (TokenFilter { created_before: at(2), ..all.clone() }, "12"),
            (TokenFilter { created_after: at(5), ..all.clone() }, "56"),
            (TokenFilter { created_after: at(2), created_before: at(3), user: jane, ..all.clone() }, "23"),
            (TokenFilter { last_used_before: at(10), ..all.clone() }, "3"),
            (TokenFilter { last_used_after: at(10), ..all.clone() }, "23"),
            (TokenFilter { last_used_after: at(11), ..all.clone() }, "2"),
            (TokenFilter { expires_before: at(100), ..all.clone() }, "3"),
            (TokenFilter { expires_before: at(101), ..all.clone() }, "235"),
            (TokenFilter { expires_after: at(100), ..all.clone() }, "25"),
        ] {
            assert_eq!(listed(&store, &made, &filter, TokenOrder::Id, ALL).await, expected, "{filter:?}");
            let count = store.count_tokens(&filter, 100, NOW.plus_seconds(50)).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
        }
        assert_eq!(store.count_tokens(&all, 4, NOW).await.unwrap(), 4);
    })
    .await;
}

#[tokio::test]
async fn search_finds_words_in_names() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        for (query, expected) in [
            ("", "123456"),
            ("deploy", "12"),
            ("DEPLOY", "12"),
            ("sta dep", "2"),
            ("staging deploy", "2"),
            ("\"deploy staging\"", "2"),
            ("ci", "3"),
            ("CI", "3"),
            ("c", ""),
            ("dep", "12"),
            ("de", ""),
            ("a_b 100%", "4"),
            ("axb 100x", ""),
            ("100%", "4"),
            ("%%%", ""),
            ("___", ""),
            ("'; DROP TABLE users", ""),
        ] {
            let filter = TokenFilter { impersonation: true, search: Search::parse(query), ..TokenFilter::default() };
            assert_eq!(listed(&store, &made, &filter, TokenOrder::Id, ALL).await, expected, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn orders_put_what_has_no_date_last() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        for user in [None, Some(made[0].user)] {
            let filter = TokenFilter { user, impersonation: true, ..TokenFilter::default() };
            for (order, expected) in [
                (TokenOrder::Id, "123456"),
                (TokenOrder::CreatedAsc, "123456"),
                (TokenOrder::CreatedDesc, "654321"),
                (TokenOrder::ExpiresAsc, "325146"),
                (TokenOrder::ExpiresDesc, "523641"),
                (TokenOrder::LastUsedAsc, "321456"),
                (TokenOrder::LastUsedDesc, "236541"),
                (TokenOrder::NameAsc, "463125"),
                (TokenOrder::NameDesc, "521364"),
            ] {
                let expected: String = expected.chars().filter(|digit| user.is_none() || *digit != '6').collect();
                assert_eq!(listed(&store, &made, &filter, order, ALL).await, expected, "{order:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn slices_follow_each_other() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        let filter = TokenFilter { impersonation: true, ..TokenFilter::default() };
        for (limit, offset, expected) in [(2, 0, "12"), (2, 2, "34"), (4, 4, "56"), (2, 6, ""), (1, i64::MAX, "")] {
            let slice = Slice { limit, offset };
            assert_eq!(listed(&store, &made, &filter, TokenOrder::Id, slice).await, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn everything_that_a_token_shows_stands_in_the_list() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        let new = NewToken {
            handle: Handle("abcdefghijkl".into()),
            description: Some("for the build".into()),
            expiry: Expiry::at(NOW.plus_seconds(9)),
            digest: TokenDigest([9; 32]),
            ..token_of(jane, 1)
        };
        let made = make_token(&store, new).await;
        let list = store.tokens(&TokenFilter::default(), TokenOrder::Id, ALL, NOW).await.unwrap();
        assert_eq!(list, [made]);
    })
    .await;
}
