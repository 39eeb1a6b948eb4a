//! The least of a browser: it reads the forms of a page, and sends them.

use crate::support::{Reply, Running};

/// A server with a category, two products, and orders in every status.
pub(crate) fn filled() -> Running {
    let server = Running::start();
    let api = |path: &str, body: &str| server.post(&format!("/api/inventory{path}"), body).expect_one_of(&[200, 201]);
    api("/categories/", r#"{"name": "Phones"}"#);
    api("/products/", r#"{"name": "Phone", "price": "299.99", "stock": 100, "category_id": 1}"#);
    api("/products/", r#"{"name": "Case", "price": "9.50", "stock": 3, "category_id": 1}"#);
    for name in ["Alice", "Bob", "Carol", "Dora", "Eve"] {
        api("/orders/", &order(name));
    }
    api("/orders/2/transition/", r#"{"to": "processing"}"#);
    api("/orders/3/cancel/", r#"{"reason": "changed her mind"}"#);
    server
}

/// The body of an order of two phones.
pub(crate) fn order(name: &str) -> String {
    format!(
        r#"{{"customer_name": "{name}", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here", "items": [{{"product_id": 1, "quantity": 2}}]}}"#
    )
}

/// The page at `path`, below `/admin`.
pub(crate) fn page(server: &Running, path: &str) -> String {
    server.get(&format!("/admin{path}")).expect(200).text().to_owned()
}

/// The value of the first hidden field `name` of `page`.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The page at `path` as somebody gets it who sends no cookie: the cookie that it sets, and its token against forgery.
pub(crate) fn begun(server: &Running, path: &str) -> (String, String) {
    let reply = server.get(&format!("/admin{path}")).expect(200);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    (cookie, hidden(reply.text(), "csrf"))
}

/// Sends a form of the page at `from` to `path`, while access is open.
pub(crate) fn submit(server: &Running, from: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let (cookie, csrf) = begun(server, from);
    let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
    send(server, &cookie, path, &fields)
}

/// Sends `fields` as a form to `path` with `cookie`.
pub(crate) fn send(server: &Running, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let encode =
        |text: &str| -> String { text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}")) };
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie)];
    server.send("POST", &format!("/admin{path}"), &headers, &pairs.join("&"))
}

/// Somebody who signed in.
pub(crate) struct SignedIn<'a> {
    server: &'a Running,
    pub(crate) cookie: String,
}

impl<'a> SignedIn<'a> {
    pub(crate) fn new(server: &'a Running, name: &str, password: &str) -> Self {
        let (cookie, csrf) = begun(server, "/sign-in/");
        let fields = [("csrf", csrf.as_str()), ("name", name), ("password", password), ("next", "/admin/orders/")];
        let reply = send(server, &cookie, "/sign-in/", &fields);
        assert_eq!(goes_to(&reply), "/admin/orders/");
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { server, cookie }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.server.send("GET", &format!("/admin{path}"), &[("Cookie", &self.cookie)], "")
    }

    /// Sends a form, with the token of a page that everybody may see.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let page = self.get("/").expect(200);
        let csrf = hidden(page.text(), "csrf");
        let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        send(self.server, &self.cookie, path, &fields)
    }
}

/// Where a reply sends the browser.
#[track_caller]
pub(crate) fn goes_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").unwrap()
}

/// Fails unless `page` holds every one of `texts`.
#[track_caller]
pub(crate) fn holds(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text:?} is missing in\n{page}");
    }
}
