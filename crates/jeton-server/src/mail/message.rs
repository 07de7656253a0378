//! A mail as it travels (RFC 5322): headers that nobody can add lines to, and a text in UTF-8.

use std::time::{Duration, UNIX_EPOCH};

use jeton_core::time::Timestamp;
use jeton_store::mails::{DueMail, LINK_LINE, LinkMail, Mail, MailLink};
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::address::domain;
use crate::{
    app::App,
    nature::{self, NoChance},
};

/// The mail with its link in place.
///
/// # Errors
/// Why it is no mail, in words: its address, for example.
pub(super) fn write(app: &App, mail: &DueMail, from: &Mailbox) -> Result<Message, String> {
    let url = &app.config.external_url;
    let to: Address = mail.recipient.parse().map_err(|error| format!("the address is wrong: {error}"))?;
    let micros = u64::try_from(mail.created_at.micros()).unwrap_or_default();
    let body = body(mail, |path, seed| format!("{url}{path}{}", app.sessions.mailed_secret(seed)));
    let body = Body::new_with_encoding(body, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| "the text cannot be encoded".to_owned())?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        // The same however often it is tried, so that what arrives twice can be told to be one.
        .message_id(Some(format!("<{}.{micros}@{}>", mail.id, domain(url))))
        .header(ContentType::TEXT_PLAIN)
        // No vacation message shall answer (RFC 3834 section 5).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All".to_owned()))
        .body(body)
        .map_err(|error| error.to_string())
}

/// The text, with the link in the place of its line.
fn body(mail: &DueMail, link: impl Fn(&str, &[u8]) -> String) -> String {
    let Some((path, seed)) = &mail.link else { return mail.body.clone() };
    let put = |line: &str| if line == LINK_LINE { link(path, seed) } else { line.to_owned() };
    mail.body.split('\n').map(put).collect::<Vec<_>>().join("\n")
}

impl App {
    /// Adds a new link to a mail whose text has a line for it. It works until that moment.
    pub(crate) fn with_link(
        &self,
        mail: Mail,
        path: &'static str,
        expires_at: Timestamp,
    ) -> Result<LinkMail, NoChance> {
        let seed: [u8; 32] = *nature::chance()?;
        let digest = self.sessions.link_digest(&self.sessions.mailed_secret(&seed));
        Ok(LinkMail { mail, link: MailLink { path, seed, expires_at }, digest })
    }
}
