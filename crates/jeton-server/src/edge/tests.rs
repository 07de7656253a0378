//! The edge, seen through real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::Extension,
    routing::{get, post},
};
use hyper::Version;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::nature::Stopwatch;

/// Waits for what should come at once fail after this, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

struct Running {
    addresses: Vec<Arc<Address>>,
    keeper: Arc<Keeper>,
    stop: Option<oneshot::Sender<()>>,
    stopped: JoinHandle<Stopped>,
}

impl Running {
    async fn with(listen: &[&str], tls: Option<&Certificate>, limits: Limits) -> Self {
        let listen: Vec<Listen> = listen.iter().map(|text| text.parse().unwrap()).collect();
        Self::serve(Edge::bind(&listen, tls, limits).await.unwrap(), router())
    }

    async fn behind(router: Router, limits: Limits) -> Self {
        Self::serve(Edge::bind(&["127.0.0.1:0".parse().unwrap()], None, limits).await.unwrap(), router)
    }

    fn serve(edge: Edge, router: Router) -> Self {
        let (addresses, keeper) = (edge.addresses(), edge.keeper());
        let (stop, stopping) = oneshot::channel();
        let stopped = tokio::spawn(edge.serve(router, async {
            let _ = stopping.await;
        }));
        Self { addresses, keeper, stop: Some(stop), stopped }
    }

    async fn new(limits: Limits) -> Self {
        Self::with(&["127.0.0.1:0"], None, limits).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.addresses[0].port().unwrap())).await.unwrap()
    }

    fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    async fn stopped(self) -> Stopped {
        tokio::time::timeout(SOON, self.stopped).await.unwrap().unwrap()
    }
}

fn router() -> Router {
    async fn who(Extension(peer): Extension<Peer>) -> String {
        format!("{:?} tls={}", peer.addr, peer.tls)
    }
    async fn slow() -> &'static str {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    }
    async fn never() {
        std::future::pending::<()>().await;
    }
    async fn huge() -> Vec<u8> {
        vec![b'x'; 64 * 1024 * 1024]
    }
    async fn panics() -> &'static str {
        panic!("on purpose")
    }
    Router::new()
        .route("/who", get(who))
        .route("/slow", get(slow))
        .route("/never", get(never))
        .route("/huge", get(huge))
        .route("/panics", get(panics))
        .route("/refuse", post(async || hyper::StatusCode::PAYLOAD_TOO_LARGE))
        .route("/length", post(async |body: bytes::Bytes| body.len().to_string()))
}

fn quick() -> Limits {
    Limits {
        head_time: Duration::from_millis(200),
        idle_time: Duration::from_millis(400),
        write_time: Duration::from_millis(300),
        linger_time: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// Everything until the other side closes.
async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

/// Until the answer ends with `end`.
async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let byte = tokio::time::timeout(SOON, stream.read_u8()).await.unwrap();
        answer.push(byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&answer))));
    }
    String::from_utf8(answer).unwrap()
}

const WHO: &[u8] = b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
const WHO_ANSWER_END: &str = "Some(127.0.0.1) tls=false";

