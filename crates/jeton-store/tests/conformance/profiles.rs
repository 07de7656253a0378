//! Profiles, changes and deletions of users.

use jeton_core::{
    id::UserId,
    project::{ProjectPath, Role, Visibility},
    time::Timestamp,
    token::TokenDigest,
    user::{Email, Profile, User, UserKind, Username},
};
use jeton_store::{
    By, Slice, Store,
    mails::{LinkMail, Mail, MailLink},
    projects::NewProject,
    search::Search,
    sessions::NewSession,
    users::{
        Contributions, NewPassword, NewUser, NotMade, UserChanges,
        list::{UserColumn, UserFilter, UserOrder},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of, user_named};

const NOBODY: UserId = UserId(4711);

fn as_admin(user: &User) -> By {
    By { user: Some(user.id), ..BY }
}

fn mail() -> Mail {
    Mail {
        kind: "test",
        user: None,
        recipient: "jane@example.com".into(),
        subject: "Hello".into(),
        body: "Hello".into(),
    }
}

async fn make_project(store: &Store, home: &User, creator: &User, name: &str) -> jeton_core::project::Project {
    let new = NewProject {
        namespace: home.namespace,
        name: name.into(),
        path: ProjectPath::parse(name).unwrap(),
        description: None,
        visibility: Visibility::Private,
        default_branch: "main".into(),
        creator: creator.id,
        limit: 10,
    };
    store.create_project(new, BY, NOW).await.unwrap()
}

fn profile() -> Profile {
    Profile {
        bio: "Builds things".into(),
        location: "Utrecht".into(),
        website_url: "https://jane.example".into(),
        linkedin: "in".into(),
        twitter: "tw".into(),
        discord: "1".into(),
        github: "gh".into(),
        job_title: "Engineer".into(),
        pronouns: "she/her".into(),
        organization: "Acme".into(),
        public_email: "jane@example.com".into(),
        commit_email: "jane@example.com".into(),
        note: "Careful".into(),
        theme_id: 3,
        color_scheme_id: 5,
    }
}

fn confirmation() -> LinkMail {
    let link = MailLink { path: "/x?y=", seed: [8; 32], expires_at: NOW.plus_seconds(60) };
    LinkMail { mail: mail(), link, digest: TokenDigest([8; 32]) }
}

#[tokio::test]
async fn a_user_is_made_with_all_that_is_told() {
    for_each_engine(async |store| {
        let root = make_user(&store, "root").await;
        let digest = TokenDigest([9; 32]);
        let new = NewUser {
            confirmation: Some(confirmation()),
            external: true,
            can_create_group: true,
            private_profile: true,
            profile: profile(),
            invitation: Some(LinkMail { digest, ..confirmation() }),
            ..user_named("jane")
        };
        let jane = store.create_user(new, as_admin(&root), NOW).await.unwrap();
        assert_eq!((*jane.profile).clone(), profile());
        assert!(jane.external && jane.can_create_group && jane.private_profile && jane.confirmed_at.is_none());
        assert_eq!((jane.kind, jane.created_by), (UserKind::Human, Some(root.id)));
        assert_eq!(store.password_link(&digest, NOW).await.unwrap(), Some(jane.id));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_changed_stays() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let changes = UserChanges {
            username: Some(Username::parse("Janet").unwrap()),
            email: Some(Email::parse("janet@example.com").unwrap()),
            administrator: Some(true),
            profile: Some(profile()),
            ..UserChanges::default()
        };
        let later = NOW.plus_seconds(1);
        let janet = store.change_user(jane.id, changes, BY, later).await.unwrap().unwrap();
        assert_eq!((janet.username.as_str(), janet.email.as_str()), ("Janet", "janet@example.com"));
        assert!(janet.administrator && !janet.external);
        assert_eq!((janet.name.as_str(), janet.projects_limit, janet.confirmed_at), ("jane Doe", 10, Some(later)));
        assert_eq!(store.user_named("janet").await.unwrap().unwrap(), janet);
        assert!(store.user_named("jane").await.unwrap().is_none());
        let same = store.change_user(jane.id, UserChanges::default(), BY, later).await.unwrap().unwrap();
        assert_eq!(same, janet);
        assert!(store.change_user(NOBODY, UserChanges::default(), BY, NOW).await.unwrap().is_none());

        let project = make_project(&store, &janet, &janet, "app").await;
        assert_eq!(project.full_path(), "Janet/app");
        let name = UserChanges { name: Some("Janet D.".into()), ..UserChanges::default() };
        store.change_user(jane.id, name, BY, NOW).await.unwrap();
        assert_eq!(store.project(project.id).await.unwrap().unwrap().namespace.name, "Janet D.");
    })
    .await;
}

#[tokio::test]
async fn a_former_path_leads_on_until_somebody_takes_it() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let project = make_project(&store, &jane, &jane, "App").await.id;
        let rename = async |user: UserId, name: &str| {
            let username = Some(Username::parse(name).unwrap());
            store.change_user(user, UserChanges { username, ..UserChanges::default() }, BY, NOW).await.unwrap();
        };
        let moved = async |path: &str| store.project_moved_from(path).await.unwrap().map(|project| project.id);
        rename(jane.id, "JANE").await;
        assert_eq!(moved("jane/app").await, None, "that is the present path");
        rename(jane.id, "janet").await;
        rename(jane.id, "jana").await;
        assert_eq!((moved("Jane/APP").await, moved("janet/app").await), (Some(project), Some(project)));
        assert_eq!((moved("jane/other").await, moved("jana/app").await, moved("jane").await), (None, None, None));
        rename(joe.id, "janet").await;
        assert_eq!((moved("janet/app").await, moved("jane/app").await), (None, Some(project)));
        rename(jane.id, "jane").await;
        assert_eq!((moved("jane/app").await, moved("jana/app").await), (None, Some(project)));
        make_user(&store, "jana").await;
        assert_eq!(moved("jana/app").await, None);
    })
    .await;
}

