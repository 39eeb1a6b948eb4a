//! Every form of the console leads on when it was taken: loading the page that follows sends nothing again.

use std::collections::BTreeSet;

use super::browser::{SignedIn, begun, filled, goes_to, hidden, holds, send, submit};
use super::people::{PASSWORD, manned};
use crate::support::Running;

const ROUTES: &str = include_str!("../../src/console/routes.rs");

/// The paths of the console that answer to `method`, as the table of its routes says.
pub(crate) fn routes(method: &str) -> BTreeSet<&'static str> {
    let quoted = |text: &'static str| text.split('"').nth(1).unwrap();
    let (start, _) = ROUTES.split_once("fn add(").unwrap();
    let pages = start.split(" on(").skip(1).map(|page| page.split('\n').next().unwrap());
    let pages = pages.filter(|page| page.contains(&format!(".{method}("))).map(quoted);
    let others = start.split("web::resource(").skip(1).map(|page| page.split(';').next().unwrap());
    let others = others.filter(|page| page.contains(&format!("web::{method}()"))).map(quoted);
    pages.chain(others).collect()
}

/// A route, the path to send the form to, and the fields: `{key}` is that of the upload.
type Sent = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CONTENT: &str =
    "customer_name,customer_email,customer_phone,delivery_address,product_id\nZoe,z@example.com,1,Here,1";
const CONTACT: [(&str, &str); 4] = [
    ("customer_name", "Zoe"),
    ("customer_email", "zoe@example.com"),
    ("customer_phone", "1"),
    ("delivery_address", "There"),
];

/// A form for every route that takes one, in an order in which each is taken.
#[rustfmt::skip]
const FORMS: &[Sent] = &[
    ("/orders/new/", "/orders/new/", &[CONTACT[0], CONTACT[1], CONTACT[2], CONTACT[3], ("product_id", "1"), ("quantity", "1")]),
    ("/orders/bulk/", "/orders/bulk/", &[("id", "4"), ("to", "processing")]),
    ("/orders/bulk/", "/orders/bulk/", &[("id", "4:1"), ("to", "processing"), ("run", "1")]),
    ("/orders/{id}/move/", "/orders/1/move/", &[("to", "processing")]),
    ("/orders/{id}/cancel/", "/orders/5/cancel/", &[("reason", "too late")]),
    ("/orders/{id}/contact/", "/orders/6/contact/", &CONTACT),
    ("/orders/{id}/archive/", "/orders/3/archive/", &[]),
    ("/products/new/", "/products/new/", &[("name", "Strap"), ("price", "4.50"), ("category_id", "1")]),
    ("/products/{id}/edit/", "/products/2/edit/", &[("name", "Cover"), ("price", "9.00"), ("category_id", "1")]),
    ("/products/{id}/archive/", "/products/2/archive/", &[("archived", "true")]),
    ("/products/{id}/adjust/", "/products/2/adjust/", &[("how", "by"), ("amount", "2"), ("reason", "found")]),
    ("/products/{id}/delete/", "/products/3/delete/", &[]),
    ("/categories/", "/categories/", &[("name", "Cases")]),
    ("/categories/{id}/rename/", "/categories/2/rename/", &[("name", "Covers")]),
    ("/categories/{id}/delete/", "/categories/2/delete/", &[]),
    ("/upload/", "/upload/", &[("content", CONTENT)]),
    ("/upload/{key}/run/", "/upload/{key}/run/", &[]),
    ("/users/", "/users/", &[("name", "bob"), ("password", PASSWORD), ("role", "viewer")]),
    ("/users/{name}/", "/users/bob/", &[("do", "disable")]),
    ("/keys/", "/keys/", &[("name", "shop-1"), ("role", "operator"), ("scope", "orders")]),
    ("/keys/{id}/revoke/", "/keys/1/revoke/", &[]),
    ("/sessions/{id}/end/", "/sessions/1/end/", &[]),
    ("/sign-in/", "/sign-in/", &[("name", "vera"), ("password", PASSWORD), ("next", "/admin/orders/")]),
    ("/sign-out/", "/sign-out/", &[]),
];

