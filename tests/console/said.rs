//! What the console says to a form that is sent again, or that no page of ours made like that.

use std::collections::{BTreeMap, BTreeSet};

use super::browser::{begun, filled, goes_to, hidden, holds, page, send, submit};
use super::posts::routes;
use crate::support::{Reply, Running};

/// The page of a form, the path that it is sent to, what of it the test fills in, and its other fields.
type Sent<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

const SHIP_TO: [(&str, &str); 5] = [
    ("customer_email", "zoe@example.com"),
    ("customer_phone", "1"),
    ("delivery_address", "Here"),
    ("product_id", "1"),
    ("quantity", "3"),
];

#[test]
fn a_form_that_was_sent_before_and_says_something_else_now_is_told_so_in_words_for_people() {
    let server = filled();
    let forms: [Sent<'_>; 4] = [
        ("/orders/new/", "/orders/new/", "customer_name", &SHIP_TO),
        ("/products/new/", "/products/new/", "name", &[("price", "4.50"), ("category_id", "1")]),
        ("/products/1/", "/products/1/adjust/", "amount", &[("how", "by"), ("reason", "found")]),
        ("/categories/", "/categories/", "name", &[]),
    ];
    for (from, to, changes, fields) in forms {
        let token = hidden(&page(&server, from), "token");
        let sent = |token: &str, value: &str| {
            let own = [("token", token), (changes, value)];
            submit(&server, from, to, &own.into_iter().chain(fields.iter().copied()).collect::<Vec<_>>())
        };
        goes_to(&sent(&token, "1"));
        let again = sent(&token, "2").expect(422);
        holds(again.text(), &["This form was sent before, and what it said then was done", "value=\"2\""]);
        assert!(!again.text().contains("dempotency"), "{}", again.text());
        if to == "/orders/new/" {
            holds(again.text(), &["It placed order 6"]);
        }
        // Sent from this page it is another one.
        goes_to(&sent(&hidden(again.text(), "token"), "2"));
    }
    holds(&page(&server, "/orders/7/"), &["<bdi>2</bdi>"]);
}

/// The forms that are about something as it was seen, with the mark that says how that was.
const ABOUT_WHAT_WAS_SEEN: [Sent<'static>; 6] = [
    (
        "/orders/1/",
        "/orders/1/contact/",
        "version",
        &[
            ("customer_name", "Eva"),
            ("customer_email", "eva@example.com"),
            ("customer_phone", "2"),
            ("delivery_address", "There"),
        ],
    ),
    ("/orders/1/", "/orders/1/move/", "version", &[("to", "processing")]),
    ("/orders/1/", "/orders/1/cancel/", "version", &[("reason", "too late")]),
    (
        "/products/1/edit/",
        "/products/1/edit/",
        "revision",
        &[("name", "Renamed"), ("price", "1.00"), ("category_id", "1")],
    ),
    ("/products/1/", "/products/1/adjust/", "expected", &[("how", "to"), ("amount", "50")]),
    ("/products/1/", "/products/1/adjust/", "expected", &[("how", "by"), ("amount", "5")]),
];

/// Fails unless order 1 and product 1 are as they were made.
#[track_caller]
fn nothing_was_done(server: &Running) {
    let order = server.get("/api/inventory/orders/1/").expect(200).json();
    assert_eq!((order.get("status").unwrap().text(), order.get("customer_name").unwrap().text()), ("pending", "Alice"));
    let product = server.get("/api/inventory/products/1/").expect(200).json();
    assert_eq!((product.get("on_hand").unwrap().number(), product.get("name").unwrap().text()), (100, "Phone"));
}

#[test]
fn a_version_that_cannot_be_read_is_no_leave_to_do_anything() {
    let server = filled();
    for (from, to, name, fields) in ABOUT_WHAT_WAS_SEEN {
        for unreadable in ["abc", "99999999999999", "-1", "1.0", "1 2"] {
            let fields: Vec<_> = [(name, unreadable)].into_iter().chain(fields.iter().copied()).collect();
            // A number that is there is another one than is meant: nothing is done either.
            submit(&server, from, to, &fields).expect_one_of(&[400, 409]);
        }
    }
    nothing_was_done(&server);
}

