//! Mails as files, where no mail server is set: whoever may read the data directory may read them, and hand them on.

use std::{
    fs::{DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// A directory of mails.
#[derive(Clone, Debug)]
pub(super) struct Files {
    directory: PathBuf,
}

impl Files {
    /// In that directory, which is made when it is needed.
    pub(super) const fn below(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Writes a mail: a reader sees all of it or nothing, and only the owner is one. The same name is the same mail.
    pub(super) async fn write(&self, name: String, text: Vec<u8>) -> io::Result<()> {
        let directory = self.directory.clone();
        tokio::task::spawn_blocking(move || write(&directory, &name, &text)).await?
    }
}

fn write(directory: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let unfinished = directory.join(format!(".{name}.new"));
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, directory.join(format!("{name}.eml")))
}
