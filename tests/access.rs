//! Who may do what, over the real server: every route for every role, keys that no longer hold, sessions, forgery.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "access/attacks.rs"]
mod attacks;
#[path = "support/memory.rs"]
mod memory;
#[path = "access/routes.rs"]
mod routes;
#[path = "access/sign_in.rs"]
mod sign_in;
#[path = "access/start.rs"]
mod start;
#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use support::{Reply, Running};

/// A password that no answer and no log may hold.
const PASSWORD: &str = "correct horse battery staple";

/// Makes a key while `by` may; answers with its secret.
fn key(server: &Running, by: &[(&str, &str)], name: &str, role: &str, scope: &str) -> String {
    let body = format!(r#"{{"name": "{name}", "role": "{role}", "scope": "{scope}"}}"#);
    let made = server.send("POST", "/api/access/keys/", by, &body).expect(201).json();
    made.get("secret").unwrap().text().to_owned()
}

fn with_key(server: &Running, method: &str, path: &str, secret: &str, body: &str) -> Reply {
    server.send(method, path, &[("X-Api-Key", secret)], body)
}