#[tokio::test]
async fn what_others_have_cannot_be_had() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let name = UserChanges { username: Some(Username::parse("JOE").unwrap()), ..UserChanges::default() };
        assert!(matches!(store.change_user(jane.id, name, BY, NOW).await, Err(NotMade::UsernameTaken)));
        let email = Email::parse("Joe@example.com").unwrap();
        let address = UserChanges { email: Some(email.clone()), ..UserChanges::default() };
        assert!(matches!(store.change_user(jane.id, address.clone(), BY, NOW).await, Err(NotMade::EmailTaken)));
        assert!(store.change_user(joe.id, address, BY, NOW).await.unwrap().is_some(), "the own one can be kept");
        let taken = |but| store.taken(None, Some(&email), but);
        assert!(taken(Some(joe.id)).await.is_ok() && matches!(taken(None).await, Err(NotMade::EmailTaken)));
    })
    .await;
}

#[tokio::test]
async fn a_password_that_somebody_else_chose_has_to_be_replaced() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let session = TokenDigest([1; 32]);
        store.start_session(NewSession { user: jane.id, digest: session, stays: false }, BY, NOW).await.unwrap();
        let password = NewPassword { hash: "hash".into(), expired: true, mails: vec![mail()] };
        let changes = UserChanges { password: Some(password), ..UserChanges::default() };
        assert!(store.change_user(jane.id, changes, BY, NOW).await.unwrap().unwrap().password_expired);
        assert!(store.session(&session).await.unwrap().is_none());
        store.set_password(jane.id, "own".into(), BY, NOW).await.unwrap();
        assert!(!store.user(jane.id).await.unwrap().unwrap().password_expired);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_takes_its_own_along_and_leaves_the_rest_to_the_ghost() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        make_user(&store, "ghost").await;
        let own = make_project(&store, &jane, &jane, "own").await;
        let elsewhere = make_project(&store, &joe, &jane, "elsewhere").await;
        let token = make_token(&store, token_of(jane.id, 1)).await;
        let deleted = store.delete_user(jane.id, Contributions::Kept, BY, NOW).await.unwrap().unwrap();
        assert_eq!(deleted.projects, [own.id]);
        assert!(store.user(jane.id).await.unwrap().is_none() && store.token(token.id).await.unwrap().is_none());
        assert!(store.project(own.id).await.unwrap().is_none());
        assert!(store.token_record(&TokenDigest([1; 32])).await.unwrap().is_none());
        let ghost = store.project(elsewhere.id).await.unwrap().unwrap().creator.unwrap();
        let ghost = store.user(ghost).await.unwrap().unwrap();
        assert_eq!((ghost.kind, ghost.username.as_str()), (UserKind::Ghost, "ghost1"));
        assert!(store.delete_user(jane.id, Contributions::Kept, BY, NOW).await.unwrap().is_none());

        // The same ghost takes what the next one leaves.
        let ann = make_user(&store, "ann").await;
        let second = make_project(&store, &joe, &ann, "second").await;
        store.delete_user(ann.id, Contributions::Kept, BY, NOW).await.unwrap();
        assert_eq!(store.project(second.id).await.unwrap().unwrap().creator, Some(ghost.id));
        // Deleted hard, it leaves nothing.
        let zoe = make_user(&store, "zoe").await;
        let third = make_project(&store, &joe, &zoe, "third").await;
        store.delete_user(zoe.id, Contributions::Removed, BY, NOW).await.unwrap();
        assert_eq!(store.project(third.id).await.unwrap().unwrap().creator, None);
    })
    .await;
}

