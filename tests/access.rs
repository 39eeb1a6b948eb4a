//! Who may do what, over the real server: every route for every role, keys that no longer hold, sessions, forgery,
//! limits, what is written down of it and what is written nowhere, encryption.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "access/attacks.rs"]
mod attacks;
#[path = "access/audit.rs"]
mod audit;
#[expect(dead_code, reason = "shared with the tests of the console, which need more of it")]
#[path = "console/browser.rs"]
mod browser;
#[path = "access/command_line.rs"]
mod command_line;
#[path = "access/connections.rs"]
mod connections;
#[path = "access/forgery.rs"]
mod forgery;
#[path = "access/limits.rs"]
mod limits;
#[path = "access/log.rs"]
mod log;
#[path = "access/meanwhile.rs"]
mod meanwhile;
#[path = "support/memory.rs"]
mod memory;
#[path = "access/repetition.rs"]
mod repetition;
#[path = "access/routes.rs"]
mod routes;
#[path = "access/runs.rs"]
mod runs;
#[path = "access/said.rs"]
mod said;
#[path = "access/secrets.rs"]
mod secrets;
#[path = "access/sessions.rs"]
mod sessions;
#[path = "access/shares.rs"]
mod shares;
#[path = "access/sign_in.rs"]
mod sign_in;
#[path = "access/start.rs"]
mod start;
#[expect(dead_code, reason = "shared with other tests, which need more of it")]
mod support;
#[path = "access/terminal.rs"]
mod terminal;
#[path = "access/tls.rs"]
mod tls;

use browser::{SignedIn, hidden};
use support::{Reply, Running};

/// A password that no answer and no log may hold.
const PASSWORD: &str = "correct horse battery staple";

/// A server with the admin ann, the operator olga and the viewer vera, and the secret of a key for everything.
fn manned() -> (Running, String) {
    manned_with(|_| {})
}

/// Makes product 1 with `units` on hand, by the key `root`.
fn stock_up(server: &Running, root: &str, units: u32) {
    with_key(server, "POST", "/api/inventory/categories/", root, r#"{"name": "Phones"}"#).expect(201);
    let product = format!(r#"{{"name": "Phone", "price": "1.00", "stock": {units}, "category_id": 1}}"#);
    with_key(server, "POST", "/api/inventory/products/", root, &product).expect(201);
}

/// As [`manned`], with what `adjust` makes of the settings.
fn manned_with(adjust: impl FnOnce(&mut packhorse::config::Settings)) -> (Running, String) {
    let server = Running::with(adjust);
    let root = key(&server, &[], "root", "admin", "all");
    for (name, role) in [("ann", "admin"), ("olga", "operator"), ("vera", "viewer")] {
        let user = format!(r#"{{"name": "{name}", "role": "{role}", "password": "{PASSWORD}"}}"#);
        with_key(&server, "POST", "/api/access/users/", &root, &user).expect(201);
    }
    (server, root)
}

/// The token that the forms and scripts of somebody's session carry.
fn csrf_of(user: &SignedIn<'_>) -> String {
    hidden(user.get("/").expect(200).text(), "csrf")
}

/// Makes a key while `by` may; answers with its secret.
fn key(server: &Running, by: &[(&str, &str)], name: &str, role: &str, scope: &str) -> String {
    let body = format!(r#"{{"name": "{name}", "role": "{role}", "scope": "{scope}"}}"#);
    let made = server.send("POST", "/api/access/keys/", by, &body).expect(201).json();
    made.get("secret").unwrap().text().to_owned()
}

fn with_key(server: &Running, method: &str, path: &str, secret: &str, body: &str) -> Reply {
    server.send(method, path, &[("X-Api-Key", secret)], body)
}
