//! What the server refuses to begin with, and what it says of how it begins.

use std::path::Path;
use std::process::{Command, Stdio};

use super::support::process::{Process, Starting};
use super::support::send;

/// What the real binary says that does not get as far as serving.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["serve", "--data-dir"]).arg(directory.path().join("data")).args(arguments);
    command.envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let Err(ended) = Starting::spawn(command).ready() else { panic!("it serves") };
    assert!(!ended.status.success());
    ended.log
}

#[test]
fn an_address_that_others_reach_is_not_served_without_users_or_keys() {
    let said = refused(&["--listen", "0.0.0.0:0"], &[]);
    for remedy in ["packhorse user add", "packhorse key add", "127.0.0.1", "--insecure-open"] {
        assert!(said.contains(remedy), "{said}");
    }
}

#[test]
fn a_certificate_without_a_key_or_a_file_is_refused() {
    let said = refused(&["--listen", "127.0.0.1:0"], &[("PACKHORSE_TLS__CERTIFICATE", "/no/such.pem")]);
    assert!(said.contains("tls.certificate is set and tls.key is not"), "{said}");
    let files = [("PACKHORSE_TLS__CERTIFICATE", "/no/such.pem"), ("PACKHORSE_TLS__KEY", "/no/such.key")];
    let said = refused(&["--listen", "127.0.0.1:0"], &files);
    assert!(said.contains("/no/such.pem holds no certificate"), "{said}");
}

#[test]
fn a_flag_that_opens_beside_a_setting_that_closes_is_refused() {
    let said = refused(&["--listen", "127.0.0.1:0", "--insecure-open"], &[("PACKHORSE_ACCESS", "required")]);
    let parts = ["flag --insecure-open", "PACKHORSE_ACCESS says access = \"required\"", "leave out --insecure-open"];
    for part in parts {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

/// A start of the real binary on `directory`, until it is ready.
fn started(directory: &Path, arguments: &[&str], access: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["serve", "--data-dir"]).arg(directory).args(arguments);
    command.env("PACKHORSE_ACCESS", access).env("RUST_LOG", "packhorse=info");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Starting::spawn(command).ready().unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log))
}

const INSECURE: &str = "INSECURE: everybody who reaches this address may do everything";

#[test]
fn every_start_that_is_open_by_force_says_so() {
    let directory = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "0.0.0.0:0", "127.0.0.1:0"] {
        let ended = started(directory.path(), &["--listen", listen, "--insecure-open"], "open").stop("-TERM");
        assert_eq!(ended.log.matches(INSECURE).count(), 1, "{}", ended.log);
    }
    let by_setting = started(directory.path(), &["--listen", "0.0.0.0:0"], "insecure-open");
    let here = format!("127.0.0.1:{}", by_setting.address.port()).parse().unwrap();
    send(here, "POST", "/api/access/keys/", &[], br#"{"name": "root", "role": "admin"}"#).expect(201);
    assert_eq!(by_setting.stop("-TERM").log.matches(INSECURE).count(), 1);
    // With a key there is nothing to warn of any more, and no way in without it.
    let closed = started(directory.path(), &["--listen", "0.0.0.0:0", "--insecure-open"], "open");
    let here = format!("127.0.0.1:{}", closed.address.port()).parse().unwrap();
    send(here, "GET", "/api/inventory/orders/", &[], b"").expect(401);
    assert!(!closed.stop("-TERM").log.contains(INSECURE));
}

#[test]
fn required_access_with_nobody_to_call_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
        let server = started(directory.path(), &["--listen", listen], "required");
        let here = format!("127.0.0.1:{}", server.address.port()).parse().unwrap();
        for (method, path, body) in [
            ("GET", "/api/inventory/orders/", ""),
            ("POST", "/api/access/users/", r#"{"name": "a", "role": "admin", "password": "correct horse battery"}"#),
            ("POST", "/api/access/keys/", r#"{"name": "a", "role": "admin"}"#),
        ] {
            send(here, method, path, &[], body.as_bytes()).expect(401);
        }
        send(here, "GET", "/admin/", &[], b"").expect(303);
        send(here, "GET", "/healthz", &[], b"").expect(200);
        let log = server.stop("-TERM").log;
        assert!(log.contains("nobody is let in") && log.contains("packhorse user add"), "{log}");
    }
}
