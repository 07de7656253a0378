//! Files that are there whole or not at all, whatever happens meanwhile.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Writes a file that only the program's user can read: aside, and renamed into its place, in place of what is there.
pub(crate) fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // Another process may write the same file.
    let (place, aside) = (directory.join(name), directory.join(format!("{name}.{}.new", std::process::id())));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(aside, place)?;
    File::open(directory)?.sync_all()
}
