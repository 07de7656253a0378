//! How the command line speaks to the servers that run on the same data directory.
//!
//! Commands change the database directly, and a server remembers what it read there. So each server listens on a socket
//! of its own, `run/NODE-PROCESS.sock` below the data directory, that only the program's user can connect to. A command
//! commits its change, says so, and waits for the word that it has been done before it exits.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{
    app::App,
    unix_socket::{self, Listening},
};

/// "Forget everything that you remember of the database."
const FORGET: &str = "forget everything\n";
/// "It is forgotten."
const FORGOTTEN: &str = "forgotten\n";
/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longer than anything that is said.
const LONGEST: u64 = 64;

/// Where the sockets are.
fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("run")
}

/// The name of this machine, as far as it can stand in a file's name.
fn node() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.replace(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-'), "_")
}

/// The server's side.
#[derive(Debug)]
pub struct Control(Listening);

/// Why a server cannot be spoken to.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for the command line at {path}: {why}", path = path.display())]
pub struct Unreachable {
    path: PathBuf,
    why: String,
}

impl Control {
    /// Listens; the socket's directory exists already.
    pub async fn open(data_dir: &Path) -> Result<Self, Unreachable> {
        const OWNER: u32 = 0o600;
        let path = directory(data_dir).join(format!("{}-{}.sock", node(), std::process::id()));
        match unix_socket::listen(&path, OWNER).await {
            Ok(listening) => Ok(Self(listening)),
            Err(error) => Err(Unreachable { path, why: error.to_string() }),
        }
    }

    /// Does what it is told, until it is dropped.
    pub async fn serve(self, app: App) {
        loop {
            match self.0.listener.accept().await {
                Ok((stream, _)) => {
                    let app = app.clone();
                    tokio::spawn(async move { tokio::time::timeout(PATIENCE, obey(stream, &app)).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a command; trying again");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn obey(stream: tokio::net::UnixStream, app: &App) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let said = line(read).await?;
    let answer = if said == FORGET {
        app.forget_everything().await;
        app.store.look_for_mails();
        tracing::debug!("forgot what was remembered, as the command line asked");
        FORGOTTEN
    } else {
        "not understood\n"
    };
    write.write_all(answer.as_bytes()).await
}

async fn line(read: impl tokio::io::AsyncRead + Unpin) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(read.take(LONGEST)).read_line(&mut line).await?;
    Ok(line)
}

/// Why a server may still believe what was true before.
#[derive(Debug, thiserror::Error)]
#[error(
    "the change is made, but a running server has not confirmed it ({path}: {why}): repeat the command, or restart that \
     server",
    path = path.display()
)]
pub struct Unconfirmed {
    path: PathBuf,
    why: String,
}

/// Tells every server that runs on this data directory to forget what it remembers, and waits until each has done it.
/// For commands, after their change is committed.
pub async fn forget_everywhere(data_dir: &Path) -> Result<(), Unconfirmed> {
    let directory = directory(data_dir);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Unconfirmed { path: directory, why: error.to_string() }),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "sock") {
            tell(&path).await.map_err(|why| Unconfirmed { path, why })?;
        }
    }
    Ok(())
}

async fn tell(path: &Path) -> Result<(), String> {
    let stream = match unix_socket::connect(path).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            clear_away(path);
            return Ok(());
        }
        Err(error) => return Err(error.to_string()),
    };
    let talk = async {
        let (read, mut write) = stream.into_split();
        write.write_all(FORGET.as_bytes()).await?;
        line(read).await
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(answer)) if answer == FORGOTTEN => Ok(()),
        Ok(Ok(answer)) => Err(format!("it answered `{}`", answer.trim_end())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

/// A killed server left its socket behind. One of another machine, in a shared data directory, may well be in use there.
fn clear_away(path: &Path) {
    let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{}-", node())));
    if ours && let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "an abandoned socket stays behind");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn data_dir() -> tempfile::TempDir {
        let data_dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory(data_dir.path())).unwrap();
        data_dir
    }

    fn sockets(data_dir: &Path) -> Vec<PathBuf> {
        std::fs::read_dir(directory(data_dir)).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[tokio::test]
    async fn nobody_there_is_nobody_to_tell() {
        forget_everywhere(Path::new("/nowhere")).await.unwrap();
        let data_dir = data_dir();
        forget_everywhere(data_dir.path()).await.unwrap();
        let left = directory(data_dir.path()).join(format!("{}-1.sock", node()));
        drop(std::os::unix::net::UnixListener::bind(&left).unwrap());
        let foreign = directory(data_dir.path()).join("another.machine-1.sock");
        drop(std::os::unix::net::UnixListener::bind(&foreign).unwrap());
        forget_everywhere(data_dir.path()).await.unwrap();
        assert_eq!(sockets(data_dir.path()), [foreign], "what this machine left behind is cleared away");
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_as_it_should_is_told_of() {
        let data_dir = data_dir();
        let path = directory(data_dir.path()).join("x-1.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let rude = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.into_split();
            assert_eq!(line(read).await.unwrap(), FORGET);
            write.write_all(b"no\n").await.unwrap();
        });
        let error = forget_everywhere(data_dir.path()).await.unwrap_err().to_string();
        assert!(error.contains("x-1.sock: it answered `no`"), "{error}");
        rude.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_is_not_waited_for_for_ever() {
        let data_dir = data_dir();
        let path = directory(data_dir.path()).join("x-1.sock");
        let _deaf = tokio::net::UnixListener::bind(&path).unwrap();
        let error = forget_everywhere(data_dir.path()).await.unwrap_err().to_string();
        assert!(error.contains("no answer within 5 seconds"), "{error}");
    }

    #[tokio::test]
    async fn a_long_path_is_no_trouble_and_the_socket_is_private() {
        let data_dir = tempfile::tempdir().unwrap();
        let deep = data_dir.path().join("x".repeat(120));
        std::fs::create_dir_all(directory(&deep)).unwrap();
        let control = Control::open(&deep).await.unwrap();
        let path = sockets(&deep).pop().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(unix_socket::connect(&path).await.is_ok());
        drop(control);
        assert!(sockets(&deep).is_empty());
    }
}