#[test]
fn every_form_that_is_taken_leads_to_a_page_that_can_be_loaded_again() {
    let sent: BTreeSet<_> = FORMS.iter().map(|(route, ..)| *route).collect();
    assert_eq!(sent, routes("post"), "the table has a form for each route, and for no other");
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let mut key = String::new();
    for (route, path, fields) in FORMS {
        let path = path.replace("{key}", &key);
        let reply = if *route == "/sign-in/" {
            let (cookie, csrf) = begun(&server, "/sign-in/");
            let fields: Vec<_> = [("csrf", &*csrf)].into_iter().chain(fields.iter().copied()).collect();
            send(&server, &cookie, &path, &fields)
        } else {
            ann.post(&path, fields)
        };
        assert_eq!(reply.status, 303, "{path} leads on: {}", reply.text());
        let to = goes_to(&reply).strip_prefix("/admin").unwrap();
        if *route == "/upload/" {
            key = to.split('/').nth(2).unwrap().to_owned();
        }
        for _ in 0..2 {
            ann.get(to).expect(200);
        }
    }
}

#[test]
fn many_orders_are_changed_once_however_often_the_page_is_loaded_or_the_form_sent() {
    let server = filled();
    let ids = [("id", "1"), ("id", "4"), ("id", "3"), ("to", "processing")];
    let looked = submit(&server, "/orders/", "/orders/bulk/", &ids);
    let path = goes_to(&looked).to_owned();
    let preview = server.get(&path).expect(200);
    holds(preview.text(), &["Start processing: 2 of 3 orders", "Nothing was changed yet."]);
    // A preview that is loaded again says how things are by then.
    server.post("/api/inventory/orders/4/transition/", r#"{"to": "processing"}"#).expect(200);
    holds(server.get(&path).expect(200).text(), &["Start processing: 1 of 3 orders"]);
    let key = hidden(preview.text(), "key");
    let run = [("key", &*key), ("id", "1:1"), ("to", "processing"), ("run", "1")];
    for _ in 0..2 {
        assert_eq!(goes_to(&submit(&server, "/orders/", "/orders/bulk/", &run)), path);
        for _ in 0..2 {
            let over = server.get(&path).expect(200);
            holds(over.text(), &["1 order changed to processing", "All of them were changed."]);
            assert!(!over.text().contains("could not be changed"));
        }
    }
    assert_eq!(server.get("/api/inventory/orders/1/history/").expect(200).json().rows().len(), 2);
    server.get("/admin/orders/bulk/another/").expect(404);
}

#[test]
fn what_one_user_did_is_no_page_of_another() {
    let server = manned();
    let (ann, olga) = (SignedIn::new(&server, "ann", PASSWORD), SignedIn::new(&server, "olga", PASSWORD));
    let fields = [("name", "shop-1"), ("role", "operator"), ("scope", "orders")];
    let made = goes_to(&ann.post("/keys/", &fields)).strip_prefix("/admin").unwrap().to_owned();
    olga.get(&made).expect(403);
    let bulk = goes_to(&ann.post("/orders/bulk/", &[("id", "1"), ("to", "cancelled")])).to_owned();
    let bulk = bulk.strip_prefix("/admin").unwrap();
    holds(olga.get(bulk).expect(404).text(), &["This page is not kept any more."]);
    holds(ann.get(bulk).expect(200).text(), &["Cancel: 1 of 1 order"]);
    holds(ann.get(&made).expect(200).text(), &["This is the only time that it is shown"]);
}

#[test]
fn the_key_that_closes_access_is_shown_at_once_as_there_is_no_way_back_to_it() {
    let server = Running::start();
    let fields = [("name", "root"), ("role", "admin"), ("scope", "all")];
    let made = submit(&server, "/keys/", "/keys/", &fields).expect(200);
    let secret = shown(made.text());
    server.send("GET", "/api/access/keys/", &[("X-Api-Key", secret)], "").expect(200);
    goes_to(&server.get("/admin/keys/"));
}

/// The secret on a page.
pub(crate) fn shown(page: &str) -> &str {
    let (_, rest) = page.split_once("class=\"secret\">").unwrap();
    rest.split('<').next().unwrap()
}
