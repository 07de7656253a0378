//! Addresses that have to be confirmed, and mails that strangers may ask for.

use jeton_core::{
    id::UserId,
    policy::Value,
    token::TokenDigest,
    user::{Email, User},
};
use jeton_store::{
    Slice, Store,
    confirmation::{Limits, MailRequest, NotTaken, Unconfirmed, Waiting},
    mails::{LinkMail, Mail, MailLink},
    users::{
        NewUser, UserChanges,
        emails::{NewEmail, NotAdded},
    },
};

use crate::{
    engines::{BY, NOW, for_each_engine, make_user, user_named},
    mails::{mail, subjects, take},
};

const HOUR: i64 = 3600;

fn digest(seed: u8) -> TokenDigest {
    TokenDigest([seed; 32])
}

/// A mail whose link works for an hour.
pub(crate) fn link(seed: u8) -> LinkMail {
    let link = MailLink { path: "/x?y=", seed: [seed; 32], expires_at: NOW.plus_seconds(HOUR) };
    LinkMail { mail: mail(&format!("link {seed}"), None), link, digest: digest(seed) }
}

/// The same, to that address.
fn link_to(address: &str, seed: u8) -> LinkMail {
    let LinkMail { mail, link, digest } = link(seed);
    LinkMail { mail: Mail { recipient: address.to_owned(), ..mail }, link, digest }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// A request of that user, of whom few are allowed.
pub(crate) fn asked(user: UserId) -> MailRequest {
    MailRequest { user: Some(user), network: "a".to_owned(), limits: Limits { account: 3, network: 9 } }
}

async fn user(store: &Store, id: UserId) -> User {
    store.user(id).await.unwrap().unwrap()
}

/// An account that waits for the link of the seed 1.
async fn make_unconfirmed(store: &Store) -> User {
    let new = NewUser { confirmation: Some(link(1)), ..user_named("jane") };
    store.create_user(new, BY, NOW).await.unwrap()
}

#[tokio::test]
async fn an_account_can_wait_for_its_address() {
    for_each_engine(async |store| {
        let jane = make_unconfirmed(&store).await;
        assert_eq!(jane.confirmed_at, None);
        let due = take(&store, 9, NOW).await;
        assert_eq!(subjects(&due), ["link 1"]);
        assert_eq!(due[0].user, Some(jane.id));
        assert_eq!(due[0].link, Some(("/x?y=".to_owned(), vec![1; 32])));
        assert_eq!(due[0].expires_at, Some(NOW.plus_seconds(HOUR)));

        let found = Unconfirmed { user: jane.id, email: "jane@example.com".to_owned(), waiting: Waiting::Primary };
        assert_eq!(store.unconfirmed(&digest(1), NOW).await.unwrap(), Some(found.clone()));
        assert_eq!(store.waiting_email(jane.id, "jane@example.com").await.unwrap(), Some(found.clone()));
        let late = NOW.plus_seconds(HOUR);
        assert_eq!(store.unconfirmed(&digest(1), late).await.unwrap(), None);
        assert_eq!(store.confirm_email(digest(1), Vec::new(), BY, late).await.unwrap(), None);

        let told = vec![mail("of a change", None)];
        assert_eq!(store.confirm_email(digest(1), told, BY, NOW).await.unwrap(), Some(found));
        assert_eq!(user(&store, jane.id).await.confirmed_at, Some(NOW));
        assert_eq!(store.confirm_email(digest(1), Vec::new(), BY, NOW).await.unwrap(), None, "once");
        assert_eq!(store.waiting_email(jane.id, "jane@example.com").await.unwrap(), None);
        assert_eq!(store.mail_backlog().await.unwrap().mails, 1, "nothing changed that one is told of");
    })
    .await;
}

#[tokio::test]
async fn an_administrator_lets_an_account_be_used_once() {
    for_each_engine(async |store| {
        let jane = make_unconfirmed(&store).await;
        assert!(store.confirm_account(jane.id, BY, NOW).await.unwrap());
        assert_eq!(user(&store, jane.id).await.confirmed_at, Some(NOW));
        assert!(!store.confirm_account(jane.id, BY, NOW.plus_seconds(1)).await.unwrap());
        assert!(!store.confirm_account(UserId(99), BY, NOW).await.unwrap());
        assert_eq!(store.confirm_email(digest(1), Vec::new(), BY, NOW).await.unwrap(), None);
        let wanted_email = Some((email("new@example.com"), link(2)));
        let changes = UserChanges { wanted_email, ..UserChanges::default() };
        let after = store.change_user(jane.id, changes, BY, NOW).await.unwrap().unwrap();
        assert_eq!(after.email, "jane@example.com");
        assert_eq!(store.wanted_email(jane.id).await.unwrap().as_deref(), Some("new@example.com"));
        assert!(store.confirm_email(digest(2), Vec::new(), BY, NOW).await.unwrap().is_some());
        assert_eq!(user(&store, jane.id).await.email, "new@example.com");
    })
    .await;
}

#[tokio::test]
async fn another_address_counts_when_it_is_confirmed() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let wants =
            async |address: &str, seed| store.want_email(asked(jane.id), email(address), link(seed), BY, NOW).await;
        assert!(matches!(wants("Joe@example.com", 1).await, Err(NotTaken::Taken)));
        wants("first@example.com", 2).await.unwrap();
        wants("second@example.com", 4).await.unwrap();
        wants("New@example.com", 3).await.unwrap();
        assert!(matches!(wants("fourth@example.com", 5).await, Err(NotTaken::TooOften)));
        assert_eq!(store.wanted_email(jane.id).await.unwrap().as_deref(), Some("New@example.com"));
        assert_eq!(store.wanted_email(joe.id).await.unwrap(), None);
        assert_eq!(user(&store, jane.id).await.email, "jane@example.com");
        assert_eq!(store.unconfirmed(&digest(2), NOW).await.unwrap(), None, "no longer wanted");

        store.create_password_link(jane.id, digest(8), NOW.plus_seconds(HOUR)).await.unwrap();
        let told = vec![mail("changed", Some(jane.id))];
        let found = store.confirm_email(digest(3), told, BY, NOW).await.unwrap().unwrap();
        assert_eq!((found.email.as_str(), found.waiting), ("New@example.com", Waiting::Wanted));
        assert_eq!(user(&store, jane.id).await.email, "New@example.com");
        assert!(store.account("new@example.com").await.unwrap().is_some());
        assert_eq!(store.wanted_email(jane.id).await.unwrap(), None);
        assert_eq!(store.password_link(&digest(8), NOW).await.unwrap(), None, "it went to the old address");
        assert_eq!(subjects(&take(&store, 9, NOW).await), ["link 2", "link 4", "link 3", "changed"]);
    })
    .await;
}

