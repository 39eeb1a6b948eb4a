//! `packhorse user` and `packhorse key` by the API of a running server, and on a data directory that is in use or
//! missing.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use super::support::Running;
use super::support::process::{MANUAL, Process, binary};
use super::tls::{Files, pair};
use super::{PASSWORD, key};

/// How a command ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn prints(self, text: &str) -> Self {
        assert!(
            self.code == 0 && self.out.contains(text),
            "{text:?} is missing: {}\n{}{}",
            self.code,
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    fn fails(self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is missing in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// Runs `packhorse` with the words of `line` and then `last`; `key` and a password go where only it can read them.
fn run(line: &str, last: &[&str], key: &str) -> Ran {
    let mut command = Command::new(binary());
    command.args(line.split(' ')).args(last).env_remove("PACKHORSE_KEY").env("HTTP_PROXY", "http://127.0.0.1:9");
    if !key.is_empty() {
        command.env("PACKHORSE_KEY", key);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").ok();
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) }
}

fn url(of: SocketAddr) -> String {
    format!("http://{of}")
}

#[test]
fn users_and_keys_of_a_running_server_are_changed_by_its_api() {
    let server = Running::start();
    let url = url(server.address);
    let by = |line: &str, key: &str| run(line, &["--url", &url], key);

    let made = by("key add root --role admin", "").prints("ph_");
    let root = made.out.trim();
    assert!(made.err.contains("key 1 root admin all") && !made.err.contains(root), "{}", made.err);
    by("user list", "").fails(1, &["Set the variable PACKHORSE_KEY to the key of an admin."]);
    by("user list", "ph_wrong").fails(1, &["has to hold the key of an admin"]);
    by("user list", "no\nkey").fails(1, &["the variable PACKHORSE_KEY holds what cannot be a key"]);

    by("user add ann --role admin", root).prints("ann admin enabled, changed ");
    by("user add ann --role admin", root).fails(1, &["name: A user named ann already exists"]);
    by("user role ann viewer", root).fails(1, &["The user ann is the last admin"]);
    by("user add bob --role viewer", root).prints("bob viewer enabled");
    by("user role bob operator", root).prints("bob operator enabled");
    by("user passwd bob", root).prints("bob operator");
    by("user disable bob", root).prints("bob operator disabled");
    by("user list", root)
        .prints("NAME  ROLE      STATE     CHANGED\nann   admin     enabled   2")
        .prints("\nbob   operator  disabled  2");
    by("user enable bob", root).prints("bob operator enabled");
    by("user enable carol", root).fails(1, &["there is no such user; `packhorse user list` shows their names"]);
    by("key revoke 9", root).fails(1, &["there is no such key; `packhorse key list` shows their ids"]);

    let shop = by("key add shop --role viewer --scope orders --expires-in 90days", root).prints("ph_");
    by("key list", shop.out.trim()).fails(1, &["may not do this"]);
    by("key list", root)
        .prints("ID  NAME  ROLE    SCOPE   STATE     EXPIRES")
        .prints("\n2   shop  viewer  orders  in force  2");
    by("key revoke 2", root).prints(", revoked 2");
    by("key list", shop.out.trim()).fails(1, &["that is in force"]);

    drop(server);
    by("user list", root).fails(1, &[&url, "does not answer"]);
}

#[test]
fn a_long_list_is_read_page_by_page() {
    let server = Running::with(|settings| settings.limits.page_size = 3);
    let root = key(&server, &[], "root", "admin", "all");
    for nth in 0..7 {
        key(&server, &[("X-Api-Key", &root)], &format!("key-{nth}"), "viewer", "all");
    }
    let listed =
        run("key list", &["--url", &url(server.address)], &root).prints("\n8   key-6  viewer  all    in force  -");
    assert_eq!(listed.out.lines().count(), 9);
}

#[test]
fn a_directory_that_is_in_use_or_missing_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let at = |line: &str| run(line, &["--data-dir", data.to_str().unwrap()], "");
    for line in ["user list", "key list", "user disable ann", "user role ann viewer", "user passwd ann", "key revoke 1"]
    {
        at(line).fails(1, &["there is no data directory at", "--data-dir"]);
        assert!(!data.exists(), "{line} made it");
    }
    for line in
        ["user add ann --role operator", "key add shop --role viewer", "key add shop --role admin --scope orders"]
    {
        at(line).fails(1, &["make an admin first"]);
        assert!(!data.exists(), "{line} made it");
    }
    at("user add ann --role admin").prints("ann admin enabled");
    let server = Process::start(&data, MANUAL);
    at("user disable ann").fails(3, &["--url", "PACKHORSE_KEY"]);
    at("user list").prints("ann   admin  enabled");
    server.stop("-TERM");
    at("user list").prints("ann   admin  enabled");
    run("user list", &[], "").fails(2, &["--data-dir", "--url"]);
}

