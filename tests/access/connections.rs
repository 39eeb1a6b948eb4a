//! Connections: whatever one address opens, and says nothing over, others are served.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustls::version::TLS13;

use super::support::process::Process;
use super::support::{connect_from, parse};
use super::tls::{Files, encrypt, pair};

/// Longer than any answer takes, and shorter than a silent connection is kept here.
const SOON: Duration = Duration::from_secs(10);

fn peer(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// Whether the server closed it; what it said, if anything, is lost.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    match stream.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// Opens `count` connections from `peer`; those that stay open.
fn kept(peer: IpAddr, address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams: Vec<_> = (0..count).map(|_| connect_from(peer, address)).collect();
    thread::sleep(Duration::from_millis(500));
    streams.retain_mut(|stream| !is_closed(stream));
    streams
}

/// The status of an answer over `stream`, which stays open; nothing where none comes soon.
fn health(stream: &mut (impl Read + Write)) -> Option<u16> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer).ok()?;
    parse(&answer[..count]).map(|reply| reply.status)
}

fn health_from(peer: IpAddr, address: SocketAddr) -> Option<u16> {
    let mut stream = connect_from(peer, address);
    stream.set_read_timeout(Some(SOON)).unwrap();
    health(&mut stream)
}

#[test]
fn one_address_leaves_connections_to_others_and_has_its_own_back_when_it_closes_them() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("PACKHORSE_HTTP__CONNECTIONS_MAX", "40"),
        ("PACKHORSE_HTTP__WORKERS", "2"),
        ("PACKHORSE_HTTP__HEAD_TIMEOUT", "2m"),
    ];
    let server = Process::start(&directory.path().join("data"), &settings);
    let to = server.address;
    let mut silent = kept(peer(2), to, 100);
    assert_eq!(health_from(peer(3), to), Some(200), "another address is served");
    assert_eq!(silent.len(), 20, "an address alone has half");
    assert!((5..=10).contains(&kept(peer(3), to, 100).len()), "of what is left, the next one leaves as much again");
    assert_eq!(health_from(peer(4), to), Some(200));

    silent[0].set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(health(&mut silent[0]), Some(200), "those within the share are served");
    assert_eq!(health_from(peer(2), to), None, "a further one is not");
    let log = server.process.log();
    assert!(log.contains("\"peer\":\"127.0.0.2\"") && log.contains("http.connections_max"), "{log}");
    assert!(log.matches("http.connections_max").count() <= 3, "a stranger cannot fill the log: {log}");

    drop(silent);
    let begun = Instant::now();
    while health_from(peer(2), to).is_none() {
        assert!(begun.elapsed() < SOON, "what was closed is free again");
    }
}

#[test]
fn a_server_of_one_connection_serves_it() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("PACKHORSE_HTTP__CONNECTIONS_MAX", "1"), ("PACKHORSE_HTTP__WORKERS", "1")];
    let server = Process::start(&directory.path().join("data"), &settings);
    assert_eq!(health_from(peer(1), server.address), Some(200));
}

#[test]
fn handshakes_that_do_not_begin_hold_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let (files, own) = (Files::in_directory(directory.path()), pair());
    files.hold(&own);
    let settings = [("PACKHORSE_HTTP__CONNECTIONS_MAX", "4000"), ("PACKHORSE_HTTP__WORKERS", "1")];
    let server = files.serve_with(&directory.path().join("data"), &settings);
    // Each is given three seconds. Of 256 at once, those behind would wait for four times that.
    let silent: Vec<_> = (0..1_000).map(|_| connect_from(peer(2), server.address)).collect();
    let begun = Instant::now();
    let mut stream = encrypt(connect_from(peer(3), server.address), &own, &[&TLS13]).unwrap();
    assert_eq!(health(&mut stream), Some(200));
    assert!(begun.elapsed() < Duration::from_secs(6), "it took {:?}", begun.elapsed());
    drop(silent);
}
