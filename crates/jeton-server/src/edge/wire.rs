//! A connection's bytes on their way between hyper and the socket.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::watch::{Waiting, Watch};

/// The most that is gathered before it is written.
const GATHER: usize = 16 * 1024;

/// A stream that takes notes of what passes, gathers small writes, and closes without losing what it has sent.
///
/// hyper flushes after every answer. To a client that pipelines its requests, answers are sent with one system call
/// per turn instead: what is written is gathered up to [`GATHER`] bytes, a flush does nothing, and whoever drives the
/// connection calls [`Wire::poll_send`] when hyper has done all it can for now. (hyper's own `pipeline_flush` would do
/// without this, but it lifts the limit of its write buffer, so that a slow client's clone ends up in memory whole, and
/// it never sends the 400 for a head that cannot be parsed.)
#[derive(Debug)]
pub(super) struct Wire<T>(Arc<Mutex<Ends<T>>>);

impl<T> Clone for Wire<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Ends<T> {
    stream: T,
    watch: Arc<Watch>,
    gathered: Vec<u8>,
    /// How much of `gathered` has been written.
    written: usize,
    /// Something was written to `stream` since it was flushed.
    unflushed: bool,
    /// This side has been ended.
    shut: bool,
}

impl<T> Wire<T> {
    pub(super) fn new(stream: T, watch: Arc<Watch>) -> Self {
        let ends = Ends { stream, watch, gathered: Vec::new(), written: 0, unflushed: false, shut: false };
        Self(Arc::new(Mutex::new(ends)))
    }

    fn ends(&self) -> MutexGuard<'_, Ends<T>> {
        // Never contended: hyper and the driver take turns in one task.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    /// Sends what has been gathered.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ends().poll_send(cx)
    }
}

impl<T: AsyncWrite + Unpin> Ends<T> {
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        if self.gathered.len() + bytes <= GATHER {
            for piece in pieces {
                self.gathered.extend_from_slice(piece);
            }
            return Poll::Ready(Ok(bytes));
        }
        ready!(self.poll_write_gathered(cx))?;
        self.unflushed = true;
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.watch.note_write(&outcome);
        outcome
    }

    fn poll_write_gathered(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.gathered.len() {
            self.unflushed = true;
            let outcome = Pin::new(&mut self.stream).poll_write(cx, &self.gathered[self.written..]);
            self.watch.note_write(&outcome);
            match ready!(outcome)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.written += bytes,
            }
        }
        self.gathered.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_gathered(cx))?;
        if self.unflushed {
            let outcome = Pin::new(&mut self.stream).poll_flush(cx);
            self.watch.note_write(&outcome);
            ready!(outcome)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> Ends<T> {
    /// Reads and throws away until the client ends its side.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Reads in one go before other connections get their turn.
        const TURN: u32 = 16;
        for _ in 0..TURN {
            let mut scratch = [0; 8 * 1024];
            let mut scratch = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut scratch));
            if read.is_err() || scratch.filled().is_empty() {
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.ends();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut ends.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            ends.watch.note_read();
        }
        outcome
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.ends().poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.ends().poll_write(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Left to [`Wire::poll_send`].
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends this side, then reads what the client is still sending, until it ends its side too or the keeper's patience
    /// is over. Closing a socket that holds unread bytes resets the connection, and the reset may overtake the answer
    /// on its way: the client would see neither a 431 nor a 413.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.ends();
        if !ends.shut {
            ready!(ends.poll_send(cx))?;
            ready!(Pin::new(&mut ends.stream).poll_shutdown(cx))?;
            ends.shut = true;
            if !ends.watch.has_unread() {
                return Poll::Ready(Ok(()));
            }
            ends.watch.wait_for(Waiting::Linger);
        }
        ends.poll_linger(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{sync::atomic::AtomicU32, task::Waker};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn wire(holds: usize) -> (Wire<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(holds);
        (Wire::new(ours, Arc::new(Watch::new(Arc::new(AtomicU32::new(0))))), theirs)
    }

    #[tokio::test]
    async fn small_writes_go_together() {
        let (mut wire, mut theirs) = wire(GATHER);
        wire.write_all(b"one").await.unwrap();
        wire.flush().await.unwrap();
        wire.write_all(b"two").await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut seen = [0; 16];
        assert!(Pin::new(&mut theirs).poll_read(&mut cx, &mut ReadBuf::new(&mut seen)).is_pending());
        assert!(wire.poll_send(&mut cx).is_ready());
        assert_eq!(theirs.read(&mut seen).await.unwrap(), 6);
        assert_eq!(&seen[..6], b"onetwo");
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_stops_the_writer() {
        let (mut wire, mut theirs) = wire(1024);
        let mut cx = Context::from_waker(Waker::noop());
        let big = vec![7; 4 * GATHER];
        let mut sent = 0;
        while let Poll::Ready(bytes) = Pin::new(&mut wire).poll_write(&mut cx, &big[sent..]) {
            sent += bytes.unwrap();
        }
        assert!(sent <= GATHER + 1024, "{sent} bytes were taken although nobody reads");
        assert!(wire.poll_send(&mut cx).is_pending() || sent <= 1024);
        let (mut seen, rest) = (Vec::new(), big[sent..].to_vec());
        let writing = tokio::spawn(async move {
            wire.write_all(&rest).await.unwrap();
            wire.shutdown().await.unwrap();
        });
        theirs.read_to_end(&mut seen).await.unwrap();
        writing.await.unwrap();
        assert_eq!(seen, big);
    }
}
