use jeton_core::time::Date;
use jeton_store::Means;

use super::*;
use crate::test_instance::{BY, Instance, NOW};

/// Every notice that there is.
fn all() -> Vec<Notice<'static>> {
    let token = NamedToken { name: "deploy", handle: "abcDEF123456" };
    let expiry = Expiry::on(Date::parse("2027-02-01"));
    let tokens =
        [TokenNotice::Created(expiry), TokenNotice::Revoked, TokenNotice::Rotated(expiry), TokenNotice::Reused];
    let others = [
        Notice::NewSignIn,
        Notice::PasswordChanged { tokens_revoked: true },
        Notice::PasswordChanged { tokens_revoked: false },
        Notice::PasswordReset { must_change: true },
        Notice::PasswordReset { must_change: false },
        Notice::EmailChanged { to: "new@example.com" },
    ];
    let factors = FactorNotice::ALL.map(Notice::Factor);
    tokens.into_iter().map(|notice| Notice::Token(notice, token)).chain(others).chain(factors).collect()
}

#[tokio::test]
async fn a_notice_greets_tells_the_circumstances_and_holds_no_link() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let by = By { user: Some(jane.id), address: Some([192, 0, 2, 7].into()), ..By::local(Means::Session) };
    for notice in all() {
        let mails = instance.app.mails_to(&jane, notice, &by);
        assert!(!mails.is_empty());
        for mail in mails {
            assert!(mail.body.starts_with("Hi jane!\n\n") && mail.body.ends_with('\n'), "{}", mail.body);
            for part in ["account jane", "2027-01-15 08:00 UTC", "192.0.2.7", "your account, in a browser", "    /"] {
                assert!(mail.body.contains(part), "{part} in {}", mail.body);
            }
            for link in ["://", "www.", "jeton.example", "{link}"] {
                assert!(!mail.body.contains(link), "{link} in {}", mail.body);
            }
            assert!(mail.body.lines().all(|line| line.chars().count() <= 78), "{}", mail.body);
            assert!(mail.subject.len() < 78 && mail.user == Some(jane.id));
        }
    }
}

#[tokio::test]
async fn a_token_is_named_by_its_name_and_its_handle() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let token = NamedToken { name: "deploy", handle: "abcDEF123456" };
    let expiry = Expiry::on(Date::parse("2027-02-01"));
    let mail = instance.app.mails_to(&jane, Notice::Token(TokenNotice::Created(expiry), token), &BY).remove(0);
    assert_eq!(
        (mail.subject.as_str(), mail.recipient.as_str()),
        ("A new personal access token has been created", "jane@example.com")
    );
    let expected = "\
Hi jane!

A personal access token was made for your account jane.

    Token:   deploy
    Handle:  abcDEF123456
    Expires: 2027-02-01
    Time:    2027-01-15 08:00 UTC
    Who:     the server

If this was you, there is nothing to do. If not, revoke what you do not
know, and change your password:

    /-/user_settings/personal_access_tokens

Type the address of this server into your browser yourself, with that path
behind it. This mail holds no link on purpose: do not follow one in a mail
that looks like it.
";
    assert_eq!(mail.body, expected);
}

#[tokio::test]
async fn a_changed_address_is_told_to_both() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let mails = instance.app.mails_to(&jane, Notice::EmailChanged { to: "new@example.com" }, &BY);
    let to: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(to, ["jane@example.com", "new@example.com"]);
}

#[tokio::test]
async fn who_cannot_use_the_account_is_told_nothing() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    for state in [UserState::Blocked, UserState::Banned, UserState::Deactivated] {
        let user = User { state, ..jane.clone() };
        assert!(
            instance.app.mails_to(&user, Notice::PasswordReset { must_change: false }, &BY).is_empty(),
            "{}",
            state.name()
        );
    }
    let unconfirmed = User { confirmed_at: None, ..jane };
    assert!(instance.app.mails_to(&unconfirmed, Notice::PasswordReset { must_change: false }, &BY).is_empty());
}

#[tokio::test]
async fn names_bring_neither_lines_nor_links() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let mallory = User { name: "Win\r\nBcc: x@y\n{link}\nhttps://evil.example/x".to_owned(), ..jane };
    let token = NamedToken { name: "see www.evil.example", handle: "abc" };
    for mail in [
        instance.app.mails_to(&mallory, Notice::Token(TokenNotice::Revoked, token), &BY).remove(0),
        reset_link(&mallory, &BY, NOW),
        invitation(&mallory.username, &mallory.name, "a@b.example"),
    ] {
        assert!(mail.body.starts_with("Hi Win  Bcc: x@y {link} https : // evil . example/x!\n"), "{}", mail.body);
        assert!(!mail.body.contains("://") && !mail.body.contains("evil.example"), "{}", mail.body);
        let links = mail.body.lines().filter(|line| *line == "{link}").count();
        assert_eq!(links, usize::from(["password_link", "account_created"].contains(&mail.kind)));
    }
    assert_eq!(confirmation_link(&mallory.username, &mallory.name, None, "a@b.example").recipient, "a@b.example");
}
