use jeton_core::{
    git::BranchName,
    id::{NamespaceId, ProjectId},
    project::{Project, ProjectPath, Visibility},
    user::User,
};
use jeton_store::{
    Slice, Store,
    projects::{
        NewProject, NotMade,
        list::{ProjectColumn, ProjectFilter, Viewer},
    },
    search::Search,
    users::list::{UserColumn, UserFilter, UserOrder},
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

const ALL: Slice = Slice { limit: 100, offset: 0 };

fn project_of(user: &User, name: &str) -> NewProject {
    NewProject {
        namespace: user.namespace,
        name: name.into(),
        path: ProjectPath::from_name(name).unwrap(),
        description: None,
        visibility: Visibility::Private,
        default_branch: "main".into(),
        creator: user.id,
        limit: 10,
    }
}

#[tokio::test]
async fn a_project_is_found_by_number_and_path_until_it_is_deleted() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "Jane").await;
        let made = store.create_project(project_of(&jane, "My App"), BY, NOW).await.unwrap();
        assert_eq!((made.full_path().as_str(), made.owner, made.created_at), ("Jane/my-app", Some(jane.id), NOW));
        assert_eq!(store.project(made.id).await.unwrap().unwrap(), made);
        assert_eq!(store.project_at("jane/MY-APP").await.unwrap().unwrap(), made);
        assert!(store.project_at("my-app").await.unwrap().is_none());
        assert!(store.project_at("joe/my-app").await.unwrap().is_none());
        assert!(store.delete_project(made.id, BY, NOW).await.unwrap());
        assert!(!store.delete_project(made.id, BY, NOW).await.unwrap());
        assert!(store.project(made.id).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_limit_holds_for_requests_at_the_same_moment() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let making = (0..40).map(|number| {
            let new = NewProject { limit: 5, ..project_of(&jane, &format!("app-{number}")) };
            let store = store.clone();
            tokio::spawn(async move { store.create_project(new, BY, NOW).await.is_ok() })
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
async fn a_push_is_activity_and_may_decide_the_default_branch() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let made = store.create_project(project_of(&jane, "app"), BY, NOW).await.unwrap();
        let later = NOW.plus_seconds(60);
        store.record_push(made.id, None, BY, later).await.unwrap();
        let pushed = store.project(made.id).await.unwrap().unwrap();
        assert_eq!(pushed, Project { last_activity_at: later, ..made.clone() });
        store.record_push(made.id, Some(BranchName::parse("trunk").unwrap()), BY, later).await.unwrap();
        assert_eq!(store.project(made.id).await.unwrap().unwrap().default_branch, "trunk");
        store.record_push(ProjectId(4711), None, BY, later).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_namespace_knows_its_owner() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        assert_eq!(store.namespace_owner(jane.namespace).await.unwrap(), Some(jane.id));
        assert_eq!(store.namespace_owner(NamespaceId(4711)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_path_is_taken_once_and_the_limit_holds() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        store.create_project(project_of(&jane, "app"), BY, NOW).await.unwrap();
        let again = store.create_project(project_of(&jane, "APP"), BY, NOW).await;
        assert!(matches!(again, Err(NotMade::PathTaken)));
        store.create_project(project_of(&joe, "app"), BY, NOW).await.unwrap();
        let limited = NewProject { limit: 1, ..project_of(&jane, "other") };
        assert!(matches!(store.create_project(limited, BY, NOW).await, Err(NotMade::TooMany(1))));
    })
    .await;
}

/// Jane's 1 `web` (private), 2 `docs` (internal), 3 `site` (public); Joe's 4 `tools` (private), 5 `lib` (public).
async fn furnish(store: &Store) -> (User, User, Vec<Project>) {
    let (jane, joe) = (make_user(store, "jane").await, make_user(store, "joe").await);
    let mut made = Vec::new();
    for (second, (user, name, visibility)) in (1..).zip([
        (&jane, "web", Visibility::Private),
        (&jane, "docs", Visibility::Internal),
        (&jane, "site", Visibility::Public),
        (&joe, "tools", Visibility::Private),
        (&joe, "lib", Visibility::Public),
    ]) {
        let description = Some(format!("about {name}ness"));
        let new = NewProject { visibility, description, ..project_of(user, name) };
        made.push(store.create_project(new, BY, NOW.plus_seconds(second)).await.unwrap());
    }
    (jane, joe, made)
}

/// The list as the projects' digits in [`furnish`].
async fn listed(store: &Store, made: &[Project], filter: &ProjectFilter, column: ProjectColumn, desc: bool) -> String {
    let digit = |id: ProjectId| made.iter().position(|project| project.id == id).unwrap() + 1;
    let rows = store.projects(filter, column, desc, ALL).await.unwrap();
    rows.iter().map(|project| digit(project.id).to_string()).collect()
}

#[tokio::test]
async fn a_list_holds_what_its_viewer_may_see_and_asked_for() {
    for_each_engine(async |store| {
        let (jane, joe, made) = furnish(&store).await;
        let all = ProjectFilter::seen_by(Viewer::Administrator);
        let found = |query: &str| ProjectFilter {
            search: Search::parse(query),
            ..ProjectFilter::seen_by(Viewer::Administrator)
        };
        let at = |seconds| Some(NOW.plus_seconds(seconds));
        for (filter, expected) in [
            (ProjectFilter::seen_by(Viewer::Anonymous), "35"),
            (ProjectFilter::seen_by(Viewer::External(joe.id)), "345"),
            (ProjectFilter::seen_by(Viewer::User(joe.id)), "2345"),
            (ProjectFilter::seen_by(Viewer::User(jane.id)), "1235"),
            (all.clone(), "12345"),
            (ProjectFilter { owner: Some(jane.id), ..ProjectFilter::seen_by(Viewer::Anonymous) }, "3"),
            (ProjectFilter { owner: Some(jane.id), ..all.clone() }, "123"),
            (ProjectFilter { visibility: Some(Visibility::Private), ..all.clone() }, "14"),
            (ProjectFilter { visibility: Some(Visibility::Private), ..ProjectFilter::seen_by(Viewer::Anonymous) }, ""),
            (ProjectFilter { id_after: Some(made[2].id), ..all.clone() }, "45"),
            (ProjectFilter { id_before: Some(made[2].id), ..all.clone() }, "12"),
            (ProjectFilter { last_activity_after: at(4), ..all.clone() }, "45"),
            (ProjectFilter { last_activity_before: at(2), ..all.clone() }, "12"),
            (found("tool"), "4"),
            (found("siteness"), "3"),
            (found("jane"), ""),
            (ProjectFilter { search_namespaces: true, ..found("jane") }, "123"),
            (ProjectFilter { search: Search::parse("web"), ..ProjectFilter::seen_by(Viewer::User(joe.id)) }, ""),
        ] {
            assert_eq!(listed(&store, &made, &filter, ProjectColumn::Id, false).await, expected, "{filter:?}");
            let count = store.count_projects(&filter, 100).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
        }
        assert_eq!(store.count_projects(&all, 2).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn every_order_goes_both_ways() {
    for_each_engine(async |store| {
        let (_, _, made) = furnish(&store).await;
        for (column, expected) in [
            (ProjectColumn::Id, "12345"),
            (ProjectColumn::CreatedAt, "12345"),
            (ProjectColumn::UpdatedAt, "12345"),
            (ProjectColumn::LastActivityAt, "12345"),
            (ProjectColumn::Name, "25341"),
            (ProjectColumn::Path, "25341"),
        ] {
            let filter = ProjectFilter::seen_by(Viewer::Administrator);
            assert_eq!(listed(&store, &made, &filter, column, false).await, expected, "{column:?}");
            let reversed: String = expected.chars().rev().collect();
            assert_eq!(listed(&store, &made, &filter, column, true).await, reversed, "{column:?}");
        }
        let slice = Slice { limit: 2, offset: 1 };
        let some = store
            .projects(&ProjectFilter::seen_by(Viewer::Administrator), ProjectColumn::Id, false, slice)
            .await
            .unwrap();
        assert_eq!(some, made[1..3]);
    })
    .await;
}

#[tokio::test]
async fn users_are_told_apart_by_having_projects() {
    for_each_engine(async |store| {
        furnish(&store).await;
        let idle = make_user(&store, "idle").await;
        let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
        let filter = UserFilter { without_projects: true, ..UserFilter::default() };
        let rows = store.users(&filter, &order, ALL).await.unwrap();
        assert_eq!(rows.into_iter().map(|row| row.user).collect::<Vec<_>>(), [idle]);
    })
    .await;
}
