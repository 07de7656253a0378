#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use jeton_store::mails::{LINK_LINE, Mail};
use tokio_util::sync::CancellationToken;

use super::{courier, courier::wait};
use crate::test_instance::{BY, Instance, NOW};

fn mail(recipient: &str, body: &str) -> Mail {
    Mail {
        kind: "test",
        user: None,
        recipient: recipient.to_owned(),
        subject: "Grüße, dies ist ein Betreff, der länger ist als eine Zeile in einer Mail sein soll".to_owned(),
        body: body.to_owned(),
    }
}

/// Lets the courier carry everything that is due.
async fn carry(instance: &Instance) {
    let stop = CancellationToken::new();
    stop.cancel();
    courier::run(instance.app.clone(), stop).await;
}

/// The files that there are, by name.
fn files(instance: &Instance) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(instance.dir().join("mail")) else { return Vec::new() };
    let read = |entry: fs::DirEntry| {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    // What begins with a dot is not finished.
    let finished = entries.map(Result::unwrap).filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let mut files: Vec<_> = finished.map(read).collect();
    files.sort();
    files
}

#[tokio::test]
async fn without_a_server_a_mail_becomes_a_private_file() {
    let instance = Instance::new().await;
    let text = format!("Hi Jürgen!\n\n{}\n.\nFrom here = there\n", "word ".repeat(40));
    instance.app.store.queue_mails(vec![mail("jane@example.com", &text)], NOW).await.unwrap();
    carry(&instance).await;
    let [(name, file)] = &files(&instance)[..] else { panic!("one file") };
    assert_eq!(name, &format!("{}-1-test.eml", NOW.micros()));
    let (head, body) = file.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Jeton <jeton@jeton.example>",
        "To: jane@example.com",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    assert!(head.contains(&format!("Message-ID: <1.{}@jeton.example>", NOW.micros())), "{head}");
    assert!(head.contains("Subject: =?utf-8?"), "{head}");
    assert!(file.is_ascii() && file.lines().all(|line| line.len() <= 78), "{file}");
    assert!(body.starts_with("Hi J=C3=BCrgen!\r\n\r\nword word") && body.contains("\r\nFrom here =3D there"), "{body}");
    assert_eq!(instance.app.post.counts(), [1, 0, 0]);
    assert_eq!(instance.app.store.mail_backlog().await.unwrap().mails, 0);
}

#[tokio::test]
async fn a_link_is_made_when_the_mail_is_sent() {
    let instance = Instance::new().await;
    let app = &instance.app;
    let jane = instance.user("jane", false).await;
    app.request_password_link("jane".to_owned(), BY).unwrap();
    app.finish_mail_requests().await;
    assert!(app.request_password_link("jane".to_owned(), BY).is_err(), "it stops");
    carry(&instance).await;
    let [(_, file)] = &files(&instance)[..] else { panic!("one file") };
    assert!(!file.contains(LINK_LINE));
    let text = file.replace("=\r\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once("http://jeton.example/users/password/edit?reset_password_token=").unwrap();
    let secret = rest.split_whitespace().next().unwrap();
    assert_eq!(app.password_link(secret).await.unwrap().map(|user| user.id), Some(jane.id));
    instance.set_clock(NOW.plus_seconds(3600));
    assert!(app.password_link(secret).await.unwrap().is_none());
}

#[tokio::test]
async fn a_mail_that_can_never_arrive_is_given_up() {
    let instance = Instance::new().await;
    let nowhere = ["", "jane", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>\n"];
    let mails = nowhere.map(|recipient| mail(recipient, "Hi!\n")).to_vec();
    instance.app.store.queue_mails(mails, NOW).await.unwrap();
    carry(&instance).await;
    assert_eq!(files(&instance), []);
    assert_eq!(instance.app.post.counts(), [0, 5, 5]);
    assert_eq!(instance.app.store.mail_backlog().await.unwrap().mails, 0);
}

#[tokio::test]
async fn a_subject_brings_no_header_with_it() {
    let instance = Instance::new().await;
    let subject = "Hello\r\nBcc: mallory@example.com\r\n\r\nbody".to_owned();
    let mails = vec![Mail { subject, ..mail("jane@example.com", "Hi!\n") }];
    instance.app.store.queue_mails(mails, NOW).await.unwrap();
    carry(&instance).await;
    for (_, file) in files(&instance) {
        let (head, body) = file.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().lines().any(|line| line.starts_with("bcc:")), "{head}");
        assert_eq!(body, "Hi!\r\n");
    }
}

#[tokio::test]
async fn a_mail_whose_link_is_too_old_is_not_sent() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    instance.app.request_password_link("jane".to_owned(), BY).unwrap();
    instance.app.finish_mail_requests().await;
    instance.set_clock(NOW.plus_seconds(3600));
    carry(&instance).await;
    assert_eq!((files(&instance), instance.app.post.counts()), (vec![], [0, 1, 1]));
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_waits_ever_longer_and_is_given_up_after_days() {
    let instance = Instance::new().await;
    fs::write(instance.dir().join("mail"), "in the way").unwrap();
    instance.app.store.queue_mails(vec![mail("jane@example.com", "Hi!\n")], NOW).await.unwrap();
    carry(&instance).await;
    let next = async || instance.app.store.mail_backlog().await.unwrap().next;
    assert_eq!(next().await, Some(NOW.plus_seconds(60)));
    let mut tries = 1;
    while let Some(moment) = next().await {
        instance.set_clock(moment);
        carry(&instance).await;
        tries += 1;
    }
    assert!(instance.app.now() > NOW.plus_seconds(3 * 86_400 - 2 * 3600), "{}", instance.app.now());
    assert_eq!(instance.app.post.counts(), [0, tries, 1]);
    assert_eq!([1, 2, 3, 7, 8, 9, i64::MAX].map(wait), [60, 120, 240, 3840, 7200, 7200, 7200]);
}

#[tokio::test]
async fn a_mail_goes_out_as_soon_as_it_is_queued() {
    let instance = Instance::new().await;
    let stop = CancellationToken::new();
    let courier = tokio::spawn(courier::run(instance.app.clone(), stop.clone()));
    let begin = crate::nature::Stopwatch::start();
    for number in 1..=3_usize {
        instance.app.store.queue_mails(vec![mail("jane@example.com", "Hi!\n")], NOW).await.unwrap();
        while files(&instance).len() < number {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "nobody waited for the next look at the queue");
    stop.cancel();
    courier.await.unwrap();
}
