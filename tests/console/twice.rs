//! A parameter that is there twice is refused at every page: whichever value was taken, it could be the wrong one.

use super::browser::{filled, goes_to, holds, page, submit};
use super::posts::routes;

#[test]
fn a_parameter_that_is_there_twice_is_refused_at_every_page() {
    let server = filled();
    for route in routes("get") {
        // A file, which reads no parameter.
        if route == "/assets/{name}/" {
            continue;
        }
        let path = route.replace("{id}", "1").replace("{key}", "0").replace("{name}", "ann");
        for (query, said) in [
            ("status=pending&status=shipped", "Status is in the address of this page more than once. Give it once."),
            ("search=a&search=", "Search is in"),
            ("q=1&q=1", "Q is in"),
            ("from=2020-01-01&next=%2Fadmin%2F&from=2030-01-01", "Placed from is in"),
            ("below=3&below=4", "Below is in"),
            ("next=a&next=b", "Next is in"),
            ("=1&=2", "is in the address"),
            ("%3Cb%3E=1&%3Cb%3E=2", "&lt;b&gt; is in"),
        ] {
            let reply = server.get(&format!("/admin{path}?{query}"));
            assert_eq!(reply.status, 400, "{path}?{query}: {}", reply.text());
            holds(reply.text(), &[said, "To the overview"]);
        }
    }
}

#[test]
fn a_form_is_not_taken_by_an_address_that_says_something_twice() {
    let server = filled();
    let refused = submit(&server, "/orders/1/", "/orders/1/move/?note=a&note=b", &[("to", "processing")]).expect(400);
    holds(refused.text(), &["Note is in the address of this page more than once."]);
    holds(submit(&server, "/upload/", "/upload/?name=a.csv&name=b.json", &[]).expect(400).text(), &["Name is in"]);
    assert!(server.get("/api/inventory/orders/1/").expect(200).text().contains("pending"));
}

#[test]
fn a_form_that_says_something_twice_does_nothing() {
    let server = filled();
    for (from, to, fields) in [
        ("/orders/1/", "/orders/1/move/", &[("to", "processing"), ("to", "cancelled")][..]),
        ("/orders/1/", "/orders/1/cancel/", &[("reason", "a"), ("reason", "b")]),
        ("/products/1/", "/products/1/adjust/", &[("how", "by"), ("amount", "1"), ("amount", "1000")]),
        ("/categories/", "/categories/", &[("name", "Things"), ("name", "Others")]),
    ] {
        let refused = submit(&server, from, to, fields).expect(400);
        holds(refused.text(), &["The form could not be read; load the page again."]);
    }
    let shown = [page(&server, "/orders/1/"), page(&server, "/categories/")].concat();
    assert!(shown.contains("Cancel the order") && !shown.contains("Others"), "nothing was done: {shown}");
    goes_to(&submit(&server, "/orders/1/", "/orders/1/move/", &[("to", "processing")]));
}
