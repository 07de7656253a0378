//! One connection, from its first byte to its last.

use std::{future::poll_fn, io, pin::pin, sync::Arc, task::Poll, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;

use super::{
    Behind, Limits, Peer,
    keeper::{Keeper, Member},
    listener::Stream,
    service::Service,
    watch::Order,
    wire::Wire,
};

/// What all connections share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) keeper: Arc<Keeper>,
    tls: Option<TlsAcceptor>,
    http: auto::Builder<TokioExecutor>,
}

impl Shared {
    pub(super) fn new(limits: Limits, tls: Option<Arc<ServerConfig>>, keeper: Arc<Keeper>) -> Self {
        let http = http(&limits);
        Self { limits, keeper, tls: tls.map(TlsAcceptor::from), http }
    }
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    // Twice the limit, so that a head above it is usually whole and gets an answer that says what is wrong; for one
    // that is larger still, hyper sends a bare 431. Also the size of a read of a request's body.
    let buffer = 2 * limits.head_bytes.max(32 * 1024);
    // An HTTP/2 connection without a sign of life while a request is in hand: its peer may have gone without a word.
    let ping_after = Duration::from_mins(1);
    // For pushes over HTTP/2: what may be on its way unasked, per stream and per connection.
    let (stream_window, connection_window) = (256 * 1024, 1024 * 1024);

    let mut http = auto::Builder::new(TokioExecutor::new());
    // The head's time limit is the keeper's: hyper's starts with the connection's idle time.
    http.http1().max_buf_size(buffer).timer(TokioTimer::new()).header_read_timeout(None);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(ping_after)
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(connection_window)
        .max_send_buf_size(buffer)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    http
}

/// Carries one connection to its end.
pub(super) async fn carry<S: Behind>(stream: Stream, peer: Peer, shared: Arc<Shared>, member: Member, behind: S) {
    let served = match (stream, &shared.tls) {
        (Either::Left(stream), Some(tls)) => {
            let handshake = tokio::time::timeout(shared.limits.handshake_time, handshake(stream, tls));
            let stream = tokio::select! {
                biased;
                () = any_order(&member) => return,
                stream = handshake => stream,
            };
            match stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => serve(stream, &peer, &shared, &member, behind).await,
                Err(error) => Err(error.into()),
            }
        }
        (stream, _) => serve(stream, &peer, &shared, &member, behind).await,
    };
    if let Err(error) = served {
        tracing::debug!(peer = ?peer.addr, listener = %peer.local, %error, "a connection ended early");
    }
}

async fn any_order(member: &Member) {
    poll_fn(|cx| if member.watch.order(cx) > Order::CarryOn { Poll::Ready(()) } else { Poll::Pending }).await;
}

async fn handshake(
    mut stream: TcpStream,
    tls: &TlsAcceptor,
) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    /// Every TLS connection begins with a record of this type (RFC 8446 section 5.1).
    const HANDSHAKE_RECORD: u8 = 22;
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first == [HANDSHAKE_RECORD] {
        return tls.accept(stream).await;
    }
    // Most likely somebody wrote http:// for https://. A TLS alert would tell them nothing.
    stream.write_all(PLAIN_AT_TLS_PORT).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "plain HTTP at a TLS port"))
}

const PLAIN_AT_TLS_PORT: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 49\r\nconnection: close\r\n\r\nThis port speaks TLS: write https:// for http://\n";

async fn serve<S: Behind>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: &Peer,
    shared: &Shared,
    member: &Member,
    behind: S,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let watch = &member.watch;
    let service =
        Service { behind, peer: peer.clone(), head_bytes: shared.limits.head_bytes, watch: Arc::clone(watch) };
    let wire = Wire::new(stream, Arc::clone(watch));
    let mut connection = pin!(shared.http.serve_connection(TokioIo::new(wire.clone()), service));
    let mut finishing = false;
    poll_fn(|cx| {
        match watch.order(cx) {
            Order::Drop => return Poll::Ready(Ok(())),
            Order::Finish if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            Order::Finish | Order::CarryOn => {}
        }
        let outcome = connection.as_mut().poll(cx);
        match wire.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            _ => outcome,
        }
    })
    .await
}
