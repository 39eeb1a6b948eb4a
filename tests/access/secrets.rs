//! What must be seen nowhere, at the real binary with everything logged: passwords, keys, cookies, tokens of forms.

use std::fmt::Write as _;
use std::path::Path;

use super::PASSWORD;
use super::browser::hidden;
use super::support::process::{Process, Starting, serve};
use super::support::{Reply, send};

const ORDERS: &str = "/api/inventory/orders/";
const USERS: &str = "/api/access/users/";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// The real binary and everything that it answered.
struct Watched {
    server: Process,
    answers: String,
}

impl Watched {
    fn start(directory: &Path) -> Self {
        let mut command = serve(directory, &[]);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let started = Starting::spawn(command).ready();
        let server = started.unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log));
        Self { server, answers: String::new() }
    }

    fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let reply = send(self.server.address, method, path, headers, body.as_bytes());
        write!(self.answers, "{:?}\n{}\n", reply.headers, String::from_utf8_lossy(&reply.body)).unwrap();
        reply
    }

    /// What was answered, and what was logged.
    fn stop(self) -> (String, String) {
        let log = self.server.stop("-TERM").log;
        // Otherwise nothing is shown by what is not in it.
        assert!(log.contains("TRACE") && log.contains("\"message\":\"stopped\""), "everything is logged");
        (self.answers, log)
    }
}

