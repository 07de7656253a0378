use jeton_core::{
    id::ProjectId,
    project::{ProjectPath, Visibility},
    time::Timestamp,
    user::User,
};
use jeton_store::{
    By, Slice, Store,
    events::{Deed, EventFilter},
    projects::{NewProject, list::Viewer},
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

const ALL: Slice = Slice { limit: 100, offset: 0 };

async fn make(store: &Store, user: &User, name: &str, visibility: Visibility, at: Timestamp) -> ProjectId {
    let new = NewProject {
        namespace: user.namespace,
        name: name.into(),
        path: ProjectPath::from_name(name).unwrap(),
        description: None,
        visibility,
        default_branch: "main".into(),
        creator: user.id,
        limit: 10,
    };
    store.create_project(new, BY, at).await.unwrap().id
}

#[tokio::test]
async fn contributions_are_those_that_the_viewer_may_see() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let open = make(&store, &jane, "open", Visibility::Public, NOW).await;
        let inner = make(&store, &jane, "inner", Visibility::Internal, NOW.plus_seconds(1)).await;
        let hidden = make(&store, &jane, "hidden", Visibility::Private, NOW.plus_seconds(2)).await;
        let janes = By { user: Some(jane.id), ..BY };
        store.record_push(hidden, None, janes, NOW.plus_seconds(3)).await.unwrap();
        // Nobody in particular: no contribution.
        store.record_push(open, None, BY, NOW.plus_seconds(4)).await.unwrap();

        let of = |viewer| EventFilter { author: jane.id, viewer, action: None, before: None, after: None };
        let seen = async |filter: EventFilter| {
            let events = store.events(&filter, false, ALL).await.unwrap();
            assert_eq!(store.count_events(&filter, 10).await.unwrap(), i64::try_from(events.len()).unwrap());
            events.into_iter().map(|event| (event.action, event.project.unwrap())).collect::<Vec<_>>()
        };
        let created = |project| (Deed::Created.name().to_owned(), project);
        let pushed = (Deed::Pushed.name().to_owned(), hidden);
        let all = [created(open), created(inner), created(hidden), pushed.clone()];
        assert_eq!(seen(of(Viewer::User(jane.id))).await, all);
        assert_eq!(seen(of(Viewer::Administrator)).await, all);
        assert_eq!(seen(of(Viewer::User(joe.id))).await, all[..2]);
        assert_eq!(seen(of(Viewer::External(joe.id))).await, all[..1]);
        assert_eq!(seen(of(Viewer::Anonymous)).await, all[..1]);
        assert!(seen(EventFilter { author: joe.id, ..of(Viewer::Administrator) }).await.is_empty());

        let everything = of(Viewer::Administrator);
        assert_eq!(seen(EventFilter { action: Some("pushed"), ..everything.clone() }).await, all[3..]);
        assert_eq!(seen(EventFilter { action: Some("joined"), ..everything.clone() }).await, []);
        assert_eq!(seen(EventFilter { before: Some(NOW.plus_seconds(1)), ..everything.clone() }).await, all[..1]);
        assert_eq!(seen(EventFilter { after: Some(NOW.plus_seconds(2)), ..everything.clone() }).await, all[2..]);
        let latest = store.events(&everything, true, Slice { limit: 1, offset: 0 }).await.unwrap();
        assert_eq!(
            (latest[0].action.as_str(), latest[0].author, latest[0].at),
            ("pushed", jane.id, NOW.plus_seconds(3))
        );

        store.delete_project(hidden, BY, NOW).await.unwrap();
        assert_eq!(seen(everything).await, all[..2]);
    })
    .await;
}
