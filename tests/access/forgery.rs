//! Requests that a page of somebody else made, ways to lead a browser astray, and what a browser is shown when it is
//! refused.

use super::browser::{begun, goes_to, hidden, holds, send};
use super::support::{Reply, Running, exchange};
use super::{PASSWORD, SignedIn, csrf_of, manned, manned_with, with_key};

const CATEGORIES: &str = "/api/inventory/categories/";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn a_session_does_nothing_for_a_page_that_is_not_its_own() {
    let (server, root) = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let (csrf, other) = (csrf_of(&ann), csrf_of(&olga));
    let (_, nobodys) = begun(&server, "/sign-in/");
    let flipped: String = csrf.chars().rev().collect();

    let script = |headers: &[(&str, &str)]| {
        let headers = [&[("Cookie", ann.cookie.as_str())], headers].concat();
        server.send("POST", CATEGORIES, &headers, r#"{"name": "Forged"}"#).status
    };
    let form = |headers: &[(&str, &str)], body: &str| {
        let headers = [&[("Cookie", ann.cookie.as_str()), FORM], headers].concat();
        server.send("POST", "/admin/categories/", &headers, body).status
    };
    for token in ["", "guessed", &other, &nobodys, &flipped, &csrf[..63]] {
        assert_eq!(script(&[("X-Csrf-Token", token)]), 403, "{token}");
        assert_eq!(form(&[], &format!("csrf={token}&name=Forged")), 403, "{token}");
    }
    assert_eq!(script(&[]), 403);
    assert_eq!(script(&[FORM]), 403, "a form that is JSON");
    assert_eq!(script(&[("Content-Type", "text/plain")]), 403);
    assert_eq!(form(&[], "name=Forged"), 403);
    assert_eq!(form(&[], &format!("csrf={csrf}&csrf={csrf}&name=Forged")), 403, "two of them");
    let token = ("X-Csrf-Token", csrf.as_str());
    let field = format!("csrf={csrf}&name=Forged");
    for site in ["cross-site", "same-site", "", "nonsense"] {
        assert_eq!(script(&[token, ("Sec-Fetch-Site", site)]), 403, "{site}");
        assert_eq!(form(&[("Sec-Fetch-Site", site)], &field), 403, "{site}");
    }
    for (method, path) in [("PATCH", "/api/access/users/vera/"), ("DELETE", "/api/inventory/categories/1/")] {
        server.send(method, path, &[("Cookie", ann.cookie.as_str())], "{}").expect(403);
    }
    with_key(&server, "GET", CATEGORIES, &root, "").expect_body(200, "[]");

    // A browser that tells its origin and nothing else.
    for origin in ["https://evil.example", "null", "http://localhost:1", "http://localhost.evil.example", ""] {
        assert_eq!(script(&[token, ("Origin", origin)]), 403, "{origin}");
        assert_eq!(form(&[("Origin", origin)], &field), 403, "{origin}");
        let (cookie, csrf) = begun(&server, "/sign-in/");
        let headers = [FORM, ("Cookie", &cookie), ("Origin", origin)];
        let sent = format!("csrf={csrf}&name=ann&password={}", PASSWORD.replace(' ', "+"));
        server.send("POST", "/admin/sign-in/", &headers, &sent).expect(403);
    }
    with_key(&server, "GET", CATEGORIES, &root, "").expect_body(200, "[]");

    assert_eq!(script(&[token, ("Sec-Fetch-Site", "same-origin")]), 201);
    assert_eq!(form(&[("Origin", "http://localhost")], &format!("csrf={csrf}&name=Rack")), 303);
    assert_eq!(form(&[("Origin", "https://localhost")], &format!("csrf={csrf}&name=Bin")), 303, "behind a proxy");
    let by_key = [("X-Api-Key", root.as_str()), ("Origin", "https://evil.example")];
    server.send("POST", CATEGORIES, &by_key, r#"{"name": "Box"}"#).expect(201);
    assert_eq!(form(&[("Sec-Fetch-Site", "same-origin")], &format!("csrf={csrf}&name=Shelf")), 303);
    assert_eq!(form(&[("Sec-Fetch-Site", "none"), token], "name=Drawer"), 303);
}

#[test]
fn signing_in_and_out_takes_a_form_of_ours() {
    let (server, _) = manned();
    let (cookie, csrf) = begun(&server, "/sign-in/");
    let (_, other) = begun(&server, "/sign-in/");
    let fields = |csrf: &'static str| [("csrf", csrf), ("name", "ann"), ("password", PASSWORD)];
    send(&server, &cookie, "/sign-in/", &fields("")).expect(403);
    send(&server, &cookie, "/sign-in/", &fields(other.clone().leak())).expect(403);
    send(&server, "a=b", "/sign-in/", &fields(csrf.clone().leak())).expect(403);
    goes_to(&send(&server, &cookie, "/sign-in/", &fields(csrf.leak())));
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    send(&server, &ann.cookie, "/sign-out/", &[("csrf", &other)]).expect(403);
    ann.get("/").expect(200);
}

#[test]
fn an_open_server_does_nothing_for_pages_of_other_origins() {
    let server = Running::start();
    let body = r#"{"name": "Things"}"#;
    for origin in ["https://evil.example", "null", "http://localhost:1", "http://localhost.evil.example"] {
        server.send("POST", CATEGORIES, &[("Origin", origin)], body).expect(403);
    }
    server.get(CATEGORIES).expect_body(200, "[]");
    server.send("POST", CATEGORIES, &[("Origin", "http://localhost")], body).expect(201);
}

#[test]
fn signing_in_leads_into_the_console_and_nowhere_else() {
    let (server, _) = manned();
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    let led = |next: &str| {
        let (cookie, csrf) = begun(&server, "/sign-in/");
        let fields = [("csrf", csrf.as_str()), ("name", "vera"), ("password", PASSWORD), ("next", next)];
        let reply = send(&server, &cookie, "/sign-in/", &fields);
        assert_eq!(reply.header("x-evil"), None, "{next:?}");
        goes_to(&reply).to_owned()
    };
    assert_eq!(led("/admin/orders/?status=pending"), "/admin/orders/?status=pending");
    for next in [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://evil.example/admin/",
        "javascript:alert(1)",
        "/admin/../api/access/users/",
        "/admin/..//evil.example",
        "/admin/../..//evil.example",
        "/admin/.%2e//evil.example",
        "/admin/%2F%2Fevil.example",
        "/admin//evil.example",
        "/admin\t//evil.example",
        "/\tadmin/",
        "\u{0}/admin/",
        "/admin/\r\nX-Evil: 1",
        "/admin/?a=b\r\nX-Evil: 1",
        "/admin/\u{2028}",
        "/admin@evil.example",
        "/admin.evil.example/",
        "admin/",
        "@evil.example",
        "",
    ] {
        assert_eq!(led(next), "/admin/", "{next:?}");
        // Who has signed in already is sent on by the page itself.
        let coded = next.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        assert_eq!(goes_to(&vera.get(&format!("/sign-in/?next={coded}"))), "/admin/", "{next:?}");
    }
}

#[test]
fn nothing_that_is_sent_becomes_a_header() {
    let (server, root) = manned();
    let clean = |reply: &Reply| {
        assert_eq!(reply.header("x-evil"), None, "{:?}", reply.headers);
        assert!(reply.headers.iter().filter(|(name, _)| name == "set-cookie").count() <= 1);
    };
    for path in [
        "/admin/%0d%0aX-Evil:%201/",
        "/admin/orders/?cursor=%0d%0aX-Evil:%201",
        "/admin/sign-in/?next=/admin/%0d%0aX-Evil:%201",
        "/api/access/audit/?limit=1&a=%0d%0aX-Evil:%201",
        "/api/access/users/?limit=1&a=%0D%0AX-Evil:%201&b=>,<x>",
        "/api/access/users/%0d%0aX-Evil:%201/",
    ] {
        clean(&server.send("GET", path, &[("X-Api-Key", &root)], ""));
        clean(&server.send("GET", path, &[], ""));
    }
    for name in [r"a\r\nX-Evil: 1", r"a\u000dX-Evil: 1", r"a\u0000"] {
        let user = format!(r#"{{"name": "{name}", "role": "viewer", "password": "{PASSWORD}"}}"#);
        clean(&with_key(&server, "POST", "/api/access/users/", &root, &user).expect(400));
        let made = format!(r#"{{"name": "{name}", "role": "viewer"}}"#);
        clean(&with_key(&server, "POST", "/api/access/keys/", &root, &made).expect(400));
    }
    // As bytes, because no client would send them: a bare CR or LF, and a NUL, inside of a value that comes back or is
    // kept.
    for header in ["X-Request-Id", "Idempotency-Key", "X-Csrf-Token", "Origin", "Cookie", "Host", "X-Api-Key"] {
        for evil in ["a\rX-Evil: 1", "a\0X-Evil: 1", "a\r\n X-Evil: 1", "\u{e9}\rX-Evil: 1"] {
            let head =
                format!("POST {CATEGORIES} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {root}\r\n{header}: {evil}\r\n");
            let raw = format!("{head}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            let reply = exchange(server.address, raw.as_bytes());
            clean(&reply);
            assert!((400..500).contains(&reply.status), "{header} {evil:?}: {}", reply.status);
        }
    }
    // What a client sends as its own id comes back as it is, or not at all.
    for id in ["a b", "\u{e9}", &"x".repeat(65), "<script>\t"] {
        let reply = server.send("GET", "/healthz", &[("X-Request-Id", id)], "").expect(200);
        assert_ne!(reply.header("x-request-id"), Some(id));
    }
    // Who pretends to be forwarded, or to call another path, is not believed.
    for header in ["X-Forwarded-For", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Host"] {
        server.send("GET", "/api/access/users/", &[(header, "127.0.0.1")], "").expect(401);
    }
}

/// Fails unless a browser is shown `text` on a page of the console with this status.
#[track_caller]
fn shows(reply: &Reply, status: u16, text: &str) {
    assert_eq!((reply.status, reply.header("content-type")), (status, Some("text/html; charset=utf-8")));
    holds(reply.text(), &["<html", "style.css", text]);
}

#[test]
fn who_is_refused_in_the_console_sees_a_page_and_a_program_gets_json() {
    let (server, _) = manned();
    let (olga, vera) = (SignedIn::new(&server, "olga", PASSWORD), SignedIn::new(&server, "vera", PASSWORD));
    let post = |user: &SignedIn<'_>, path: &str, headers: &[(&str, &str)], body: &str| {
        let headers = [&[("Cookie", user.cookie.as_str()), FORM], headers].concat();
        server.send("POST", path, &headers, body)
    };
    let forged = post(&olga, "/admin/orders/1/move/", &[], "to=processing");
    shows(&forged, 403, "This form has expired.");
    holds(forged.text(), &["olga", "To the overview"]);
    shows(
        &post(&olga, "/admin/orders/1/move/", &[("Sec-Fetch-Site", "cross-site")], ""),
        403,
        "A page of another site",
    );
    shows(&vera.post("/orders/1/move/", &[]), 403, "This needs the role operator.");
    assert!(goes_to(&server.get("/admin/orders/")).starts_with("/admin/sign-in/?next="), "who may yet sign in");
    shows(&server.send("POST", "/admin/orders/1/move/", &[FORM], ""), 403, "sign-in/?next=");
    // Whose session ended while they filled in a form.
    let csrf = csrf_of(&vera);
    goes_to(&vera.post("/sign-out/", &[]));
    shows(&post(&vera, "/admin/orders/1/move/", &[], &format!("csrf={csrf}")), 401, "You are signed out");
    let program = post(&olga, CATEGORIES, &[], "name=Forged").expect(403);
    assert_eq!(program.header("content-type"), Some("application/json"));
    assert!(program.text().starts_with("{\"detail\":\""), "{}", program.text());

    let (slow, _) = manned_with(|settings| settings.rate.per_address = 12);
    let asked = |path: &str| (0..40).map(|_| slow.get(path)).find(|reply| reply.status == 429).unwrap();
    let page = asked("/admin/sign-in/");
    shows(&page, 429, "Too many requests came from here.");
    assert_eq!(page.header("retry-after"), Some("1"));
    assert_eq!(asked("/api/access/me/").header("content-type"), Some("application/json"));

    let open = Running::start();
    let rebound = exchange(open.address, b"GET /admin/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    shows(&rebound, 403, "call by IP address or as localhost");
    assert!(!rebound.text().contains("Orders by stage"));
    let csrf = hidden(&super::browser::page(&open, "/categories/"), "csrf");
    let other = send(&open, &format!("packhorse_session={}", "cd".repeat(32)), "/categories/", &[("csrf", &csrf)]);
    shows(&other, 403, "This form has expired.");
}

#[test]
fn no_link_and_no_other_site_brings_a_form_that_is_sent_after_signing_in() {
    let (server, root) = manned();
    let link = "/admin/sign-in/?next=/admin/orders/&to=/admin/users/&form=name%3Devil%26role%3Dadmin%26password%3Dx";
    let opened = server.get(link).expect(200);
    let cookie = opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(!opened.text().contains("evil") && !opened.text().contains("users"), "{}", opened.text());
    let csrf = hidden(opened.text(), "csrf");
    let fields = [("csrf", csrf.as_str()), ("name", "ann"), ("password", PASSWORD), ("next", "/admin/orders/")];
    assert_eq!(goes_to(&send(&server, &cookie, "/sign-in/", &fields)), "/admin/orders/");
    // A browser that tells its origin and nothing else.
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let headers = [FORM, ("Cookie", ann.cookie.as_str()), ("Origin", "https://evil.example")];
    let refused = server.send("POST", "/admin/users/", &headers, "csrf=0&name=evil&role=admin").expect(403);
    assert!(!refused.text().contains("evil"), "{}", refused.text());
    let users = with_key(&server, "GET", "/api/access/users/", &root, "").expect(200);
    assert!(!users.text().contains("evil"));
}

#[test]
fn a_form_that_is_sent_again_shows_what_it_decides() {
    let (server, _) = manned();
    let (cookie, _) = begun(&server, "/sign-in/");
    let form = [("csrf", "0"), ("name", "bob"), ("role", "admin"), ("password", PASSWORD)];
    let refused = send(&server, &cookie, "/users/", &form).expect(403);
    let (csrf, sent) = (hidden(refused.text(), "csrf"), "name=bob&role=admin");
    let fields =
        [("csrf", csrf.as_str()), ("name", "ann"), ("password", PASSWORD), ("to", "/admin/users/"), ("form", sent)];
    let signed_in = send(&server, &cookie, "/sign-in/", &fields);
    let again = goes_to(&signed_in).to_owned();
    assert!(again.starts_with("/admin/again/"), "{again}");
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let shown = server.send("GET", &again, &[("Cookie", &cookie)], "").expect(200);
    holds(shown.text(), &["It is sent to &#x2f;admin&#x2f;users&#x2f;.", "<dt>Role</dt><dd>admin</dd>"]);
}