#[test]
fn an_encrypted_server_is_trusted_by_its_own_authority() {
    let place = tempfile::tempdir().unwrap();
    let files = Files::in_directory(place.path());
    files.hold(&pair());
    let server = files.serve(&place.path().join("data"));
    let url = format!("https://localhost:{}", server.address.port());
    let by = |more: &[&str]| run("user list", &[&["--url", url.as_str()], more].concat(), "");
    by(&["--ca", files.certificate.to_str().unwrap()]).prints("");
    by(&[]).fails(1, &["does not answer"]);
    by(&["--ca", files.key.to_str().unwrap()]).fails(1, &["holds no certificate"]);
    let missing = Path::new("/nowhere/ca.pem");
    by(&["--ca", missing.to_str().unwrap()]).fails(1, &["--ca: cannot read /nowhere/ca.pem"]);
}

#[test]
fn the_first_user_or_key_can_manage_the_others_at_every_door() {
    let server = Running::start();
    let refused = |path: &str, body: &str| {
        let said = server.post(path, body).expect(409);
        assert!(said.text().contains("make an admin first"), "{}", said.text());
        server.get("/api/access/keys/").expect(200);
    };
    let ends = r#"{"name": "a", "role": "admin", "expires_at": "2099-01-01T00:00:00Z"}"#;
    refused("/api/access/keys/", r#"{"name": "shop", "role": "viewer"}"#);
    refused("/api/access/keys/", r#"{"name": "shop", "role": "admin", "scope": "orders"}"#);
    refused("/api/access/keys/", ends);
    refused("/api/access/users/", r#"{"name": "ann", "role": "operator", "password": "correct horse battery"}"#);
    server.post("/api/access/keys/", r#"{"name": "root", "role": "admin"}"#).expect(201);
}

/// A server that gives each request the answer that `answer` makes of its path, for as long as the test runs.
fn hostile(answer: impl Fn(&str) -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut first, mut line) = (String::new(), String::new());
            reader.read_line(&mut first).ok();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            stream.write_all(answer(&path).as_bytes()).ok();
        }
    });
    address
}

fn answered(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

#[test]
fn a_hostile_server_steers_no_terminal_and_holds_nobody_up() {
    let user = |name: &str| {
        format!(r#"{{"name": "{name}", "role": "viewer", "disabled": false, "changed_at": "2026-01-01T00:00:00Z"}}"#)
    };
    let odd = hostile(|_| answered("500 Oops", "", "{\"detail\": \"\\u001b[2Jboo\\nerror: fine\"}"));
    let ran = run("user list --url", &[&url(odd)], "k");
    assert!(!ran.err.contains('\u{1b}') && ran.err.lines().count() == 1, "{:?}", ran.err);
    ran.fails(1, &["\\u{1b}[2Jboo"]);
    let row = user("\\u001b]0;owned\\u0007");
    let odd = hostile(move |_| answered("200 OK", "Content-Type: application/json\r\n", &format!("[{row}]")));
    let ran = run("user list --url", &[&url(odd)], "k");
    assert!(ran.code == 0 && !ran.out.contains(['\u{1b}', '\u{7}']), "{:?}", ran.out);
    let row = user("ann");
    let circle =
        hostile(move |path| answered("200 OK", &format!("Link: <{path}>; rel=\"next\"\r\n"), &format!("[{row}]")));
    run("user list --url", &[&url(circle)], "k").fails(1, &["lead in a circle"]);
    let rows = vec![user("ann"); 1_000].join(",");
    let endless = hostile(move |path| {
        let headers = format!("Link: <{path}1>; rel=\"next\"\r\n");
        answered("200 OK", &headers.replace("users/1", "users/?cursor=1"), &format!("[{rows}]"))
    });
    run("user list --url", &[&url(endless)], "k").fails(1, &["has no end"]);
}