#[tokio::test]
async fn an_address_that_an_administrator_sets_makes_older_mails_worthless() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        store.want_email(asked(jane.id), email("wanted@example.com"), link(1), BY, NOW).await.unwrap();
        store.create_password_link(jane.id, digest(8), NOW.plus_seconds(HOUR)).await.unwrap();
        for (address, works) in [("JANE@example.com", true), ("new@example.com", false)] {
            let changes = UserChanges { email: Some(email(address)), ..UserChanges::default() };
            store.change_user(jane.id, changes, BY, NOW).await.unwrap();
            assert_eq!(store.unconfirmed(&digest(1), NOW).await.unwrap().is_some(), works, "{address}");
            assert_eq!(store.password_link(&digest(8), NOW).await.unwrap().is_some(), works, "{address}");
        }
        assert_eq!(store.confirm_email(digest(1), Vec::new(), BY, NOW).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_want_an_address_the_first_to_confirm_gets_it() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        store.want_email(asked(jane.id), email("new@example.com"), link(1), BY, NOW).await.unwrap();
        store.want_email(asked(joe.id), email("new@example.com"), link(2), BY, NOW).await.unwrap();
        assert!(store.confirm_email(digest(2), Vec::new(), BY, NOW).await.unwrap().is_some());
        assert_eq!(store.confirm_email(digest(1), Vec::new(), BY, NOW).await.unwrap(), None);
        assert_eq!(user(&store, jane.id).await.email, "jane@example.com");
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_let_in_when_confirmation_is_switched_off() {
    for_each_engine(async |store| {
        let jane = make_unconfirmed(&store).await;
        let decide = async |word: &str| {
            let changes = vec![("email_confirmation_setting", Value::Text(word.to_owned()))];
            store.change_policy(changes, BY, NOW).await.unwrap();
            user(&store, jane.id).await.confirmed_at
        };
        assert_eq!(decide("hard").await, None);
        assert_eq!(decide("off").await, Some(NOW));
    })
    .await;
}

#[tokio::test]
async fn strangers_get_few_mails_sent() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let request = |user: Option<UserId>, network: &str| MailRequest {
            user,
            network: network.to_owned(),
            limits: Limits { account: 2, network: 4 },
        };
        let asks = async |user: Option<UserId>, network: &str, seed: u8, at| {
            let address = if user == Some(joe.id) { "joe@example.com" } else { "jane@example.com" };
            let reset = user.map(|_| link_to(address, seed));
            store.request_password_mail(request(user, network), reset, BY, NOW.plus_seconds(at)).await.unwrap()
        };
        assert!(asks(Some(jane.id), "a", 1, 0).await);
        assert!(asks(Some(jane.id), "b", 2, 1).await);
        assert!(!asks(Some(jane.id), "c", 3, 2).await, "enough for her");
        assert!(asks(Some(joe.id), "a", 4, 2).await);
        assert!(asks(None, "a", 5, 2).await && asks(None, "a", 6, 2).await);
        assert!(!asks(Some(joe.id), "a", 7, 2).await, "enough for that network");
        assert!(!asks(None, "a", 8, 3599).await);
        for (seed, user) in [(1, Some(jane.id)), (2, Some(jane.id)), (3, None), (4, Some(joe.id)), (5, None), (7, None)]
        {
            assert_eq!(store.password_link(&digest(seed), NOW).await.unwrap(), user, "link {seed}");
        }
        assert!(asks(Some(jane.id), "a", 9, 3600).await, "an hour later");
        assert_eq!(store.password_link(&digest(1), NOW).await.unwrap(), None, "what is too old is cleared away");
        // The other kind of mail is counted by itself.
        let confirmation = Some((email("joe@example.com"), link(10)));
        assert!(store.request_confirmation_mail(request(Some(joe.id), "a"), confirmation, BY, NOW).await.unwrap());
        assert!(store.request_confirmation_mail(request(None, "a"), None, BY, NOW).await.unwrap());
        let sent = take(&store, 99, NOW.plus_seconds(HOUR)).await;
        assert_eq!(subjects(&sent), ["link 1", "link 2", "link 4", "link 9", "link 10"]);
    })
    .await;
}

