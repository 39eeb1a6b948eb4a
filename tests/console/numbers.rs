//! Numbers that nobody means: no page fails at one.

use super::browser::{begun, filled, send};
use super::upload::{HEADER, tried};

const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "+1",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "18446744073709551615-4294967295",
];

#[test]
fn no_number_in_an_address_or_a_form_makes_a_page_fail() {
    let server = filled();
    let (cookie, csrf) = begun(&server, "/orders/");
    let upload = tried(&server, "a.csv", &format!("{HEADER},Zoe,zoe@example.com,1,Here,1,2\n"));
    let lists = [
        ("/orders/", &["below", "product", "from", "to", "customer", "search"][..]),
        ("/products/", &["after", "category", "low", "search"]),
        ("/delayed/", &["after", "below", "cursor"]),
        ("/audit/", &["before", "cursor"]),
        ("/products/1/", &["before", "cursor"]),
        ("/orders/new/", &["product", "product_id", "quantity"]),
        ("/find/", &["q"]),
        (&upload, &["from"]),
    ];
    let things = [
        "/orders/#/",
        "/products/#/",
        "/products/#/edit/",
        "/upload/#/",
        "/upload/#/refused/",
        "/orders/bulk/#/",
        "/again/#/",
    ];
    let forms = [
        ("/orders/#/move/", &["to", "version"][..]),
        ("/orders/#/cancel/", &["reason", "version"]),
        ("/orders/#/contact/", &["customer_name", "version"]),
        ("/orders/#/archive/", &["version"]),
        ("/orders/1/move/", &["version", "expected", "revision"]),
        ("/orders/bulk/", &["id"]),
        ("/orders/new/", &["product_id", "quantity"]),
        ("/products/#/archive/", &["archived", "revision"]),
        ("/products/#/delete/", &["revision"]),
        ("/products/#/adjust/", &["amount", "expected"]),
        ("/products/1/adjust/", &["amount", "expected", "delta", "set"]),
        ("/products/1/edit/", &["price", "category_id", "revision"]),
        ("/products/new/", &["price", "stock", "category_id"]),
        ("/categories/#/rename/", &["name"]),
        ("/categories/#/delete/", &["name"]),
        ("/keys/", &["name", "days"]),
        ("/keys/#/revoke/", &["name"]),
        ("/sessions/#/end/", &["name"]),
        (&format!("{upload}run/"), &["again", "ignore"]),
    ];
    let whole = |path: String, status: u16, text: &str| assert!(status < 500, "{path}: {status}: {text}");
    for number in NUMBERS {
        let get = |path: String| {
            let reply = server.get(&format!("/admin{path}"));
            whole(path, reply.status, reply.text());
        };
        for (path, names) in lists {
            for name in names {
                get(format!("{path}?{name}={}", number.replace('+', "%2B")));
            }
        }
        for path in things {
            get(path.replace('#', number));
        }
        for (path, names) in forms {
            let path = path.replace('#', number);
            for name in names {
                let fields = [("csrf", csrf.as_str()), ("how", "by"), (name, number)];
                let reply = send(&server, &cookie, &path, &fields);
                whole(format!("{path}, {name}={number}"), reply.status, reply.text());
            }
        }
    }
}
