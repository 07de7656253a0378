//! Mails on their way out of the program: by SMTP, or as files where no server is set.
//!
//! What is queued in the database ([`jeton_store::mails`]) is carried by one task, [`courier`]. A mail is sent at least
//! once: a node that dies between sending and striking off leaves it to another one, with the same `Message-ID`.

mod address;
mod courier;
mod files;
mod message;
mod smtp;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

pub use lettre::message::Mailbox;

pub use address::{SmtpAddress, sender, sender_of};
pub use courier::run as courier;
pub use smtp::Smtp;

use files::Files;

/// What the operator decided about mails.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server that takes them; none: they are written to files.
    pub smtp: Option<SmtpAddress>,
    /// Who they come from.
    pub from: Mailbox,
}

/// Why a mail was not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotSent {
    /// Trying again later can help.
    ForNow(String),
    /// The same would be said every time.
    ForGood(String),
}

impl NotSent {
    /// What was said.
    pub fn why(&self) -> &str {
        match self {
            Self::ForNow(why) | Self::ForGood(why) => why,
        }
    }
}

/// The way that mails go, and what is counted of them.
#[derive(Debug)]
pub struct Post {
    way: Way,
    from: Mailbox,
    queued: AtomicI64,
    sent: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

#[derive(Debug)]
enum Way {
    Smtp(Smtp),
    Files(Files),
}

impl Post {
    /// The way that these settings name; files lie in `mail/` below the data directory. `external_url` tells the mail
    /// server who calls.
    pub fn new(settings: &MailSettings, external_url: &str, data_dir: &Path) -> Self {
        let way = match &settings.smtp {
            Some(address) => Way::Smtp(Smtp::new(address.clone(), external_url)),
            None => Way::Files(Files::below(data_dir.join("mail"))),
        };
        Self {
            way,
            from: settings.from.clone(),
            queued: AtomicI64::default(),
            sent: AtomicU64::default(),
            failed: AtomicU64::default(),
            given_up: AtomicU64::default(),
        }
    }

    /// Mails that wait, as far as the courier last saw.
    pub(crate) fn queued(&self) -> usize {
        usize::try_from(self.queued.load(Relaxed)).unwrap_or(0)
    }

    /// Mails that were sent, attempts that failed, and mails that were given up, since the start.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [&self.sent, &self.failed, &self.given_up].map(|count| count.load(Relaxed))
    }
}
