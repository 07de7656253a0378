//! Searches mean the same on both engines, in every alphabet and with any number of words.

use jeton_core::project::{ProjectPath, Visibility};
use jeton_store::{
    Slice,
    projects::{
        NewProject,
        list::{ProjectColumn, ProjectFilter, Viewer},
    },
    search::Search,
    tokens::{
        NewToken,
        list::{TokenFilter, TokenOrder},
    },
    users::{
        NewUser,
        list::{UserColumn, UserFilter, UserOrder},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_token, token_of, user_named};

const ALL: Slice = Slice { limit: 100, offset: 0 };
const NAME: &str = "JÜRGEN Straße ΟΔΥΣΣΕΥΣ Пётр alpha beta gamma delta";

/// Queries, and whether they find [`NAME`].
const QUERIES: [(&str, bool); 14] = [
    ("jürgen", true),
    ("JÜRG", true),
    ("strasse", true),
    ("STRASSE", true),
    ("οδυσ", true),
    ("ΟΔΥΣΣΕΥς", true),
    ("ПЁТР", true),
    ("jurgen", false),
    ("пётр jürgen alpha", true),
    ("jürgen straße οδυσσευς пётр alpha beta gamma delta", true),
    ("jürgen straße οδυσσευς пётр alpha beta gamma epsilon", false),
    ("jürgen straße οδυσσευς пётр alpha beta epsilon delta", false),
    ("jürgen jürgen jürgen jürgen jürgen jürgen jürgen jürgen delta", true),
    ("jürgen jürgen jürgen jürgen jürgen jürgen jürgen jürgen epsilon", false),
];

#[tokio::test]
async fn names_are_found_whatever_their_case_and_only_with_all_words() {
    for_each_engine(async |store| {
        let user = store.create_user(NewUser { name: NAME.into(), ..user_named("jane") }, BY, NOW).await.unwrap();
        make_token(&store, NewToken { name: NAME.into(), ..token_of(user.id, 1) }).await;
        for (name, path, description) in [(NAME, "named", None), ("Other", "described", Some(NAME.to_owned()))] {
            let new = NewProject {
                namespace: user.namespace,
                name: name.into(),
                path: ProjectPath::parse(path).unwrap(),
                description,
                visibility: Visibility::Private,
                default_branch: "main".into(),
                creator: user.id,
                limit: 10,
            };
            store.create_project(new, BY, NOW).await.unwrap();
        }
        for (query, expected) in QUERIES {
            let search = Search::parse(query);
            let tokens = TokenFilter { search: search.clone(), ..TokenFilter::default() };
            let users = UserFilter { search: search.clone(), ..UserFilter::default() };
            let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
            let projects = ProjectFilter {
                viewer: Viewer::Administrator,
                owner: None,
                visibility: None,
                search,
                search_namespaces: false,
                id_after: None,
                id_before: None,
                last_activity_after: None,
                last_activity_before: None,
            };
            let found = (
                store.tokens(&tokens, TokenOrder::Id, ALL, NOW).await.unwrap().len(),
                store.users(&users, &order, ALL).await.unwrap().len(),
                store.projects(&projects, ProjectColumn::Id, false, ALL).await.unwrap().len(),
            );
            assert_eq!(found, if expected { (1, 1, 2) } else { (0, 0, 0) }, "{query}");
        }
    })
    .await;
}