fn cookie(reply: &Reply) -> String {
    reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn value(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1
}

fn form(csrf: &str, name: &str, password: &str) -> String {
    format!("csrf={csrf}&name={name}&password={}&next=/admin/", password.replace(' ', "+"))
}

/// Fails where `text` holds one of `secrets`, by its name.
#[track_caller]
fn holds_none(what: &str, text: &str, secrets: &[(&str, &str)]) {
    for (name, secret) in secrets {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a {name} in {what}");
    }
}

#[test]
fn who_has_not_signed_in_learns_neither_how_much_happens_nor_where() {
    let (server, _) = super::manned();
    for path in ["/admin/sign-in/", "/admin/assets/none/", "/admin/nowhere/"] {
        let page = server.get(path);
        let page = page.text();
        assert!(!page.contains("Dhaka"), "{path}: {page}");
        assert!(!page.contains("data-mark=\"") || page.contains("data-mark=\"\" data-zone=\"\""), "{path}: {page}");
    }
    let vera = super::SignedIn::new(&server, "vera", super::PASSWORD);
    let page = vera.get("/").expect(200);
    assert!(page.text().contains("Dhaka") && !page.text().contains("data-mark=\"\""));
}

#[test]
fn no_secret_is_in_an_answer_or_in_the_log_also_when_something_goes_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Watched::start(directory.path());
    let made = first.call("POST", "/api/access/keys/", &[], r#"{"name": "root", "role": "admin"}"#).expect(201).json();
    let key = made.get("secret").unwrap().text().to_owned();
    let bearer = format!("Bearer {key}");
    let by_key = [("X-Api-Key", key.as_str())];
    let user = format!(r#"{{"name": "ann", "role": "admin", "password": "{PASSWORD}"}}"#);
    first.call("POST", USERS, &by_key, &user).expect(201);

    // Signing in: wrongly, with the password in the field of the name, and rightly.
    let page = first.call("GET", "/admin/sign-in/", &[], "").expect(200);
    let (anonymous, csrf) = (cookie(&page), hidden(page.text(), "csrf"));
    let by_form = [("Cookie", anonymous.as_str()), FORM];
    first.call("POST", "/admin/sign-in/", &by_form, &form(&csrf, "ann", "wrong-hunter2-password")).expect(401);
    first.call("POST", "/admin/sign-in/", &by_form, &form("forged-token", "ann", PASSWORD)).expect(403);
    let begun = first.call("POST", "/admin/sign-in/", &by_form, &form(&csrf, "ann", PASSWORD)).expect(303);
    let session = cookie(&begun);
    let page = first.call("GET", "/admin/", &[("Cookie", &session)], "").expect(200);
    let token = hidden(page.text(), "csrf");
    let by_cookie = [("Cookie", session.as_str()), ("X-Csrf-Token", token.as_str())];

    // Every page and list that is about users, keys and sessions, by every credential.
    for headers in [&[("Authorization", bearer.as_str())][..], &by_key[..], &by_cookie[..]] {
        for path in ["me/", "users/", "users/ann/", "keys/", "sessions/", "audit/"] {
            first.call("GET", &format!("/api/access/{path}"), headers, "").expect(200);
        }
    }
    for path in ["users/", "keys/", "sessions/", "audit/", "settings/"] {
        first.call("GET", &format!("/admin/{path}"), &by_cookie[..1], "").expect(200);
    }
    first.call("PATCH", "/api/access/users/ann/", &by_key, r#"{"password": "second-hunter2-password"}"#).expect(200);
    first.call("GET", ORDERS, &by_cookie, "").expect(401);

    // What goes wrong.
    let short = &key[..40];
    for (headers, status) in [
        (&[("Authorization", "Bearer ph_malformed-hunter2-secret")][..], 401),
        (&[("Authorization", "Basic cGg6aHVudGVyMg=="), ("X-Api-Key", key.as_str())], 401),
        (&[("X-Api-Key", short)], 401),
        (&[("X-Api-Key", key.as_str()), ("Authorization", bearer.as_str())], 401),
        (&[("X-Api-Key", key.as_str()), ("Idempotency-Key", "a b")], 200),
    ] {
        first.call("GET", ORDERS, headers, "").expect(status);
    }
    for (method, body) in [
        ("POST", r#"{"name": "bob", "role": "admin", "password": "broken-hunter2-password""#),
        ("POST", r#"{"name": "bob", "role": "owner", "password": "broken-hunter2-password"}"#),
        ("POST", r#"{"name": "bob", "role": "admin", "password": ["broken-hunter2-password"]}"#),
        ("POST", r#"{"name": "bob", "role": "admin", "password": "broken-hunter2-password" "x"}"#),
        ("POST", r#"{"name": "bob", "role": "admin", "password": broken-hunter2-password}"#),
        ("POST", r#"{"name": "bob", "role": "admin", "password": "hunter2"}"#),
        ("POST", r#"["broken-hunter2-password"]"#),
        ("POST", r#""broken-hunter2-password""#),
        ("POST", "password=broken-hunter2-password"),
        ("POST", user.as_str()),
        ("PUT", user.as_str()),
    ] {
        first.call(method, USERS, &by_key, body).expect_one_of(&[400, 405]);
    }
    let typed = [("X-Api-Key", key.as_str()), ("Content-Type", "text/hunter2-kind")];
    first.call("POST", USERS, &typed, &user).expect_one_of(&[400, 415]);
    first.call("POST", ORDERS, &by_key, &format!(r#"{{"customer_name": "{key}"}}"#)).expect(400);
    first.call("POST", "/admin/sign-in/", &by_form, &form(&csrf, "second-hunter2-password", "")).expect(401);
    let (answers, log) = first.stop();
    assert!(log.contains("\"message\":\"signed in\"") && log.contains("\"message\":\"sign-in refused\""));
    let mut secrets = vec![
        ("password", PASSWORD),
        ("password in a form", "correct+horse"),
        ("password that was wrong, malformed or new", "hunter2-"),
        ("key that is cut off", short),
        ("hash of a password", "$argon2"),
    ];
    // The name that was typed comes back in the field of the form, whatever it is.
    let typed_as_name = "value=\"second-hunter2-password\"";
    assert_eq!(answers.matches(typed_as_name).count(), 1);
    let answers = answers.replacen(typed_as_name, "", 1).replacen(&key, "", 1);
    holds_none("an answer", &answers.replace("text/hunter2-kind", ""), &secrets);
    for (name, secret) in [("cookie before signing in", value(&anonymous)), ("cookie", value(&session))] {
        assert_eq!(answers.matches(secret).count(), 1, "a {name} stands where it was set, and nowhere else");
    }
    secrets.extend([("cookie", value(&session)), ("cookie", value(&anonymous)), ("token", &token), ("token", &csrf)]);
    holds_none("the log", &log, &secrets);

    // A start reads users and keys back, and judges the key of before.
    let mut second = Watched::start(directory.path());
    second.call("GET", ORDERS, &[("Authorization", &bearer)], "").expect(200);
    second.call("GET", ORDERS, &[("Cookie", &session)], "").expect(401);
    second.call("POST", "/admin/sign-in/", &by_form, &form(&csrf, "ann", PASSWORD)).expect(403);
    second.call("GET", "/api/access/keys/", &by_key, "").expect(200);
    second.call("POST", "/api/access/keys/1/revoke/", &by_key, "").expect(200);
    second.call("GET", ORDERS, &by_key, "").expect(401);
    let (answers, log) = second.stop();
    secrets.push(("key", &key));
    let told = [("key", key.as_str()), ("hash of a password", "$argon2"), ("password", PASSWORD)];
    holds_none("an answer after the restart", &answers, &told);
    holds_none("the log after the restart", &log, &secrets);
}
