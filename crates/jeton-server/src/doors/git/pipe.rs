//! The two directions of an exchange: a request's body into git, git's output into the answer. Both hold one buffer,
//! however much flows.

use std::{io, os::fd::AsFd, time::Duration};

use async_compression::tokio::bufread::GzipDecoder;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use rustix::pipe::fcntl_setpipe_size;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, ChildStdout},
    sync::mpsc,
    time::timeout,
};
use tokio_util::io::StreamReader;

use super::{backend::End, protocol::Encoding};

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;
/// Bytes that the kernel keeps between git and us, so that both work at the same time instead of taking turns. Linux lets
/// everybody have this much (`/proc/sys/fs/pipe-max-size`); where it does not, the usual 64 KiB will do.
const PIPE: usize = 1024 * 1024;
/// Free bytes below which a buffer is replaced instead of filled further.
const CRUMB: usize = BUFFER / 4;

/// Where pieces of the answer go.
pub(super) type Outlet = mpsc::Sender<Result<Bytes, End>>;

/// A request's body, to be fed to git.
pub(super) struct Inlet {
    pub(super) body: Body,
    pub(super) encoding: Encoding,
    /// Bytes, inflated, after which the request is refused; none where any size is fine.
    pub(super) limit: Option<u64>,
    /// For how long the client may send nothing.
    pub(super) idle: Duration,
}

impl Inlet {
    /// Feeds the body to git as it comes, and answers how many bytes it was, inflated.
    ///
    /// A git that stops reading has its reasons, which it tells in its answer. The rest of the body is then read and
    /// thrown away: many clients look at the answer only when they have sent everything.
    pub(super) async fn feed(self, stdin: ChildStdin) -> Result<u64, End> {
        let mut reader = reader(self.body, self.encoding);
        widen(&stdin);
        let mut stdin = Some(stdin);
        let mut buffer = BytesMut::with_capacity(BUFFER);
        let mut fed: u64 = 0;
        loop {
            buffer.clear();
            let read = timeout(self.idle, reader.read_buf(&mut buffer)).await.map_err(|_| End::ClientSilent)?;
            let read = read.map_err(|error| reading_failed(&error))?;
            if read == 0 {
                return Ok(fed);
            }
            fed += read as u64;
            if self.limit.is_some_and(|limit| fed > limit) {
                return Err(End::TooLarge);
            }
            if let Some(open) = &mut stdin
                && open.write_all(&buffer).await.is_err()
            {
                stdin = None;
            }
        }
    }
}

fn widen(pipe: impl AsFd) {
    let _ = fcntl_setpipe_size(pipe, PIPE);
}

fn reader(body: Body, encoding: Encoding) -> Box<dyn AsyncRead + Send + Unpin> {
    let stream = body.into_data_stream().map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error));
    let raw = StreamReader::new(stream);
    match encoding {
        Encoding::Identity => Box::new(raw),
        Encoding::Gzip => {
            let mut inflated = GzipDecoder::new(raw);
            // All of the body counts: what follows the first member is another one (RFC 1952 section 2.2) or nonsense.
            inflated.multiple_members(true);
            Box::new(inflated)
        }
    }
}

fn reading_failed(error: &io::Error) -> End {
    match error.kind() {
        io::ErrorKind::ConnectionAborted => End::ClientLeft,
        _ => End::BadGzip,
    }
}

/// Passes git's output on as it comes. `idle` is for how long the client may take nothing.
pub(super) async fn pass_on(mut stdout: ChildStdout, outlet: &Outlet, idle: Duration) -> Result<(), End> {
    widen(&stdout);
    let mut buffer = BytesMut::new();
    loop {
        if buffer.capacity() < CRUMB {
            buffer.reserve(BUFFER);
        }
        match stdout.read_buf(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(_) => {
                let piece = buffer.split().freeze();
                let taken = timeout(idle, outlet.send(Ok(piece))).await.map_err(|_| End::ClientSilent)?;
                taken.map_err(|_| End::ClientLeft)?;
            }
            Err(error) => return Err(End::Broken(format!("reading from git failed: {error}"))),
        }
    }
}