#[test]
fn a_form_that_does_not_say_what_was_seen_does_nothing_and_can_be_sent_from_the_page_that_comes() {
    for (from, to, name, fields) in ABOUT_WHAT_WAS_SEEN {
        let server = filled();
        let (cookie, csrf) = begun(&server, from);
        let sent = |mark: Option<(&str, &str)>| {
            let of_page = [("csrf", &*csrf)].into_iter().chain(mark);
            send(&server, &cookie, to, &of_page.chain(fields.iter().copied()).collect::<Vec<_>>())
        };
        let mut mark = String::new();
        for none in [None, Some((name, "")), Some((name, " "))] {
            let refused = sent(none).expect(400);
            holds(refused.text(), &["The form could not be read; load the page again.", "role=\"alert\""]);
            mark = hidden(refused.text(), name);
        }
        nothing_was_done(&server);
        goes_to(&sent(Some((name, &mark))));
    }
    let server = filled();
    for ids in [&["1"][..], &["1:1", "4"], &["1", "1:1"]] {
        let ids = ids.iter().map(|id| ("id", *id));
        let fields: Vec<_> = ids.chain([("to", "processing"), ("run", "1")]).collect();
        let refused = submit(&server, "/orders/", "/orders/bulk/", &fields).expect(400);
        holds(refused.text(), &["The form could not be read; load the page again.", "Back to the page"]);
    }
    nothing_was_done(&server);
}

/// Where `reply` leads, without what seals it.
fn told(reply: &Reply) -> String {
    goes_to(reply).split("&seal=").next().unwrap().to_owned()
}