/// Whoever reads the mails of the address of before asks for a link in the very moment in which it is replaced.
#[tokio::test]
async fn no_link_goes_to_an_address_that_is_not_the_accounts_any_more() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let late = link_to("jane@example.com", 1);
        let changes = UserChanges { email: Some(email("new@example.com")), ..UserChanges::default() };
        store.change_user(jane.id, changes, BY, NOW).await.unwrap();
        assert!(store.request_password_mail(asked(jane.id), Some(late), BY, NOW).await.unwrap());
        assert_eq!(store.password_link(&digest(1), NOW).await.unwrap(), None);
        let fresh = link_to("new@example.com", 2);
        store.request_password_mail(asked(jane.id), Some(fresh), BY, NOW).await.unwrap();
        assert_eq!(store.password_link(&digest(2), NOW).await.unwrap(), Some(jane.id));
        assert_eq!(subjects(&take(&store, 9, NOW).await), ["link 2"]);
    })
    .await;
}

#[tokio::test]
async fn a_further_address_is_added_confirmed_and_removed() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let adds = async |user: UserId, address: &str, seed| {
            let confirmation = Some(link(seed));
            let new = NewEmail { user, address: email(address), confirmation, request: None, limit: 9 };
            store.add_email(new, BY, NOW).await
        };
        let all = Slice { limit: 9, offset: 0 };
        let listed = async |user: UserId| {
            let all = store.emails(user, all).await.unwrap();
            all.into_iter().map(|one| (one.email, one.confirmed_at)).collect::<Vec<_>>()
        };
        adds(jane.id, "Jane@work.example", 1).await.unwrap();
        assert!(matches!(adds(joe.id, "jane@WORK.example", 2).await, Err(NotAdded::Taken)));
        assert!(matches!(adds(joe.id, "jane@example.com", 2).await, Err(NotAdded::Taken)));
        assert_eq!(listed(jane.id).await, [("Jane@work.example".to_owned(), None)]);
        assert_eq!(store.waiting_email(joe.id, "jane@work.example").await.unwrap(), None);
        let found = store.confirm_email(digest(1), Vec::new(), BY, NOW).await.unwrap().unwrap();
        assert_eq!((found.email.as_str(), found.waiting), ("Jane@work.example", Waiting::Secondary));
        assert_eq!(listed(jane.id).await, [("Jane@work.example".to_owned(), Some(NOW))]);
        assert_eq!(subjects(&take(&store, 9, NOW).await), ["link 1"]);

        let id = store.emails(jane.id, all).await.unwrap()[0].id;
        assert!(!store.delete_email(id, joe.id, BY, NOW).await.unwrap(), "it is not joe's to remove");
        assert!(store.delete_email(id, jane.id, BY, NOW).await.unwrap());
        assert!(!store.delete_email(id, jane.id, BY, NOW).await.unwrap());
        assert_eq!(listed(jane.id).await, []);
    })
    .await;
}

#[tokio::test]
async fn those_who_ask_at_once_are_counted_one_after_the_other() {
    for_each_engine(async |store| {
        let ask = || {
            let store = store.clone();
            let limits = Limits { account: 3, network: 5 };
            let request = MailRequest { user: None, network: "a".to_owned(), limits };
            tokio::spawn(async move { store.request_password_mail(request, None, BY, NOW).await.unwrap() })
        };
        let asking: Vec<_> = (0..30).map(|_| ask()).collect();
        let mut allowed = 0;
        for asked in asking {
            allowed += usize::from(asked.await.unwrap());
        }
        assert_eq!(allowed, 5);
    })
    .await;
}