#[tokio::test]
async fn belongings_are_counted_and_listed() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        for name in ["one", "two", "three"] {
            make_project(&store, &jane, &jane, name).await;
        }
        let slice = Slice { limit: 2, offset: 1 };
        let memberships = store.memberships(jane.id, slice).await.unwrap();
        let names: Vec<_> = memberships.iter().map(|one| (one.source_name.as_str(), one.role)).collect();
        assert_eq!(names, [("two", Role::Owner), ("three", Role::Owner)]);
        assert_eq!(store.count_memberships(jane.id, 10).await.unwrap(), 3);
        assert_eq!(store.count_memberships(NOBODY, 10).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn sign_ins_are_counted_with_where_they_came_from() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        assert_eq!(store.sign_ins(jane.id).await.unwrap().unwrap().count, 0);
        for (seed, address) in [(1, "192.0.2.1"), (2, "192.0.2.2")] {
            let by = By { address: address.parse().ok(), ..BY };
            store
                .start_session(NewSession { user: jane.id, digest: TokenDigest([seed; 32]), stays: false }, by, NOW)
                .await
                .unwrap();
        }
        let known = store.sign_ins(jane.id).await.unwrap().unwrap();
        let addresses = (known.current_address.as_deref(), known.last_address.as_deref());
        assert_eq!((known.count, addresses), (2, (Some("192.0.2.2"), Some("192.0.2.1"))));
        assert!(store.sign_ins(NOBODY).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn lists_know_public_addresses_and_who_is_no_human() {
    for_each_engine(async |store| {
        let jane = store.create_user(NewUser { profile: profile(), ..user_named("jane") }, BY, NOW).await.unwrap();
        let joe = make_user(&store, "joe").await;
        make_project(&store, &joe, &jane, "left").await;
        let names = async |filter: UserFilter| {
            let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
            let rows = store.users(&filter, &order, Slice { limit: 10, offset: 0 }).await.unwrap();
            let count = store.count_matching_users(&filter, 10).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), rows.len());
            rows.into_iter().map(|row| row.user.username).collect::<Vec<_>>().join(" ")
        };
        let plain = || UserFilter { search: Search::default(), ..UserFilter::default() };
        let public = |email: &str| UserFilter { public_email: Some(email.into()), ..plain() };
        assert_eq!(names(public("jane@example.com")).await, "jane");
        assert_eq!(names(public("joe@example.com")).await, "");
        let search = |email: &str| UserFilter {
            search: Search::parse(email),
            shown_email: Some(email.into()),
            ..UserFilter::default()
        };
        assert_eq!(names(search("Jane@Example.com")).await, "jane");
        assert_eq!(names(search("joe@example.com")).await, "", "he shows no address");
        assert_eq!(names(UserFilter { two_factor: Some(true), ..plain() }).await, "");
        assert_eq!(names(UserFilter { two_factor: Some(false), ..plain() }).await, "jane joe");
        store.delete_user(jane.id, Contributions::Kept, BY, Timestamp::from_micros(1)).await.unwrap();
        assert_eq!(names(UserFilter { human: Some(true), ..plain() }).await, "joe");
        assert_eq!(names(UserFilter { human: Some(false), ..plain() }).await, "ghost");
    })
    .await;
}
