//! Listening unix sockets and their files.

use std::{
    fs, io,
    os::{
        fd::AsRawFd as _,
        unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

/// Why a path cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBound {
    /// Somebody else listens there.
    #[error("another program answers there: stop it, or choose another path")]
    Answered,
    /// A file is there that somebody may need.
    #[error("there is a file which is no socket: choose another path")]
    Occupied,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A listening socket. Its file goes with it.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) listener: UnixListener,
    _file: SocketFile,
}

/// Listens at `path` with that file mode. A socket that a killed process left behind is replaced; one that answers is not.
pub(crate) async fn listen(path: &Path, mode: u32) -> Result<Listening, NotBound> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(NotBound::Occupied),
        Ok(_) => clear(path).await?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let listener = {
        let (reachable, _directory) = within_reach(path)?;
        UnixListener::bind(reachable)?
    };
    let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(Listening { listener, _file: file })
}

/// Removes the socket at `path` if nobody listens there any more.
async fn clear(path: &Path) -> Result<(), NotBound> {
    match connect(path).await {
        Ok(_) => Err(NotBound::Answered),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(error) => Err(error.into()),
    }
}

/// Connects to the socket at `path`.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let (reachable, _directory) = within_reach(path)?;
    UnixStream::connect(reachable).await
}

/// A name for the path that fits the 107 bytes that the address of a socket has (unix(7)): a long one is reached through
/// its open directory, which is part of the answer and must be kept open meanwhile.
fn within_reach(path: &Path) -> io::Result<(PathBuf, Option<fs::File>)> {
    const LONGEST: usize = 107;
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok((path.to_owned(), None)) };
    if path.as_os_str().len() <= LONGEST {
        return Ok((path.to_owned(), None));
    }
    let directory = fs::File::open(directory)?;
    let reachable = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
    Ok((reachable, Some(directory)))
}

/// A socket's file, removed when the listener goes, unless another process has put its own there meanwhile.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket file stays behind");
        }
    }
}
