use jeton_core::{
    id::UserId,
    user::{User, UserState},
};
use jeton_store::{
    Slice, Store,
    search::Search,
    users::{
        NewUser, NotMade,
        list::{UserColumn, UserFilter, UserOrder},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_user, user_named};

const ALL: Slice = Slice { limit: 100, offset: 0 };
const BY_ID: UserOrder = UserOrder { column: UserColumn::Id, descending: false, after: None };

#[tokio::test]
async fn a_user_is_found_by_number_name_and_address() {
    for_each_engine(async |store| {
        let made = store.create_user(user_named("Jane.Doe"), BY, NOW).await.unwrap();
        assert_eq!((made.username.as_str(), made.state, made.created_at), ("Jane.Doe", UserState::Active, NOW));
        assert_eq!(store.user(made.id).await.unwrap().unwrap(), made);
        assert_eq!(store.user_named("jane.DOE").await.unwrap().unwrap(), made);
        for login in ["JANE.doe", " jane.doe ", "Jane.Doe@Example.com"] {
            assert_eq!(store.account(login).await.unwrap().unwrap().user, made, "{login}");
        }
        assert!(store.user(UserId(4711)).await.unwrap().is_none());
        assert!(store.user_named("jane").await.unwrap().is_none());
        assert!(store.account("jane").await.unwrap().is_none());
        assert_eq!(store.count_users(10).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn names_and_addresses_are_taken_once_whatever_their_case() {
    for_each_engine(async |store| {
        make_user(&store, "jane").await;
        let again = NewUser { email: user_named("joe").email, ..user_named("JANE") };
        assert!(matches!(store.create_user(again, BY, NOW).await, Err(NotMade::UsernameTaken)));
        let again = NewUser { email: user_named("JANE").email, ..user_named("joe") };
        assert!(matches!(store.create_user(again, BY, NOW).await, Err(NotMade::EmailTaken)));
        assert_eq!(store.count_users(10).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_state_is_changed_and_kept() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        let blocked = store.set_user_state(jane, UserState::Blocked, BY, NOW).await.unwrap().unwrap();
        assert_eq!(blocked.state, UserState::Blocked);
        assert_eq!(store.user(jane).await.unwrap().unwrap(), blocked);
        assert!(store.set_user_state(UserId(4711), UserState::Blocked, BY, NOW).await.unwrap().is_none());
    })
    .await;
}

/// 1 jane (administrator), 2 joe (blocked, changed last), 3 ann (deactivated), 4 zoe; made a second apart.
async fn furnish(store: &Store) -> Vec<User> {
    let mut made = Vec::new();
    for (second, username) in (1..).zip(["jane", "joe", "ann", "zoe"]) {
        let new = NewUser { administrator: username == "jane", ..user_named(username) };
        made.push(store.create_user(new, BY, NOW.plus_seconds(second)).await.unwrap());
    }
    let later = NOW.plus_seconds(60);
    store.set_user_state(made[1].id, UserState::Blocked, BY, later.plus_seconds(1)).await.unwrap();
    store.set_user_state(made[2].id, UserState::Deactivated, BY, later).await.unwrap();
    made
}

/// The list as the users' digits in [`furnish`], and the sort key of the last.
async fn listed(
    store: &Store,
    made: &[User],
    filter: &UserFilter,
    order: &UserOrder,
    slice: Slice,
) -> (String, String) {
    let digit = |id: UserId| made.iter().position(|user| user.id == id).unwrap() + 1;
    let rows = store.users(filter, order, slice).await.unwrap();
    let key = rows.last().map(|row| row.key.clone()).unwrap_or_default();
    (rows.iter().map(|row| digit(row.user.id).to_string()).collect(), key)
}

#[tokio::test]
async fn filters_hold_alone_and_together() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        let none = UserFilter::default();
        let found = |query: &str| UserFilter { search: Search::parse(query), ..UserFilter::default() };
        let email = |address: &str| UserFilter { email: Some(address.into()), ..found(address) };
        for (filter, expected) in [
            (none.clone(), "1234"),
            (UserFilter { active: Some(true), ..none.clone() }, "14"),
            (UserFilter { active: Some(false), ..none.clone() }, "23"),
            (UserFilter { blocked: Some(true), ..none.clone() }, "2"),
            (UserFilter { blocked: Some(false), ..none.clone() }, "134"),
            (UserFilter { without_closed: true, ..none.clone() }, "134"),
            (UserFilter { without_closed: true, blocked: Some(true), ..none.clone() }, ""),
            (UserFilter { external: Some(true), ..none.clone() }, ""),
            (UserFilter { external: Some(false), ..none.clone() }, "1234"),
            (UserFilter { administrator: Some(true), ..none.clone() }, "1"),
            (UserFilter { username: Some("JOE".into()), ..none.clone() }, "2"),
            (UserFilter { username: Some("jo".into()), ..none.clone() }, ""),
            (UserFilter { created_before: Some(NOW.plus_seconds(2)), ..none.clone() }, "12"),
            (UserFilter { created_after: Some(NOW.plus_seconds(2)), ..none.clone() }, "234"),
            (UserFilter { without_projects: true, ..none.clone() }, "1234"),
            (found("doe"), "1234"),
            (found("JOE"), "2"),
            (found("zoe doe"), "4"),
            (found("jo"), ""),
            (email("Zoe@Example.com"), "4"),
            (email("zoe@example.co"), ""),
        ] {
            assert_eq!(listed(&store, &made, &filter, &BY_ID, ALL).await.0, expected, "{filter:?}");
            let count = store.count_matching_users(&filter, 100).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
        }
        assert_eq!(store.count_matching_users(&none, 3).await.unwrap(), 3);
    })
    .await;
}

/// Page by page of two, each beginning after the last row of the one before.
#[tokio::test]
async fn every_order_can_be_walked_by_key() {
    for_each_engine(async |store| {
        let made = furnish(&store).await;
        let slice = Slice { limit: 2, offset: 0 };
        for (column, expected) in [
            (UserColumn::Id, "1234"),
            (UserColumn::CreatedAt, "1234"),
            (UserColumn::Name, "3124"),
            (UserColumn::Username, "3124"),
            (UserColumn::UpdatedAt, "1432"),
        ] {
            for descending in [false, true] {
                let expected: String = if descending { expected.chars().rev().collect() } else { expected.into() };
                let order = UserOrder { column, descending, after: None };
                let (first, key) = listed(&store, &made, &UserFilter::default(), &order, slice).await;
                let last: usize = first[1..].parse().unwrap();
                let order = UserOrder { after: Some((key, made[last - 1].id.0)), ..order };
                let (second, _) = listed(&store, &made, &UserFilter::default(), &order, slice).await;
                assert_eq!(first + &second, expected, "{column:?} {descending}");
            }
        }
    })
    .await;
}
