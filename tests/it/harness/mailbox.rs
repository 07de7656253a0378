//! Mails that a server without a mail server wrote into files.

use std::{fs, path::Path};

use super::{Server, secrets, wait_for};

/// A mail, decoded as far as the tests need it: its parts are UTF-8 in quoted-printable.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// To whom.
    pub(crate) to: String,
    /// The subject line.
    pub(crate) subject: String,
    /// The text.
    pub(crate) body: String,
}

impl Letter {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
        };
        Self { to: header("To: "), subject: header("Subject: "), body: decoded(body) }
    }

    /// The path and query of the link to that page, and its secret, which no other file may hold.
    #[track_caller]
    pub(crate) fn link(&self, page: &str) -> (String, String) {
        let line = self.body.lines().find(|line| line.contains(page)).unwrap_or_else(|| panic!("{self:?}"));
        let path = &line[line.find(page).unwrap()..];
        let secret = path.rsplit_once('=').unwrap().1;
        secrets::remember_mailed(secret);
        (path.to_owned(), secret.to_owned())
    }
}

/// Quoted-printable (RFC 2045 section 6.7).
fn decoded(text: &str) -> String {
    let text = text.replace("=\r\n", "").replace("\r\n", "\n");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

impl Server {
    /// What was written to that address so far, the oldest first.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<Letter> {
        let Ok(entries) = fs::read_dir(self.data_dir().join("mail")) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        paths.sort();
        paths.iter().map(|path| Letter::read(path)).filter(|letter| letter.to == address).collect()
    }

    /// The mail of that subject to that address, as soon as there are `count` of them: the last one.
    pub(crate) fn wait_for_mail(&self, address: &str, subject: &str, count: usize) -> Letter {
        wait_for("a mail", || {
            let mut letters = self.mails_to(address);
            letters.retain(|letter| letter.subject == subject);
            (letters.len() >= count).then(|| letters.pop().unwrap())
        })
    }
}
