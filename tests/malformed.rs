//! Bytes that are no HTTP, or that only nearly are, over a socket: each is answered or its connection closed, nothing
//! panics, and the next connection is served.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use packhorse::telemetry::counters;
use support::Running;

const ORDERS: &str = "/api/inventory/orders/";
const ORDER: &str = r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","delivery_address":"x","items":[{"product_id":1,"quantity":1}]}"#;
/// A head or a body may take this long in these tests.
const PATIENCE: Duration = Duration::from_secs(1);
/// An answer or the end of a connection may take this long: the patience, the server's five seconds for a client that
/// does not go, and a slow machine.
const END_MAX: Duration = Duration::from_secs(30);

/// Panics anywhere in this process, server threads included.
static PANICS: AtomicUsize = AtomicUsize::new(0);
/// One test at a time, so that a panic is the fault of the test that sees it.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs `test` against a server with one product, and looks whether the server is as well as before.
fn against_a_server(test: impl FnOnce(&Running)) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        hook(panic);
    }));
    let (panics, restarts) = (PANICS.load(Ordering::Relaxed), counters::ACTOR_RESTARTS.get());
    let server = Running::with(|settings| {
        settings.http.head_timeout = PATIENCE;
        settings.http.body_timeout = PATIENCE;
    });
    server.post("/api/inventory/categories/", r#"{"name":"Things"}"#).expect(201);
    server
        .post("/api/inventory/products/", r#"{"name":"Thing","price":"1","stock":100000,"category_id":1}"#)
        .expect(201);
    test(&server);
    is_well(&server);
    assert_eq!(PANICS.load(Ordering::Relaxed), panics, "nothing panicked");
    assert_eq!(counters::ACTOR_RESTARTS.get(), restarts, "no actor was started again");
}

fn is_well(server: &Running) {
    server.get("/healthz").expect(200);
    server.post(ORDERS, ORDER).expect(201);
}

/// Sends `bytes`, then nothing more, and reads until the server closes the connection. A server that answers and goes
/// on waiting is told that nothing will come.
fn end_of(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    // A server that has seen enough may close before it has read all.
    stream.write_all(bytes).ok();
    let begun = Instant::now();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return answer,
            Ok(read) => answer.extend_from_slice(&piece[..read]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if !answer.is_empty() {
                    stream.shutdown(Shutdown::Write).ok();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return answer,
        }
        assert!(
            begun.elapsed() < END_MAX,
            "{}: neither answered nor closed",
            bytes[..bytes.len().min(80)].escape_ascii()
        );
    }
}

/// The statuses of the answers in `bytes`, those of `100 Continue` left out.
fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..5)?.parse().ok());
    lines.filter(|status| *status != 100).collect()
}

/// Sends `bytes`; fails unless every answer has one of the statuses that `allowed` says, and there is at least one
/// where `allowed` is not empty.
#[track_caller]
fn check(server: &Running, bytes: impl AsRef<[u8]>, allowed: &[u16]) {
    let bytes = bytes.as_ref();
    let found = statuses(&end_of(server.address, bytes));
    let shown = bytes[..bytes.len().min(120)].escape_ascii();
    assert!(found.iter().all(|status| allowed.contains(status)), "{shown}: answered with {found:?}");
    assert!(allowed.is_empty() || !found.is_empty(), "{shown}: no answer");
    is_well(server);
}

