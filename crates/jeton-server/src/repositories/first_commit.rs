//! The commit with which a repository begins when its project asks for a README.

use jeton_core::{git::BranchName, time::Timestamp};

/// What the first commit of a repository says.
#[derive(Clone, Debug)]
pub struct FirstCommit {
    /// The project's name: the README's heading.
    pub name: String,
    /// What the project is about: the README's text.
    pub description: Option<String>,
    /// The author's name.
    pub author: String,
    /// The author's e-mail address.
    pub email: String,
    /// When.
    pub at: Timestamp,
}

impl FirstCommit {
    /// The commit as a stream for git-fast-import(1).
    pub(super) fn stream(&self, branch: &BranchName) -> Vec<u8> {
        let readme = self.readme();
        let message = "Initial commit";
        let person = format!("{} <{}> {} +0000", plain(&self.author), plain(&self.email), self.at.seconds());
        format!(
            "commit refs/heads/{branch}\nauthor {person}\ncommitter {person}\ndata {}\n{message}\n\
             M 100644 inline README.md\ndata {}\n{readme}\ndone\n",
            message.len(),
            readme.len(),
        )
        .into_bytes()
    }

    fn readme(&self) -> String {
        let description = self.description.as_deref().unwrap_or_default().trim();
        let heading = self.name.replace(['\r', '\n'], " ");
        if description.is_empty() { format!("# {heading}\n") } else { format!("# {heading}\n\n{description}\n") }
    }
}

/// A person's name or address as a commit can hold it: no line ends and no angle brackets.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    text.trim().to_owned()
}
