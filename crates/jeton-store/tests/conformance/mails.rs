//! Mails on their way out.

use std::time::Duration;

use jeton_core::{id::UserId, time::Timestamp, token::Expiry};
use jeton_store::{
    Store,
    mails::{Backlog, DueMail, Mail},
    rotation::Rotation,
    sessions::{NewPassword, NewSession},
};

use crate::engines::{BY, NOW, for_each_engine, make_token, make_user, token_of};
use jeton_core::token::TokenDigest;

const LEASE: i64 = 300;

pub(crate) fn mail(subject: &str, user: Option<UserId>) -> Mail {
    Mail {
        kind: "test",
        user,
        recipient: "jane@example.com".to_owned(),
        subject: subject.to_owned(),
        body: "Hi Jane!\n".to_owned(),
    }
}

/// Queues a mail of that subject.
async fn queue(store: &Store, subject: &str, at: Timestamp) {
    store.queue_mails(vec![mail(subject, None)], at).await.unwrap();
}

/// Takes what is due at that moment.
pub(crate) async fn take(store: &Store, limit: i64, at: Timestamp) -> Vec<DueMail> {
    store.take_mails(limit, at, at.plus_seconds(LEASE)).await.unwrap()
}

pub(crate) fn subjects(mails: &[DueMail]) -> Vec<&str> {
    mails.iter().map(|mail| &*mail.subject).collect()
}

#[tokio::test]
async fn a_mail_is_taken_by_one_until_its_time_is_over() {
    for_each_engine(async |store| {
        assert_eq!(store.mail_backlog().await.unwrap(), Backlog { mails: 0, next: None });
        queue(&store, "second", NOW.plus_seconds(1)).await;
        queue(&store, "first", NOW).await;
        queue(&store, "later", NOW.plus_seconds(60)).await;
        assert_eq!(store.mail_backlog().await.unwrap(), Backlog { mails: 3, next: Some(NOW) });
        let at = NOW.plus_seconds(2);
        let one = take(&store, 1, at).await;
        assert_eq!(subjects(&one), ["first"], "the longest waiting");
        assert_eq!((one[0].tries, one[0].created_at, one[0].taken_until), (1, NOW, at.plus_seconds(LEASE)));
        assert_eq!(subjects(&take(&store, 9, at).await), ["second"]);
        assert_eq!(subjects(&take(&store, 9, at).await), Vec::<&str>::new());

        let again = take(&store, 9, at.plus_seconds(LEASE)).await;
        assert_eq!(subjects(&again), ["second", "first", "later"], "whoever took them has died");
        assert_eq!(again[1].tries, 2);
        store.mail_sent(again[1].id).await.unwrap();
        assert_eq!(store.mail_backlog().await.unwrap().mails, 2);
    })
    .await;
}

#[tokio::test]
async fn nodes_that_take_at_once_never_get_the_same_mail() {
    for_each_engine(async |store| {
        for number in 0..60 {
            queue(&store, &number.to_string(), NOW).await;
        }
        let node = || {
            let store = store.clone();
            tokio::spawn(async move {
                let mut all = Vec::new();
                loop {
                    let taken = take(&store, 3, NOW).await;
                    if taken.is_empty() && store.mail_backlog().await.unwrap().next > Some(NOW) {
                        return all;
                    }
                    all.extend(taken.into_iter().map(|mail| mail.id));
                }
            })
        };
        let nodes = [node(), node(), node(), node()];
        let mut taken = Vec::new();
        for node in nodes {
            taken.extend(node.await.unwrap());
        }
        taken.sort_unstable();
        let count = taken.len();
        taken.dedup();
        assert_eq!((count, taken.len()), (60, 60));
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_failed_is_due_again_later_unless_others_took_it() {
    for_each_engine(async |store| {
        queue(&store, "a", NOW).await;
        let taken = take(&store, 1, NOW).await.remove(0);
        let next = NOW.plus_seconds(60);
        store.mail_failed(&taken, "451 later", next).await.unwrap();
        assert_eq!(store.mail_backlog().await.unwrap().next, Some(next));
        assert!(take(&store, 1, NOW.plus_seconds(59)).await.is_empty());
        let theirs = take(&store, 1, next).await.remove(0);
        store.mail_failed(&taken, "too late", NOW).await.unwrap();
        store.give_up_mail(taken, "too late".to_owned(), NOW).await.unwrap();
        assert_eq!(store.mail_backlog().await.unwrap(), Backlog { mails: 1, next: Some(theirs.taken_until) });
        store.give_up_mail(theirs, "550 no such user".to_owned(), next).await.unwrap();
        assert_eq!(store.mail_backlog().await.unwrap(), Backlog { mails: 0, next: None });
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_mails_is_woken_by_a_commit_and_by_nothing_else() {
    for_each_engine(async |store| {
        let waits =
            async |store: &Store| tokio::time::timeout(Duration::from_millis(20), store.mails_queued()).await.is_err();
        make_user(&store, "jane").await;
        assert!(waits(&store).await);
        queue(&store, "a", NOW).await;
        assert!(!waits(&store).await);
        assert!(waits(&store).await);
        store.look_for_mails();
        assert!(!waits(&store).await);
    })
    .await;
}

#[tokio::test]
async fn a_change_and_the_mail_that_tells_of_it_come_together() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let told = |subject| vec![mail(subject, Some(jane.id))];
        let token = store.create_token_telling(token_of(jane.id, 1), told("made"), BY, NOW).await.unwrap();
        let full = jeton_store::tokens::NewToken { limit: 1, ..token_of(jane.id, 2) };
        store.create_token_telling(full, told("not made"), BY, NOW).await.unwrap_err();
        let rotation = Rotation { token: token.id, owner: None, digest: TokenDigest([7; 32]), expiry: Expiry::NEVER };
        let next = store.rotate_token_telling(rotation, told("rotated"), BY, NOW).await.unwrap().token;
        store.rotate_token_telling(rotation, told("not rotated"), BY, NOW).await.unwrap_err();
        store.revoke_token_telling(next.id, None, told("revoked"), BY, NOW).await.unwrap();
        store.revoke_token_telling(next.id, None, told("not revoked"), BY, NOW).await.unwrap();
        store.set_password_telling(jane.id, "hash".to_owned(), told("password"), BY, NOW).await.unwrap();
        store.set_password_telling(UserId(99), "hash".to_owned(), told("no password"), BY, NOW).await.unwrap();
        let digest = TokenDigest([3; 32]);
        let session = NewSession { user: jane.id, digest, stays: false };
        store.start_session_telling(session, told("signed in"), BY, NOW).await.unwrap();
        store.create_password_link(jane.id, digest, NOW.plus_seconds(1)).await.unwrap();
        for subject in ["link used", "link not used"] {
            let password = NewPassword { hash: "hash".to_owned(), revoke_tokens: false };
            store.use_password_link(digest, password, told(subject), BY, NOW).await.unwrap();
        }
        for (subject, old) in [("changed", "hash"), ("not changed", "another")] {
            let hashes = (old.to_owned(), "next".to_owned());
            store.change_password(jane.id, hashes, None, told(subject), BY, NOW).await.unwrap();
        }
        let mails = take(&store, 99, NOW).await;
        assert_eq!(subjects(&mails), ["made", "rotated", "revoked", "password", "signed in", "link used", "changed"]);
        assert!(mails.iter().all(|mail| mail.user == Some(jane.id) && mail.link.is_none()));
        make_token(&store, token_of(jane.id, 4)).await;
        assert_eq!(store.mail_backlog().await.unwrap().mails, 7, "who tells nothing queues nothing");
    })
    .await;
}
