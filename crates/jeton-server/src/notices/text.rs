//! How a mail's text is put together.

use jeton_core::{id::UserId, time::Timestamp, user::User};
use jeton_store::{
    By, Means,
    mails::{LINK_LINE, Mail},
};

use super::client;

/// Characters in a line of prose.
const WIDTH: usize = 76;
/// Characters of a name that are repeated.
const LONGEST: usize = 255;

/// A mail without its greeting and address.
#[derive(Clone, Debug, Default)]
pub(super) struct Letter {
    kind: &'static str,
    subject: &'static str,
    /// What happened.
    opening: String,
    has_link: bool,
    facts: Vec<(&'static str, String)>,
    /// What to do.
    closing: String,
}

impl Letter {
    /// What it is about, in a word, and its subject line.
    pub(super) fn about(self, kind: &'static str, subject: &'static str) -> Self {
        Self { kind, subject, ..self }
    }

    /// What happened.
    pub(super) fn says(self, text: &str) -> Self {
        Self { opening: wrapped(text), ..self }
    }

    /// A link follows.
    pub(super) fn link(self) -> Self {
        Self { has_link: true, ..self }
    }

    /// One more line of what is known.
    pub(super) fn fact(mut self, label: &'static str, value: &str) -> Self {
        self.facts.push((label, shown(value)));
        self
    }

    /// When it happened, from where, with what, and who did it.
    pub(super) fn circumstances(self, user: &User, by: &By, now: Timestamp) -> Self {
        self.origin(by, now).fact("Who", who(user, by))
    }

    /// When it happened, from where and with what.
    pub(super) fn origin(self, by: &By, now: Timestamp) -> Self {
        let time = now.to_string();
        let time = time.get(..16).unwrap_or(&time).replace('T', " ");
        let mut letter = self.fact("Time", &format!("{time} UTC"));
        if let Some(address) = by.address {
            letter = letter.fact("Network", &address.to_string());
        }
        if let Some(client) = &by.client {
            letter = letter.fact("Client", &client::in_words(client));
        }
        letter
    }

    /// What to do if it was somebody else, and on which path.
    pub(super) fn if_not_you(self, what: &str, path: &str) -> Self {
        self.with_path(&format!("If this was you, there is nothing to do. If not, {what}"), path)
    }

    /// The same, where it never is the owner.
    pub(super) fn if_unexpected(self, what: &str, path: &str) -> Self {
        self.with_path(&format!("If you did not expect this, {what}"), path)
    }

    fn with_path(self, what: &str, path: &str) -> Self {
        let hint = wrapped(
            "Type the address of this server into your browser yourself, with that path behind it. This mail holds no link \
             on purpose: do not follow one in a mail that looks like it.",
        );
        Self { closing: format!("{}\n\n    {path}\n\n{hint}", wrapped(what)), ..self }
    }

    /// The last words.
    pub(super) fn ends(self, text: &str) -> Self {
        Self { closing: wrapped(text), ..self }
    }

    /// To that address of the user.
    pub(super) fn to(&self, user: &User, address: &str) -> Mail {
        self.to_somebody(&user.name, Some(user.id), address)
    }

    /// To that address of somebody who may have no number yet.
    pub(super) fn to_somebody(&self, name: &str, user: Option<UserId>, address: &str) -> Mail {
        let width = self.facts.iter().map(|(label, _)| label.len()).max().unwrap_or_default() + 1;
        let facts: Vec<String> =
            self.facts.iter().map(|(label, value)| format!("    {:width$} {value}", format!("{label}:"))).collect();
        let link = if self.has_link { LINK_LINE } else { "" };
        let parts = [&self.opening, link, &facts.join("\n"), &self.closing].map(str::to_owned);
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Mail {
            kind: self.kind,
            user,
            recipient: address.to_owned(),
            subject: self.subject.to_owned(),
            body: format!("Hi {}!\n\n{}\n", shown(name), parts.join("\n\n")),
        }
    }
}

fn who(user: &User, by: &By) -> &'static str {
    let is_owner = by.user == Some(user.id);
    match by.means {
        Means::CommandLine => "an administrator, on the server's command line",
        Means::Link => "whoever had the link",
        Means::Server => "the server",
        Means::Session | Means::Token | Means::Password | Means::Passkey if !is_owner && by.user.is_some() => {
            "an administrator"
        }
        Means::Session => "your account, in a browser",
        Means::Password => "your account, with its password",
        Means::Passkey => "your account, with a passkey",
        Means::Token if by.user.is_none() => "whoever used the secret of before",
        Means::Token => "your account, with a token",
    }
}

/// A text of somebody's, in one line. Mail programs make links of what looks like an address, and whoever chose the text
/// may not mean well: what names a scheme is taken apart.
fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let is_link = line.contains("://") || line.to_lowercase().contains("www.");
    if is_link { line.replace("://", " : // ").replace('.', " . ") } else { line }
}

/// Prose in lines of a readable length; a word that is longer has a line of its own.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else if let Some(line) = lines.last_mut() {
            if last > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