fn post(headers: &str, body: &str) -> String {
    format!("POST {ORDERS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
}

#[test]
fn broken_request_lines_are_refused() {
    against_a_server(|server| {
        for line in [
            "GET\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1 x\r\n\r\n",
            "G\x01T / HTTP/1.1\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            " GET / HTTP/1.1\r\n\r\n",
            "GET /\x00 HTTP/1.1\r\n\r\n",
            "\0\0\0\0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost x\r\n\r\n",
            "GET / HTTP/1.1\r\n: x\r\n\r\n",
            "GET / HTTP/1.1\r\nA\x00: x\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \x00x\r\n\r\n",
            "GET / HTTP/1.1\r\nA : x\r\n\r\n",
            "HELLO\n\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            check(server, line, &[400, 505]);
        }
        check(server, "GET ../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 404]);
        check(server, "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 404]);
        check(server, "GET / HTTP/1.0\r\n\r\n", &[200]);
        check(server, "GET /healthz HTTP/1.1\n\n", &[200, 400]);
    });
}

#[test]
fn other_protocols_on_the_port_are_closed_or_refused() {
    against_a_server(|server| {
        // The preface of HTTP/2, a hello of TLS 1.3, a SOCKS greeting, random-looking bytes.
        check(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", &[400, 404, 505]);
        check(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03ABCDEFGH\r\n\r\n", &[400]);
        check(server, b"\x05\x01\x00\r\n\r\n", &[400]);
        check(server, b"\xff\xfe\xfd\xfc\r\n\r\n", &[400]);
        // Without the end of a head the server waits as long as a head may take.
        check(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[400, 408]);
    });
}

#[test]
fn methods_and_targets_of_any_kind_are_answered() {
    against_a_server(|server| {
        check(server, "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", &[405]);
        check(server, format!("BREW {ORDERS} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]);
        check(server, format!("{} {ORDERS} HTTP/1.1\r\nHost: localhost\r\n\r\n", "M".repeat(5_000)), &[405]);
        // While access is open, a host that is not ours may be a page of somebody else's.
        check(server, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", &[403]);
        check(server, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", &[204]);
        check(server, format!("GET http://example.com{ORDERS} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[403]);
        check(server, format!("GET http://localhost{ORDERS} HTTP/1.1\r\nHost: example.com\r\n\r\n"), &[200]);
        check(server, "GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 404]);
        check(server, format!("TRACE {ORDERS} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]);
        check(
            server,
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            &[200],
        );
    });
}

#[test]
fn heads_without_measure_are_refused() {
    against_a_server(|server| {
        let long = "a".repeat(200_000);
        check(server, format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[400, 414, 431]);
        check(server, format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {long}\r\n\r\n"), &[400, 431]);
        check(server, format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(50_000)), &[400, 431]);
        check(server, format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200)), &[200, 400, 431]);
        let query = "a".repeat(20_000);
        check(server, format!("GET {ORDERS}?search={query} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[414]);
        check(server, format!("GET / HTTP/1.1\r\n{long}"), &[400, 408, 431]);
        check(server, "\r\n".repeat(100_000), &[400, 408, 431]);
        // A line that goes on in the next one.
        check(server, "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", &[400]);
    });
}

#[test]
fn bodies_whose_length_is_in_doubt_are_refused() {
    against_a_server(|server| {
        let length = ORDER.len();
        for headers in [
            "Content-Length: x\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 1, 2\r\n",
            "Content-Length: 99999999999999999999999999\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ] {
            check(server, post(headers, ORDER), &[400]);
        }
        check(server, post("Content-Length: 18446744073709551615\r\n", ORDER), &[400, 413]);
        // Shorter than it is, and what is left over is no request; longer than it is.
        check(server, post(&format!("Content-Length: {}\r\n", length - 1), ORDER), &[400]);
        check(server, post(&format!("Content-Length: {}\r\n", length + 1), ORDER), &[408]);
        check(server, post("", ORDER), &[400, 415]);
    });
}

#[test]
fn chunks_that_are_none_are_refused() {
    against_a_server(|server| {
        let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
        let whole = format!("{:x}\r\n{ORDER}\r\n0\r\n\r\n", ORDER.len());
        check(server, chunked(&whole), &[201]);
        check(server, chunked(&whole.replace("\r\n0\r\n", "\r\n0;a=b\r\nTrailer: x\r\n")), &[201, 400]);
        for body in [
            "x\r\nabc\r\n0\r\n\r\n",
            "-1\r\nabc\r\n0\r\n\r\n",
            "5\r\nabcdefgh\r\n0\r\n\r\n",
            "\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "ffffffffffffffff\r\nx",
            "10000000000000000\r\nx",
            "1000000000000000\r\nx",
            "5;\0\r\nhello\r\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
        ] {
            check(server, chunked(body), &[400, 408, 413]);
        }
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(END_MAX)).unwrap();
        stream.write_all(chunked("x\r\nabc\r\n0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains("its chunks are malformed. Send all of it"), "{answer}");
        // Only heads have lines that may end otherwise (RFC 9112, 2.2): another reader would find another end of the
        // body.
        for end in ["\n", ";a\n", " \n", "\r"] {
            check(server, chunked(&whole.replacen("\r\n", end, 1)), &[400]);
        }
        check(server, chunked(&whole.replace("\r\n0\r\n", "\n0\r\n")), &[400]);
        check(server, chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(200_000))), &[400, 408, 413]);
    });
}

#[test]
fn requests_in_a_row_are_answered_in_a_row() {
    against_a_server(|server| {
        let good = post(&format!("Content-Length: {}\r\n", ORDER.len()), ORDER);
        let many = end_of(server.address, good.repeat(100).as_bytes());
        assert_eq!(statuses(&many), [201; 100]);
        // The bad one is refused, and nobody knows where a request begins behind it.
        let mixed = end_of(server.address, [&good, "NONSENSE\r\n\r\n", &good].concat().as_bytes());
        assert_eq!(statuses(&mixed), [201, 400]);
        let smuggled = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
        let smuggled = end_of(server.address, format!("{}{good}", post(smuggled, "0\r\n\r\n")).as_bytes());
        assert_eq!(statuses(&smuggled), [400]);
    });
}

#[test]
fn nothing_is_done_behind_an_announced_end() {
    against_a_server(|server| {
        let good = post(&format!("Content-Length: {}\r\n", ORDER.len()), ORDER);
        let large = "x".repeat(100_000);
        let first = |line: &str, headers: &str, body: &str| {
            format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}")
        };
        let cases = [
            (first("PUT /healthz", "Content-Length: 5\r\n", "hello"), 405),
            (first("POST /nope", "Content-Length: 5\r\n", "hello"), 404),
            (first("GET /healthz", "Content-Length: 5\r\n", "hello"), 200),
            (first("POST /nope", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), 404),
            (first("POST /nope", "Content-Length: 100000\r\n", &large), 404),
            (first("PUT /healthz", "Content-Length: 5\r\nExpect: 100-continue\r\n", "hello"), 405),
            (first("GET /healthz", "Connection: close\r\n", ""), 200),
            (first(&format!("POST {ORDERS}"), "Connection: close\r\nContent-Length: 5\r\n", "hello"), 415),
            ("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n".to_owned(), 200),
        ];
        for (first, status) in cases {
            let shown = first[..first.len().min(90)].escape_default();
            let reserved = || server.get("/api/inventory/products/1/").json().get("reserved").unwrap().number();
            let before = reserved();
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
            stream.write_all([first.as_str(), &good].concat().as_bytes()).unwrap();
            let mut answer = Vec::new();
            // Only a server that closes the connection by itself ends this without an error of time.
            let read = stream.read_to_end(&mut answer);
            let has_time_out = read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            let found = statuses(&answer);
            let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
            if text.contains("connection: close") || text.starts_with("http/1.0") {
                assert_eq!((found, has_time_out), (vec![status], false), "{shown}: {text}");
                assert_eq!(reserved(), before, "{shown}: the second request had no effect");
            } else {
                assert_eq!((found, has_time_out), (vec![status, 201], true), "{shown}: {text}");
                assert_eq!(reserved(), before + 1, "{shown}");
            }
        }
    });
}

#[test]
fn a_client_that_goes_at_any_byte_takes_nobody_with_it() {
    against_a_server(|server| {
        let before = server.get("/api/inventory/products/1/").expect(200).json().get("reserved").unwrap().number();
        let request = post(&format!("Content-Length: {}\r\n", ORDER.len()), ORDER).into_bytes();
        let mut answered = 0;
        for length in 0..=request.len() {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(&request[..length]).unwrap();
            if length % 2 == 0 {
                stream.shutdown(Shutdown::Write).unwrap();
                stream.set_read_timeout(Some(END_MAX)).unwrap();
                let mut answer = Vec::new();
                // Reset or closed: both are an end.
                stream.read_to_end(&mut answer).ok();
                answered += u64::from(statuses(&answer) == [201]);
            }
        }
        let last = server.post(ORDERS, ORDER).expect(201).json().get("id").unwrap().number();
        // The whole request placed an order if the server still found somebody to serve.
        let product = server.get("/api/inventory/products/1/").expect(200).json();
        let reserved = product.get("reserved").unwrap().number();
        assert_eq!(reserved, last, "one piece for each order");
        assert!((answered + 1..=2).contains(&(reserved - before)), "{answered} answered, {} placed", reserved - before);
    });
}

#[test]
fn every_changed_byte_of_a_request_is_answered_or_closed() {
    against_a_server(|server| {
        let request = post(&format!("Content-Length: {}\r\nConnection: close\r\n", ORDER.len()), ORDER).into_bytes();
        for at in 0..request.len() {
            let mut changed = request.clone();
            changed[at] = [b'\0', b'\r', b'\n', b' ', b':', 0xFF][at % 6];
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.set_read_timeout(Some(END_MAX)).unwrap();
            stream.write_all(&changed).ok();
            stream.shutdown(Shutdown::Write).ok();
            let mut answer = Vec::new();
            match stream.read_to_end(&mut answer) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => panic!("byte {at}: {error}"),
            }
            let found = statuses(&answer);
            assert!(found.iter().all(|status| (200..500).contains(status)), "byte {at}: {found:?}");
        }
    });
}
