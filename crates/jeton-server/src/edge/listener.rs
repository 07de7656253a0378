//! Listening sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use super::{Address, Listen, Peer};

/// Why an address cannot be listened on, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {why}")]
pub struct BindError {
    listen: String,
    why: String,
}

impl BindError {
    fn new(listen: &Listen, why: impl Into<String>) -> Self {
        Self { listen: listen.to_string(), why: why.into() }
    }

    fn io(listen: &Listen, error: &io::Error) -> Self {
        let mend = match error.kind() {
            io::ErrorKind::AddrInUse => ": stop the program that uses it, or choose another address",
            io::ErrorKind::PermissionDenied => ": choose a port above 1023 or a path this user may write to",
            io::ErrorKind::AddrNotAvailable => ": this machine has no such address; 0.0.0.0 stands for all it has",
            io::ErrorKind::NotFound => ": create the directory first",
            _ => "",
        };
        Self::new(listen, format!("{error}{mend}"))
    }
}

/// One bound socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    address: Arc<Address>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _file: SocketFile },
}

impl Listener {
    pub(super) async fn bind(listen: &Listen, tls: bool) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp { host, port } => {
                let bound = async {
                    let socket = TcpListener::bind((host.as_str(), *port)).await?;
                    let address = socket.local_addr()?;
                    io::Result::Ok((socket, address))
                };
                let (socket, address) = bound.await.map_err(|error| BindError::io(listen, &error))?;
                Ok(Self { socket: Socket::Tcp(socket), address: Arc::new(Address::Tcp { address, tls }) })
            }
            Listen::Unix(path) => {
                let (listener, file) = bind_unix(listen, path).await?;
                Ok(Self {
                    socket: Socket::Unix { listener, _file: file },
                    address: Arc::new(Address::Unix(path.clone())),
                })
            }
        }
    }

    pub(super) fn address(&self) -> &Arc<Address> {
        &self.address
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        let (stream, addr) = match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are written whole: waiting for more to send with them (Nagle) only delays them.
                stream.set_nodelay(true)?;
                (Stream::Left(stream), Some(canonical(address)))
            }
            Socket::Unix { listener, .. } => (Stream::Right(listener.accept().await?.0), None),
        };
        let tls = matches!(*self.address, Address::Tcp { tls: true, .. });
        Ok((stream, Peer { addr, local: Arc::clone(&self.address), tls }))
    }
}

/// An IPv4 client of a dual-stack socket is an IPv4 client.
fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

/// Whether `accept()` failed because this one client has gone again: nothing to report, nothing to wait for.
pub(super) fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Interrupted
    )
}

/// Binds a unix socket that every local user may connect to, as a TCP port on loopback would be: who may do what is
/// decided by credentials. A socket file that a killed process left behind is replaced; one that answers is not.
async fn bind_unix(listen: &Listen, path: &Path) -> Result<(UnixListener, SocketFile), BindError> {
    const EVERYBODY: u32 = 0o666;
    if UnixStream::connect(path).await.is_ok() {
        return Err(BindError::new(listen, "another program answers there: stop it, or choose another path"));
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(|error| BindError::io(listen, &error))?;
        }
        Ok(_) => return Err(BindError::new(listen, "there is a file which is no socket: choose another path")),
        Err(_) => {}
    }
    let io_error = |error| BindError::io(listen, &error);
    let socket = UnixListener::bind(path).map_err(io_error)?;
    let file = SocketFile::remember(path).map_err(io_error)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(EVERYBODY)).map_err(io_error)?;
    Ok((socket, file))
}

/// A socket's file, removed when the listener goes, unless another process has put its own there meanwhile.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn remember(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = std::fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket file stays behind");
        }
    }
}

/// A connection's bytes, before any TLS.
pub(super) type Stream = Either<TcpStream, UnixStream>;
