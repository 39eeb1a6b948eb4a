//! What the server refuses to begin with.

use std::process::Command;

/// How the real binary ends that is told to listen everywhere; it does not get as far as serving.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["serve", "--data-dir"]).arg(directory.path().join("data")).args(arguments);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
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
