use jeton_core::{id::UserId, user::Email as Address};
use jeton_store::{
    Slice,
    search::Search,
    users::{
        NewUser, NotMade,
        emails::{NewEmail, NotAdded},
        list::{UserColumn, UserFilter, UserOrder},
    },
};

use crate::{
    confirmation::{asked, link},
    engines::{BY, NOW, for_each_engine, make_user, user_named},
};

const ALL: Slice = Slice { limit: 100, offset: 0 };

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A further address; one that is not confirmed gets a mail.
fn new(user: UserId, text: &str, is_confirmed: bool) -> NewEmail {
    let confirmation = (!is_confirmed).then(|| link(text.bytes().fold(0, u8::wrapping_add)));
    NewEmail { user, address: address(text), confirmation, request: None, limit: 100 }
}

#[tokio::test]
async fn further_addresses_are_added_and_removed() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        let first = store.add_email(new(jane, "Jane@Work.example", false), BY, NOW).await.unwrap();
        assert_eq!((first.email.as_str(), first.confirmed_at), ("Jane@Work.example", None));
        let second = store.add_email(new(jane, "jane@home.example", true), BY, NOW).await.unwrap();
        assert_eq!(second.confirmed_at, Some(NOW));
        assert_eq!(store.emails(jane, ALL).await.unwrap(), [first.clone(), second.clone()]);
        assert_eq!((store.count_emails(jane, 10).await.unwrap(), store.count_emails(joe, 10).await.unwrap()), (2, 0));
        assert_eq!(store.email(first.id, jane).await.unwrap(), Some(first.clone()));
        assert_eq!(store.email(first.id, joe).await.unwrap(), None);
        // What nobody confirmed says nothing about whose it is.
        let holder = async |text: &str| store.user_with_address(&address(text)).await.unwrap();
        assert_eq!(holder("JANE@home.example").await, Some(jane));
        assert_eq!(holder("jane@example.com").await, Some(jane));
        assert_eq!(holder("jane@work.example").await, None);
        let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
        for (text, found) in [("jane@HOME.example", 1), ("jane@work.example", 0)] {
            let filter = UserFilter { search: Search::parse(text), email: Some(text.into()), ..UserFilter::default() };
            assert_eq!(store.users(&filter, &order, ALL).await.unwrap().len(), found, "{text}");
        }

        assert!(!store.delete_email(first.id, joe, BY, NOW).await.unwrap());
        assert!(store.delete_email(first.id, jane, BY, NOW).await.unwrap());
        assert!(!store.delete_email(first.id, jane, BY, NOW).await.unwrap());
        // Then it is free again.
        store.add_email(new(joe, "jane@work.example", false), BY, NOW).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_address_is_one_persons_in_whichever_table_it_stands() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        store.add_email(new(jane, "jane@work.example", false), BY, NOW).await.unwrap();
        for (user, text) in [
            (joe, "JANE@work.example"),
            (jane, "jane@WORK.example"),
            (joe, "Jane@example.com"),
            (jane, "jane@example.com"),
        ] {
            let refused = store.add_email(new(user, text, true), BY, NOW).await;
            assert!(matches!(refused, Err(NotAdded::Taken)), "{text}");
        }
        let new = NewUser { email: address("Jane@Work.Example"), ..user_named("ann") };
        assert!(matches!(store.create_user(new, BY, NOW).await, Err(NotMade::EmailTaken)));
        assert_eq!(store.count_users(10).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn nobody_has_more_addresses_or_asks_for_more_mails_than_there_may_be() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        let add = async |number: u32, limit, request| {
            let new = NewEmail { limit, request, ..new(jane, &format!("{number}@example.org"), number > 5) };
            store.add_email(new, BY, NOW).await
        };
        for number in 1..=3 {
            add(number, 4, Some(asked(jane))).await.unwrap();
        }
        assert!(matches!(add(4, 4, Some(asked(jane))).await, Err(NotAdded::TooOften)));
        add(4, 4, None).await.unwrap();
        for (number, request) in [(5, Some(asked(jane))), (6, None)] {
            assert!(matches!(add(number, 4, request).await, Err(NotAdded::TooMany(4))));
        }
        assert_eq!(store.count_emails(jane, 10).await.unwrap(), 4);
        assert_eq!(store.mail_backlog().await.unwrap().mails, 4, "each that waits got its link");
    })
    .await;
}

#[tokio::test]
async fn of_many_who_take_an_address_at_once_one_gets_it() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await.id;
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    if number % 2 == 0 {
                        store.add_email(new(jane, "one@example.com", false), BY, NOW).await.is_ok()
                    } else {
                        let new = NewUser { email: address("ONE@example.com"), ..user_named(&format!("user{number}")) };
                        store.create_user(new, BY, NOW).await.is_ok()
                    }
                })
            })
            .collect();
        let mut taken = 0;
        for task in tasks {
            taken += u32::from(task.await.unwrap());
        }
        assert_eq!(taken, 1);
    })
    .await;
}
