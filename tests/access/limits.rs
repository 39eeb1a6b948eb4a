//! Limits: wrong passwords, requests of a key and of an address, and how often a use of a key is written down.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::browser::{begun, hidden, send};
use super::support::{Reply, Running, parse};
use super::{PASSWORD, SignedIn, key, manned, manned_with, with_key};

const ME: &str = "/api/access/me/";
const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "127.0.0.2";

/// The answer to a request that comes from another address of this machine.
fn from(source: &str, to: SocketAddr, head: &str, body: &str) -> Reply {
    let source: IpAddr = source.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(source, 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    let length = body.len();
    write!(stream, "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    parse(&answer).unwrap()
}

/// Sends the form for signing in as ann from `source`.
fn sign_in(server: &Running, source: &str, (cookie, csrf): &(String, String), password: &str) -> Reply {
    let head =
        format!("POST /admin/sign-in/ HTTP/1.1\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded");
    let body = format!("csrf={csrf}&name=ann&password={}&next=/admin/", password.replace(' ', "+"));
    from(source, server.address, &head, &body)
}

#[test]
fn twenty_wrong_passwords_of_one_address_keep_the_right_one_of_another_out_of_nothing() {
    let (server, _) = manned();
    let form = begun(&server, "/sign-in/");
    let begun_at = Instant::now();
    let wrong: Vec<_> = (0..20).map(|_| sign_in(&server, HERE, &form, "wrong wrong wrong").status).collect();
    assert!(begun_at.elapsed() < Duration::from_mins(1), "so many within a minute");
    // Five at once, and one more for every twelve seconds that they took.
    let looked_at = wrong.iter().filter(|status| **status == 401).count();
    assert!((5..=10).contains(&looked_at), "{wrong:?}");
    assert_eq!(wrong.iter().filter(|status| **status == 429).count(), 20 - looked_at, "{wrong:?}");

    let asked_at = Instant::now();
    let signed_in = sign_in(&server, ELSEWHERE, &form, PASSWORD).expect(303);
    assert!(asked_at.elapsed() < Duration::from_secs(10), "it is delayed, and not for long");
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap();
    let me = server.send("GET", ME, &[("Cookie", cookie)], "").expect(200);
    assert!(me.text().contains("user:ann"));

    // Where the wrong ones came from, the right one is told that it has to wait, and for how long.
    let refused = sign_in(&server, HERE, &form, PASSWORD).expect(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    assert!(refused.text().contains("Too many attempts. Try again in "), "{}", refused.text());
    assert!(!refused.text().contains(PASSWORD) && !hidden(refused.text(), "csrf").is_empty());
}

#[test]
fn nobody_makes_the_server_hold_a_large_form() {
    let (server, _) = manned();
    let (cookie, csrf) = begun(&server, "/sign-in/");
    let sign_in = |more: usize| {
        let fill = "x".repeat(more);
        let fields = [("csrf", csrf.as_str()), ("name", "vera"), ("password", PASSWORD), ("fill", &fill)];
        send(&server, &cookie, "/sign-in/", &fields).status
    };
    // Each character takes three.
    assert_eq!((sign_in(3_000), sign_in(6_000)), (303, 413));
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let fill = "x".repeat(100_000);
    assert_eq!(ann.post("/categories/", &[("name", "Things"), ("fill", &fill)]).status, 303, "who may do things may");
}

#[test]
fn too_many_requests_of_a_key_wait_and_those_of_others_do_not() {
    let server = Running::with(|settings| settings.rate.per_key = 10);
    let root = key(&server, &[], "root", "admin", "all");
    let busy = key(&server, &[("X-Api-Key", &root)], "busy", "viewer", "all");
    let replies: Vec<_> = (0..60).map(|_| with_key(&server, "GET", ME, &busy, "")).collect();
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(refused.len() > 20, "{}", refused.len());
    for reply in refused {
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.text(), r#"{"detail":"Request was throttled. Expected available in 1 seconds."}"#);
    }
    with_key(&server, "GET", ME, &root, "").expect(200);
    std::thread::sleep(Duration::from_millis(1_100));
    with_key(&server, "GET", ME, &busy, "").expect(200);
}

#[test]
fn too_many_requests_of_an_address_wait_whoever_sends_them_and_those_of_another_do_not() {
    let (server, root) = manned_with(|settings| settings.rate.per_address = 20);
    let ask = |source: &str, head: &str| from(source, server.address, &format!("GET {ME} HTTP/1.1{head}"), "");
    let wrong = format!("\r\nX-Api-Key: ph_{}", "A".repeat(43));
    let right = format!("\r\nX-Api-Key: {root}");
    let replies: Vec<_> = (0..80).map(|n| ask(HERE, if n % 2 == 0 { &wrong } else { "" })).collect();
    let refused = replies.iter().filter(|reply| reply.status == 429).count();
    assert!(refused > 20, "{refused}");
    assert!(replies.iter().all(|reply| (reply.status == 429) == (reply.header("retry-after") == Some("1"))));
    assert!((0..20).any(|_| ask(HERE, &right).status == 429), "a key that is right shares the address");
    ask(ELSEWHERE, &right).expect(200);
}

#[test]
fn a_use_of_a_key_is_written_down_at_most_once_an_hour() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let used_at = || {
        let keys = with_key(&server, "GET", "/api/access/keys/", &root, "").expect(200);
        keys.json().rows()[0].get("used_at").cloned()
    };
    let begun = Instant::now();
    while used_at() == Some(super::support::Json::Null) {
        assert!(begun.elapsed() < Duration::from_secs(30), "a use is written down");
        std::thread::sleep(Duration::from_millis(10));
    }
    let first = used_at();
    // A change is an entry; what lies between two of them are the uses.
    let change = |name: &str| {
        let body = format!(r#"{{"name": "{name}"}}"#);
        with_key(&server, "POST", "/api/inventory/categories/", &root, &body).expect(201);
        let log = with_key(&server, "GET", "/api/access/audit/?limit=1", &root, "").expect(200);
        log.json().rows()[0].get("sequence").unwrap().number()
    };
    let before = change("Before");
    for _ in 0..100 {
        with_key(&server, "GET", ME, &root, "").expect(200);
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(change("After"), before + 1);
    assert_eq!(used_at(), first);
}