#[tokio::test]
async fn answers_and_says_who_asks() {
    let edge = Running::new(Limits::default()).await;
    let mut stream = edge.connect().await;
    stream.write_all(WHO).await.unwrap();
    assert!(read_until(&mut stream, WHO_ANSWER_END).await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(edge.keeper.open(), 1);
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let edge = Running::new(quick()).await;
    let begin = Stopwatch::start();
    let mut stream = edge.connect().await;
    let (mut read, mut write) = stream.split();
    let dribble = async {
        for byte in WHO.iter().cycle() {
            if write.write_all(&[if *byte == b'\r' { b'x' } else { *byte }]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = dribble => {}
        answer = async { read.read_to_end(&mut Vec::new()).await } => { let _ = answer; }
    }
    assert!(begin.elapsed() >= quick().head_time);
    assert!(begin.elapsed() < SOON);
}

#[tokio::test]
async fn silence_is_cut() {
    let edge = Running::new(quick()).await;
    assert_eq!(read_all(&mut edge.connect().await).await, "");
}

#[tokio::test]
async fn a_slow_second_head_is_cut_before_the_idle_limit() {
    let limits = Limits { idle_time: Duration::from_mins(10), ..quick() };
    let edge = Running::new(limits).await;
    let mut stream = edge.connect().await;
    stream.write_all(WHO).await.unwrap();
    read_until(&mut stream, WHO_ANSWER_END).await;
    stream.write_all(b"GET /w").await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_own_limit() {
    let edge = Running::new(quick()).await;
    let mut stream = edge.connect().await;
    let idle = Stopwatch::start();
    stream.write_all(WHO).await.unwrap();
    read_until(&mut stream, WHO_ANSWER_END).await;
    assert_eq!(read_all(&mut stream).await, "");
    assert!(idle.elapsed() >= quick().idle_time);
}

#[tokio::test]
async fn a_request_in_hand_is_not_idle() {
    let edge =
        Running::new(Limits { idle_time: Duration::from_millis(50), head_time: Duration::from_millis(50), ..quick() })
            .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_until(&mut stream, "slow").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let edge = Running::new(quick()).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /huge HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::timeout(SOON, async {
        while edge.keeper.open() == 0 {
            tokio::task::yield_now().await;
        }
        while edge.keeper.open() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_not_waited_for_in_memory() {
    const PIECE: usize = 64 * 1024;
    let produced = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&produced);
    let endless = move || {
        let (count, piece) = (Arc::clone(&count), bytes::Bytes::from(vec![b'x'; PIECE]));
        let pieces = futures_util::stream::repeat_with(move || {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(piece.clone())
        });
        std::future::ready(Body::from_stream(pieces))
    };
    let edge = Running::behind(Router::new().route("/endless", get(endless)), Limits::default()).await;
    let mut stream = edge.connect().await;
    // The second request waits behind the first: what is sent for one must not depend on whether more follow.
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\nGET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let waiting = produced.load(std::sync::atomic::Ordering::Relaxed) * PIECE;
    // What the kernel takes for a socket is several megabytes; what it does not take stays where it is.
    assert!((PIECE..32 << 20).contains(&waiting), "{waiting} bytes were produced for a client that reads none");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let edge = Running::new(Limits::default()).await;
    let mut stream = edge.connect().await;
    let mut requests = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    requests.extend(WHO);
    requests.extend(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(&requests).await.unwrap();
    let answers = read_all(&mut stream).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "200", "404"]);
    assert!(answers.find("slow").unwrap() < answers.find(WHO_ANSWER_END).unwrap());
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_hand_and_takes_nothing_new() {
    let mut edge = Running::new(Limits::default()).await;
    let mut idle = edge.connect().await;
    idle.write_all(WHO).await.unwrap();
    read_until(&mut idle, WHO_ANSWER_END).await;
    let mut busy = edge.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let port = edge.addresses[0].port().unwrap();
    edge.stop();
    assert_eq!(read_all(&mut idle).await, "", "idle connections are closed at once");
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    let answer = read_all(&mut busy).await;
    assert!(answer.ends_with("slow") && answer.contains("connection: close"), "{answer}");
    assert_eq!(edge.stopped().await, Stopped::Clean);
}

#[tokio::test]
async fn a_stop_has_an_end() {
    let mut edge = Running::new(Limits { stop_time: Duration::from_millis(100), ..Limits::default() }).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    edge.stop();
    assert_eq!(edge.stopped().await, Stopped::Cut(1));
}

#[tokio::test]
async fn tls_at_a_plain_port_gets_an_answer_in_http() {
    let edge = Running::new(Limits::default()).await;
    let mut stream = edge.connect().await;
    let mut hello = vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
    hello.resize(517, 0xab);
    stream.write_all(&hello).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

fn request_with_head_of(bytes: usize) -> Vec<u8> {
    let frame = "GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: \r\n\r\n".len();
    format!("GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "y".repeat(bytes - frame))
        .into_bytes()
}

#[tokio::test]
async fn a_request_names_one_host() {
    let edge = Running::new(Limits::default()).await;
    for (head, status) in [
        ("HTTP/1.1\r\nHost: jeton.example.com:8080", "200 "),
        ("HTTP/1.1\r\nHost: [::1]:80", "200 "),
        ("HTTP/1.1\r\nHost:", "200 "),
        ("HTTP/1.0", "200 "),
        ("HTTP/1.1", "400 "),
        ("HTTP/1.1\r\nHost: a\r\nHost: b", "400 "),
        ("HTTP/1.1\r\nHost: a\r\nHost: a", "400 "),
        ("HTTP/1.0\r\nHost: a\r\nHost: b", "400 "),
        ("HTTP/1.1\r\nHost: a b", "400 "),
        ("HTTP/1.1\r\nHost: a/../b", "400 "),
        ("HTTP/1.1\r\nHost: a@b", "400 "),
    ] {
        let mut stream = edge.connect().await;
        stream.write_all(format!("GET /who {head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert_eq!(answer.get(9..13), Some(status), "{head}");
    }
}

#[tokio::test]
async fn the_head_has_a_limit() {
    let edge = Running::new(Limits::default()).await;
    let limit = Limits::default().head_bytes;
    for (bytes, status) in [(limit, "200 OK"), (limit + 1, "431 "), (3 * limit, "431 "), (100 * limit, "431 ")] {
        let mut stream = edge.connect().await;
        let (mut read, mut write) = stream.split();
        let request = request_with_head_of(bytes);
        // The server may close before it has taken everything.
        let (_, answer) = tokio::join!(write.write_all(&request), read_all(&mut read));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{bytes}: {answer}");
    }
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let edge = Running::new(Limits::default()).await;
    let mut stream = edge.connect().await;
    let (mut read, mut write) = stream.split();
    let body = vec![b'x'; 8 * 1024 * 1024];
    let head = format!("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let sending = async {
        write.write_all(head.as_bytes()).await?;
        write.write_all(&body).await
    };
    let (_, answer) = tokio::join!(sending, read_all(&mut read));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn beyond_the_limit_connections_wait_for_idle_ones_to_go() {
    let edge = Running::new(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = edge.connect().await;
    first.write_all(WHO).await.unwrap();
    read_until(&mut first, WHO_ANSWER_END).await;
    let mut second = edge.connect().await;
    second.write_all(WHO).await.unwrap();
    read_until(&mut second, WHO_ANSWER_END).await;
    assert_eq!(read_all(&mut first).await, "");
    assert_eq!(edge.keeper.open(), 1);
}

#[tokio::test]
async fn a_panic_ends_one_request() {
    let edge = Running::new(Limits::default()).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /panics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(read_until(&mut stream, "Error\n").await.starts_with("HTTP/1.1 500 "));
    stream.write_all(WHO).await.unwrap();
    read_until(&mut stream, WHO_ANSWER_END).await;
}

#[tokio::test]
async fn a_unix_socket_comes_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.sock");
    let listen = format!("unix:{}", path.display());
    // What a killed process leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let mut edge = Running::with(&[&listen], None, Limits::default()).await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(WHO).await.unwrap();
    read_until(&mut stream, "None tls=false").await;

    let taken = Edge::bind(&[listen.parse().unwrap()], None, Limits::default()).await.unwrap_err();
    assert!(taken.to_string().contains("another program answers there"), "{taken}");
    assert!(path.exists());

    edge.stop();
    assert_eq!(edge.stopped().await, Stopped::Clean);
    assert!(!path.exists());

    std::fs::write(&path, "precious").unwrap();
    let refused = Edge::bind(&[listen.parse().unwrap()], None, Limits::default()).await.unwrap_err();
    assert!(refused.to_string().contains("no socket"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn a_taken_port_says_what_to_do() {
    let edge = Running::new(Limits::default()).await;
    let port = edge.addresses[0].port().unwrap();
    let listen: Listen = format!("127.0.0.1:{port}").parse().unwrap();
    let error = Edge::bind(&[listen], None, Limits::default()).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on 127.0.0.1:{port}: ")) && error.contains("choose"), "{error}");
}

async fn http2(
    io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
) -> hyper::client::conn::http2::SendRequest<http_body_util::Empty<bytes::Bytes>> {
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(path: &str, field: usize) -> Request<http_body_util::Empty<bytes::Bytes>> {
    Request::get(format!("http://x{path}")).header("x", "y".repeat(field)).body(http_body_util::Empty::new()).unwrap()
}

#[tokio::test]
async fn http2_by_prior_knowledge_and_a_stop_that_finishes() {
    let mut edge = Running::new(Limits::default()).await;
    let mut client = http2(edge.connect().await).await;
    assert_eq!(client.send_request(request("/who", 1)).await.unwrap().status(), 200);
    assert_eq!(client.send_request(request("/who", 40_000)).await.unwrap().status(), 431);
    let slow = tokio::spawn(client.send_request(request("/slow", 1)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    edge.stop();
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    assert_eq!(edge.stopped().await, Stopped::Clean);
    assert!(client.send_request(request("/who", 1)).await.is_err(), "GOAWAY");
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let edge = Running::new(quick()).await;
    let mut client = http2(edge.connect().await).await;
    assert_eq!(client.send_request(request("/who", 1)).await.unwrap().status(), 200);
    tokio::time::timeout(SOON, async {
        while edge.keeper.open() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge/testdata").join(name)
}

async fn tls_connect(edge: &Running, trusted: &str, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(testdata(trusted)).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, edge.connect().await).await
}

#[tokio::test]
async fn tls_speaks_both_http_versions() {
    let certificate = Certificate::read(&testdata("first.pem"), &testdata("first.key")).unwrap();
    let edge = Running::with(&["127.0.0.1:0"], Some(&certificate), Limits::default()).await;
    assert!(edge.addresses[0].to_string().starts_with("https://127.0.0.1:"));

    let mut one = tls_connect(&edge, "first.pem", &["http/1.1"]).await.unwrap();
    one.write_all(WHO).await.unwrap();
    read_until(&mut one, "Some(127.0.0.1) tls=true").await;

    let two = tls_connect(&edge, "first.pem", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(two.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    assert_eq!(http2(two).await.send_request(request("/who", 1)).await.unwrap().version(), Version::HTTP_2);
}

#[tokio::test]
async fn a_tls_port_is_patient_with_nobody_and_polite_to_plain_http() {
    let certificate = Certificate::read(&testdata("first.pem"), &testdata("first.key")).unwrap();
    let limits = Limits { handshake_time: Duration::from_millis(200), ..Limits::default() };
    let edge = Running::with(&["127.0.0.1:0"], Some(&certificate), limits).await;
    assert_eq!(read_all(&mut edge.connect().await).await, "");

    let mut plain = edge.connect().await;
    plain.write_all(WHO).await.unwrap();
    let answer = read_all(&mut plain).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 400 ") && head.contains(&format!("content-length: {}\r\n", body.len())),
        "{answer}"
    );
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let put = |name: &str, part: &str, to: &Path| std::fs::copy(testdata(&format!("{name}.{part}")), to).unwrap();
    put("first", "pem", &cert);
    put("first", "key", &key);
    let certificate = Certificate::read(&cert, &key).unwrap();
    let edge = Running::with(&["127.0.0.1:0"], Some(&certificate), Limits::default()).await;
    tls_connect(&edge, "first.pem", &[]).await.unwrap();

    put("second", "pem", &cert);
    let error = certificate.reload().unwrap_err().to_string();
    assert!(error.contains("cannot be used together"), "{error}");
    tls_connect(&edge, "first.pem", &[]).await.unwrap();

    put("second", "key", &key);
    certificate.reload().unwrap();
    tls_connect(&edge, "second.pem", &[]).await.unwrap();
    assert!(tls_connect(&edge, "first.pem", &[]).await.is_err());
}

#[test]
fn a_bad_certificate_file_is_named() {
    let error = Certificate::read(&testdata("first.key"), &testdata("first.key")).unwrap_err().to_string();
    assert!(error.contains("first.key: there is no certificate in PEM form"), "{error}");
    let error = Certificate::read(&testdata("first.pem"), Path::new("/nowhere")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere: "), "{error}");
}
