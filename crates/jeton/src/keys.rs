//! The instance's secret: the key under which tokens are digested. It is made on the first start and kept in the data
//! directory, never in the database: who steals one of the two has nothing.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jeton_core::token::DigestKey;
use jeton_server::nature;
use jeton_store::Store;
use zeroize::Zeroizing;

/// The key's bytes.
type Bytes = Zeroizing<[u8; 32]>;

/// Where the key is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("token-digest.key")
}

/// The key of this data directory, which is also the one that the database knows. On the first start it is made.
pub(crate) async fn settle(data_dir: &Path, store: &Store) -> anyhow::Result<DigestKey> {
    let path = path(data_dir);
    let known = store.digest_key_id().await?;
    let key = match (read(&path)?, &known) {
        (Some(key), _) => key,
        (None, None) => make(&path)?,
        (None, Some(known)) => bail!(
            "{} is missing, and the database was made with the key {known}: put the key's file back, from a backup or \
             from another node",
            path.display()
        ),
    };
    let known = store.settle_digest_key(key.id()).await?;
    if known != key.id() {
        bail!(
            "{} holds the key {}, and the database knows the key {known}: no token would be recognised. Put the right \
             key's file there, or set database_url to the database that belongs to this data directory",
            path.display(),
            key.id()
        );
    }
    Ok(key)
}

/// The key in that file, if there is one.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<DigestKey>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("the key {} cannot be read", path.display())),
    };
    let bytes = parse(text.trim())
        .with_context(|| format!("{} is no key (64 hexadecimal digits): put it back from a backup", path.display()))?;
    Ok(Some(DigestKey::new(&bytes)))
}

/// Makes a key and keeps it. Where another node was faster, it is that node's key.
fn make(path: &Path) -> anyhow::Result<DigestKey> {
    let failed = || format!("the key {} cannot be written", path.display());
    if let Some(directory) = path.parent() {
        private_directory(directory).with_context(failed)?;
    }
    let bytes: Bytes = nature::chance()?;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    write(&draft, &bytes).with_context(failed)?;
    // A link does not replace what is there: of two nodes that start together, one wins, and both read its key.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).with_context(failed)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(failed),
    }
    sync_directory(path).with_context(failed)?;
    read(path)?.with_context(failed)
}

/// Makes a directory, and those above it, that only the program's user can look into; one that exists stays as it is.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

fn write(path: &Path, bytes: &Bytes) -> io::Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in bytes.iter() {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    text.push('\n');
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file's name lasts through a power cut only once its directory is on the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
}

fn parse(text: &str) -> Option<Bytes> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (position, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * position..2 * position + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    async fn store(directory: &Path, name: &str) -> Store {
        Store::open(&format!("sqlite:{}", directory.join(name).display())).await.unwrap()
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let database = store(directory.path(), "a.db").await;
        let key = settle(directory.path(), &database).await.unwrap();
        assert_eq!(settle(directory.path(), &database).await.unwrap().id(), key.id());
        let path = path(directory.path());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft stays behind");
    }

    #[tokio::test]
    async fn a_key_that_the_database_does_not_know_is_refused() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let database = store(one.path(), "a.db").await;
        settle(one.path(), &database).await.unwrap();
        let missing = settle(two.path(), &database).await.unwrap_err().to_string();
        assert!(missing.contains("is missing"), "{missing}");
        assert!(!path(two.path()).exists(), "no new key takes the place of a lost one");

        settle(two.path(), &store(two.path(), "b.db").await).await.unwrap();
        let foreign = settle(two.path(), &database).await.unwrap_err().to_string();
        assert!(foreign.contains("no token would be recognised"), "{foreign}");

        fs::write(path(two.path()), "not a key").unwrap();
        let broken = settle(two.path(), &database).await.unwrap_err().to_string();
        assert!(broken.contains("is no key"), "{broken}");
    }
}
