use jeton_core::{
    id::UserId,
    user::{Identity, User},
};
use jeton_store::{
    Slice, Store,
    users::{
        attributes::{Attribute, Attributes},
        identities::NotSet,
        list::{UserColumn, UserFilter, UserOrder},
        status::{Preferences, Status},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

const ALL: Slice = Slice { limit: 100, offset: 0 };

fn identity(provider: &str, extern_uid: &str) -> Identity {
    Identity { provider: provider.into(), extern_uid: extern_uid.into() }
}

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute { key: key.into(), value: value.into() }
}

async fn names(store: &Store, filter: UserFilter) -> Vec<String> {
    let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
    let listed = store.users(&filter, &order, ALL).await.unwrap();
    assert_eq!(store.count_matching_users(&filter, 10).await.unwrap(), i64::try_from(listed.len()).unwrap());
    listed.into_iter().map(|row| row.user.username).collect()
}

#[tokio::test]
async fn identities_are_one_persons_and_one_for_each_provider() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        store.set_identity(jane, identity("ldap", "cn=jane"), BY, NOW).await.unwrap();
        store.set_identity(jane, identity("github", "4711"), BY, NOW).await.unwrap();
        let taken = store.set_identity(joe, identity("ldap", "cn=jane"), BY, NOW).await;
        assert!(matches!(taken, Err(NotSet::Taken)));
        store.set_identity(jane, identity("ldap", "cn=jane doe"), BY, NOW).await.unwrap();
        let known = async |user| store.user(user).await.unwrap().unwrap().identities;
        assert_eq!(known(jane).await, [identity("github", "4711"), identity("ldap", "cn=jane doe")]);
        assert_eq!(known(joe).await, []);

        let found =
            |provider: &str, uid: &str| UserFilter { identity: Some(identity(provider, uid)), ..UserFilter::default() };
        assert_eq!(names(&store, found("ldap", "cn=jane doe")).await, ["jane"]);
        assert!(names(&store, found("ldap", "4711")).await.is_empty());

        assert!(store.delete_identity(jane, "ldap".into(), BY, NOW).await.unwrap());
        assert!(!store.delete_identity(jane, "ldap".into(), BY, NOW).await.unwrap());
        assert_eq!(known(jane).await, [identity("github", "4711")]);
    })
    .await;
}

#[tokio::test]
async fn custom_attributes_are_set_and_sought_together() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        for (user, key, value) in [
            (jane, "team", "blue"),
            (jane, "floor", "1"),
            (joe, "team", "blue"),
            (joe, "floor", "2"),
            (joe, "floor", "3"),
        ] {
            store.set_custom_attribute(user, attribute(key, value), BY, NOW).await.unwrap();
        }
        assert_eq!(store.custom_attribute(joe, "floor").await.unwrap(), Some(attribute("floor", "3")));
        assert_eq!(store.custom_attribute(joe, "Floor").await.unwrap(), None);
        let known = store.custom_attributes(&[jane, joe]).await.unwrap();
        assert_eq!(known[&jane], [attribute("floor", "1"), attribute("team", "blue")]);
        assert_eq!(known[&joe].len(), 2);

        let all_of = |pairs: &[(&'static str, &'static str)]| UserFilter {
            attributes: Attributes::all_of(pairs.iter().copied()),
            ..UserFilter::default()
        };
        for (wanted, expected) in [
            (&[("team", "blue")][..], &["jane", "joe"][..]),
            (&[("team", "blue"), ("floor", "1")], &["jane"]),
            (&[("team", "blue"), ("team", "blue"), ("floor", "3")], &["joe"]),
            (&[("team", "blue"), ("floor", "2")], &[]),
            (&[("team", "Blue")], &[]),
            (&[("te", "amblue")], &[]),
            (&[], &["jane", "joe"]),
        ] {
            assert_eq!(names(&store, all_of(wanted)).await, expected, "{wanted:?}");
        }
        assert!(store.delete_custom_attribute(jane, "team".into(), BY, NOW).await.unwrap());
        assert!(!store.delete_custom_attribute(jane, "team".into(), BY, NOW).await.unwrap());
        assert_eq!(names(&store, all_of(&[("team", "blue")])).await, ["joe"]);
    })
    .await;
}

#[tokio::test]
async fn a_status_lasts_until_its_end() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        assert_eq!(store.user_status(jane, NOW).await.unwrap(), None);
        let status = Status { emoji: "coffee".into(), message: None, busy: true, clear_at: Some(NOW.plus_seconds(60)) };
        store.set_user_status(jane, Some(&status)).await.unwrap();
        assert_eq!(store.user_status(jane, NOW).await.unwrap(), Some(status.clone()));
        assert_eq!(store.user_status(jane, NOW.plus_seconds(60)).await.unwrap(), None);
        let endless = Status { clear_at: None, message: Some("tea".into()), busy: false, ..status };
        store.set_user_status(jane, Some(&endless)).await.unwrap();
        assert_eq!(store.user_status(jane, NOW.plus_seconds(600)).await.unwrap(), Some(endless));
        store.set_user_status(jane, None).await.unwrap();
        assert_eq!(store.user_status(jane, NOW).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn preferences_are_kept() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        assert_eq!(store.user_preferences(jane).await.unwrap(), Preferences::default());
        for view_diffs_file_by_file in [true, false] {
            let liked =
                Preferences { view_diffs_file_by_file, show_whitespace_in_diffs: false, ..Preferences::default() };
            store.set_user_preferences(jane, liked).await.unwrap();
            assert_eq!(store.user_preferences(jane).await.unwrap(), liked);
        }
    })
    .await;
}

#[tokio::test]
async fn a_picture_replaces_another() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        let set = async |file: Option<&str>| store.set_avatar(jane, file.map(str::to_owned), BY, NOW).await.unwrap();
        assert_eq!(set(Some("one.png")).await, None);
        assert_eq!(store.user(jane).await.unwrap().unwrap().avatar.as_deref(), Some("one.png"));
        assert_eq!(set(Some("two.png")).await, Some("one.png".into()));
        assert!(!store.is_avatar("one.png").await.unwrap() && store.is_avatar("two.png").await.unwrap());
        assert_eq!(set(None).await, Some("two.png".into()));
        assert_eq!(store.user(jane).await.unwrap().unwrap().avatar, None);
        assert_eq!(store.set_avatar(UserId(4711), None, BY, NOW).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_last_activity_only_moves_on() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        make_user(&store, "idle").await;
        let later = NOW.plus_seconds(86_400);
        store.record_activity(&[(jane, later), (joe, NOW), (UserId(4711), NOW)]).await.unwrap();
        store.record_activity(&[(jane, NOW)]).await.unwrap();
        store.record_activity(&[]).await.unwrap();
        let on = |user: Option<User>| user.unwrap().last_activity_on;
        assert_eq!(on(store.user(jane).await.unwrap()), Some(later.date()));
        let since = async |from| {
            let listed = store.activities(from, ALL).await.unwrap();
            assert_eq!(store.count_activities(from, 10).await.unwrap(), i64::try_from(listed.len()).unwrap());
            listed.into_iter().map(|one| (one.username, one.on)).collect::<Vec<_>>()
        };
        assert_eq!(since(NOW).await, [("joe".to_owned(), NOW.date()), ("jane".to_owned(), later.date())]);
        assert_eq!(since(later).await, [("jane".to_owned(), later.date())]);
    })
    .await;
}
