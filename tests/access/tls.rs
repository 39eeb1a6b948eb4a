//! Encryption, at the real binary: which certificate is served, what a new one or a broken one changes, and the cookie.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use super::PASSWORD;
use super::browser::hidden;
use super::support::parse;
use super::support::process::{Process, Starting, serve};
use super::support::{Reply, try_send};

type Pair = CertifiedKey<KeyPair>;
type Stream = StreamOwned<ClientConnection, TcpStream>;

pub(super) fn pair() -> Pair {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// The files that the settings name.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Files {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { certificate: directory.join("chain.pem"), key: directory.join("key.pem") }
    }

    fn write(&self, certificate: &str, key: &str) {
        fs::write(&self.certificate, certificate).unwrap();
        fs::write(&self.key, key).unwrap();
    }

    pub(super) fn hold(&self, pair: &Pair) {
        self.write(&pair.cert.pem(), &pair.signing_key.serialize_pem());
    }

    pub(super) fn serve(&self, data: &Path) -> Process {
        self.serve_with(data, &[])
    }

    pub(super) fn serve_with(&self, data: &Path, more: &[(&str, &str)]) -> Process {
        let (certificate, key) = (self.certificate.to_str().unwrap(), self.key.to_str().unwrap());
        let own = [("PACKHORSE_TLS__CERTIFICATE", certificate), ("PACKHORSE_TLS__KEY", key)];
        let settings = [&own, more].concat();
        let started = Starting::spawn(serve(data, &settings)).ready();
        started.unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log))
    }
}

/// A connection of a client that trusts `trusted` and nobody else; an error where another certificate is served.
fn connect(to: SocketAddr, trusted: &Pair, versions: &[&'static SupportedProtocolVersion]) -> io::Result<Stream> {
    encrypt(TcpStream::connect(to)?, trusted, versions)
}

/// As [`connect`], on a connection that is there.
pub(super) fn encrypt(
    stream: TcpStream,
    trusted: &Pair,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(versions).unwrap().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(client, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// The certificate that whoever connects now is shown.
fn served(to: SocketAddr, trusted: &Pair) -> CertificateDer<'static> {
    let stream = connect(to, trusted, &[&TLS13]).unwrap();
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

/// The answer to a request after which the connection stays open.
fn ask(stream: &mut Stream, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(stream, "{head}\r\n{body}").unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(reply) = parse(&answer)
            && reply.header("content-length").is_some_and(|length| length.parse() == Ok(reply.body.len()))
        {
            return reply;
        }
        let count = stream.read(&mut part).unwrap();
        assert_ne!(count, 0, "the connection ended in the middle of an answer");
        answer.extend_from_slice(&part[..count]);
    }
}

/// Asks the server to read its files again, and waits until its log says `text` once more.
fn hang_up(server: &Process, text: &str) {
    let said = || server.process.log().matches(text).count();
    let (before, begun) = (said(), Instant::now());
    server.process.signal("-HUP");
    while said() == before {
        assert!(begun.elapsed() < Duration::from_secs(30), "{text} is missing in {}", server.process.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_encrypted_connection_is_served_with_cookies_that_stay_on_such_ones() {
    let directory = tempfile::tempdir().unwrap();
    let (files, own, other) = (Files::in_directory(directory.path()), pair(), pair());
    files.hold(&own);
    let server = files.serve(&directory.path().join("data"));
    let to = server.address;
    assert_eq!(served(to, &own), *own.cert.der());
    assert!(connect(to, &other, &[&TLS13]).is_err(), "who trusts another certificate does not connect");
    assert!(try_send(to, "GET", "/healthz", &[], b"").is_err(), "nothing is answered without encryption");

    for version in [&TLS13, &TLS12] {
        let mut stream = connect(to, &own, &[version]).unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        let health = ask(&mut stream, "GET", "/healthz", &[], "").expect(200);
        assert_eq!(health.header("strict-transport-security"), Some("max-age=31536000"));
    }

    let mut stream = connect(to, &own, &[&TLS13]).unwrap();
    let json = ("Content-Type", "application/json");
    let user = format!(r#"{{"name": "ann", "role": "admin", "password": "{PASSWORD}"}}"#);
    ask(&mut stream, "POST", "/api/access/users/", &[json], &user).expect(201);
    let page = ask(&mut stream, "GET", "/admin/sign-in/", &[], "").expect(200);
    let set = |reply: &Reply| {
        let line = reply.header("set-cookie").unwrap().to_owned();
        let (pair, attributes) = line.split_once(';').unwrap();
        assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Strict; Secure");
        pair.to_owned()
    };
    let (anonymous, csrf) = (set(&page), hidden(page.text(), "csrf"));
    let form = format!("csrf={csrf}&name=ann&password={}&next=/admin/", PASSWORD.replace(' ', "+"));
    let headers = [("Cookie", anonymous.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let session = set(&ask(&mut stream, "POST", "/admin/sign-in/", &headers, &form).expect(303));
    ask(&mut stream, "GET", "/api/access/me/", &[("Cookie", &session)], "").expect(200);
    ask(&mut stream, "GET", "/api/access/me/", &[], "").expect(401);
}

#[test]
fn a_new_certificate_is_taken_while_serving_and_a_broken_one_is_not() {
    const TAKEN: &str = "certificate and key were read again";
    const KEPT: &str = "certificate and key were not read again; those before stay in use";
    let directory = tempfile::tempdir().unwrap();
    let (files, first, second) = (Files::in_directory(directory.path()), pair(), pair());
    files.hold(&first);
    let server = files.serve(&directory.path().join("data"));
    let to = server.address;
    let mut open = connect(to, &first, &[&TLS13]).unwrap();
    ask(&mut open, "GET", "/healthz", &[], "").expect(200);

    files.hold(&second);
    assert_eq!(served(to, &first), *first.cert.der(), "nothing changes before the server is told");
    hang_up(&server, TAKEN);
    assert_eq!(served(to, &second), *second.cert.der());
    assert!(connect(to, &first, &[&TLS13]).is_err());
    ask(&mut open, "GET", "/healthz", &[], "").expect(200);

    let (chain, key) = (second.cert.pem(), second.signing_key.serialize_pem());
    let cut = &key[..key.len() / 2];
    for (what, certificate, secret) in [
        ("no PEM", "nonsense", key.as_str()),
        ("an empty file", "", key.as_str()),
        ("a file that was written half", &chain[..chain.len() / 2], key.as_str()),
        ("a key in the place of the certificate", key.as_str(), key.as_str()),
        ("half of a key", chain.as_str(), cut),
        ("no key", chain.as_str(), ""),
        ("the key of another certificate", &first.cert.pem(), key.as_str()),
    ] {
        files.write(certificate, secret);
        hang_up(&server, KEPT);
        assert_eq!(served(to, &second), *second.cert.der(), "{what}");
    }
    fs::remove_file(&files.certificate).unwrap();
    hang_up(&server, KEPT);
    assert_eq!(served(to, &second), *second.cert.der(), "no file");
    let log = server.process.log();
    let errors = log.lines().filter(|line| line.contains(KEPT));
    assert!(errors.clone().all(|line| line.contains("\"level\":\"ERROR\"") && line.contains(".pem")), "{log}");
    assert_eq!((errors.count(), log.matches(TAKEN).count()), (8, 1));
    for line in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!log.contains(line), "a part of a key in the log");
    }

    files.hold(&first);
    hang_up(&server, TAKEN);
    assert_eq!(served(to, &first), *first.cert.der());
    assert!(server.stop("-TERM").status.success());
}