#[test]
fn what_was_on_hand_before_a_correction_comes_from_the_correction() {
    let server = filled();
    let token = hidden(&page(&server, "/products/1/"), "token");
    let fields = [("token", &*token), ("how", "to"), ("amount", "80"), ("expected", "100"), ("reason", "stocktake")];
    let sent = || told(&submit(&server, "/products/1/", "/products/1/adjust/", &fields));
    assert_eq!(sent(), "/admin/products/1/?note=adjusted&was=100&is=80");
    assert_eq!(sent(), "/admin/products/1/?note=adjusted&was=100&is=80", "it is the same correction");
    server.post("/api/inventory/products/1/adjust/", r#"{"set": 70, "reason": "another"}"#).expect(200);
    assert_eq!(sent(), "/admin/products/1/?note=adjusted&was=100&is=80");
    let same = [("how", "to"), ("amount", "70")];
    let unchanged = submit(&server, "/products/1/", "/products/1/adjust/", &same);
    assert_eq!(told(&unchanged), "/admin/products/1/?note=adjusted&was=70&is=70");
}

#[test]
fn a_mark_against_sending_twice_is_no_longer_than_pages_make_them() {
    let server = filled();
    let long = "x".repeat(65);
    let forms: [Sent<'_>; 4] = [
        ("/orders/new/", "/orders/new/", "token", &SHIP_TO),
        ("/products/new/", "/products/new/", "token", &[("price", "4.50"), ("category_id", "1")]),
        ("/products/1/", "/products/1/adjust/", "token", &[("how", "by"), ("amount", "2")]),
        ("/categories/", "/categories/", "token", &[]),
    ];
    for (from, to, name, fields) in forms {
        let own = [(name, &*long), ("name", "Strap"), ("customer_name", "Zoe")];
        let fields: Vec<_> = own.into_iter().chain(fields.iter().copied()).collect();
        holds(submit(&server, from, to, &fields).expect(400).text(), &["The form could not be read"]);
    }
    server.get("/admin/orders/6/").expect(404);
    holds(&page(&server, "/products/1/"), &["100 on hand"]);
}

#[test]
fn an_address_with_a_sign_in_its_number_is_none() {
    let server = filled();
    for path in routes("get").into_iter().filter(|path| path.contains("{id}")) {
        let reply = server.get(&format!("/admin{}", path.replace("{id}", "+1")));
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
    let (cookie, csrf) = begun(&server, "/orders/1/");
    for path in routes("post").into_iter().filter(|path| path.contains("{id}")) {
        let fields = [("csrf", &*csrf), ("to", "processing"), ("reason", "r"), ("name", "n"), ("amount", "1")];
        let reply = send(&server, &cookie, &path.replace("{id}", "+1"), &fields);
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
}

#[test]
fn a_page_that_is_used_otherwise_says_how_it_may_be() {
    let server = filled();
    let mut allowed = BTreeMap::<_, BTreeSet<_>>::new();
    for path in routes("get") {
        allowed.entry(path).or_default().extend(["GET", "HEAD"]);
    }
    for path in routes("post") {
        allowed.entry(path).or_default().insert("POST");
    }
    let (cookie, csrf) = begun(&server, "/orders/1/");
    for (path, methods) in allowed {
        let at = format!("/admin{}", path.replace("{id}", "1").replace("{key}", "0").replace("{name}", "ann"));
        let headers = [("Cookie", &*cookie), ("X-Csrf-Token", &*csrf)];
        let reply = server.send("PUT", &at, &headers, "");
        assert_eq!(reply.status, 405, "{path}: {}", reply.text());
        let said: BTreeSet<_> = reply.header("allow").unwrap_or_default().split(", ").collect();
        assert_eq!(said, methods, "{path}");
    }
}

#[test]
fn an_address_that_is_too_long_or_spelled_otherwise_is_refused_by_a_page() {
    let server = filled();
    let long = format!("/admin/orders/?search={}", "x".repeat(17 << 10));
    for (path, status, said) in [(&*long, 414, "too long"), ("/admin/%6frders/", 400, "percent-encoded")] {
        let reply = server.get(path).expect(status);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}: {}", reply.text());
        holds(reply.text(), &[said, "<h1>", "</html>"]);
        assert!(reply.header("content-security-policy").unwrap().contains("style-src 'self'"));
        let data = server.get(&path.replace("/admin/", "/api/inventory/")).expect(status);
        assert_eq!(data.header("content-type"), Some("application/json"));
    }
}

#[test]
fn a_filter_that_was_left_empty_is_none() {
    let server = filled();
    let shown = page(&server, "/orders/?status=&delayed=&from=&to=&customer=&product=&search=");
    holds(&shown, &["Alice", "Eve"]);
    assert!(!shown.contains("Give true or false"), "{shown}");
}

#[test]
fn a_search_with_too_many_words_says_so() {
    let server = filled();
    let words = (0..18).map(|at| format!("word{at}")).collect::<Vec<_>>().join("+");
    let found = server.get(&format!("/admin/find/?q={words}")).expect(200);
    holds(found.text(), &["At most 16 terms can be searched for at once."]);
    assert!(!found.text().contains("No matches"), "{}", found.text());
}

#[test]
fn a_file_in_parts_is_told_how_to_be_sent_and_not_read_as_rows() {
    let server = filled();
    let (cookie, csrf) = begun(&server, "/upload/");
    let body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\ncustomer_name\r\n--b--\r\n";
    for kind in ["multipart/form-data; boundary=b", "Multipart/Form-Data; boundary=b"] {
        let headers = [("Content-Type", kind), ("Cookie", &*cookie), ("X-Csrf-Token", &*csrf)];
        let refused = server.send("POST", "/admin/upload/?name=a.csv", &headers, body).expect(415);
        assert!(!refused.text().contains("Content-Disposition"), "{}", refused.text());
        holds(refused.text(), &["<h1>", "Send the file as it is"]);
    }
}
