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
    let (cookie, page) = opened(server, path);
    (cookie, hidden(&page, "csrf"))
}

/// The same, with the whole page.
fn opened(server: &Running, path: &str) -> (String, String) {
    let reply = server.get(&format!("/admin{path}")).expect(200);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    (cookie, reply.text().to_owned())
}

/// Sends a form of the page at `from` to `path`, while access is open.
pub(crate) fn submit(server: &Running, from: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let (cookie, page) = opened(server, from);
    let (csrf, seen) = (hidden(&page, "csrf"), seen(&page, path));
    send(server, &cookie, path, &filled_in(&csrf, &seen, fields))
}

/// What the form on `page` that goes to `path` says of what the page was made of.
fn seen(page: &str, path: &str) -> Vec<(&'static str, String)> {
    let goes = format!("action=\"/admin{}\"", path.split('?').next().unwrap());
    let form = page.split("<form ").find(|form| form.contains(&goes)).unwrap_or_default();
    let form = form.split("</form>").next().unwrap();
    let is_there = |name: &&str| form.contains(&format!("name=\"{name}\" value=\""));
    ["version", "revision", "expected"].into_iter().filter(is_there).map(|name| (name, hidden(form, name))).collect()
}

/// A form with `fields`, and what its page put there that they do not say themselves.
fn filled_in<'a>(csrf: &'a str, seen: &'a [(&str, String)], fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let of_page = [("csrf", csrf)].into_iter().chain(seen.iter().map(|(name, value)| (*name, value.as_str())));
    let missing = of_page.filter(|(name, _)| fields.iter().all(|(other, _)| other != name));
    missing.chain(fields.iter().copied()).collect()
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

    /// Sends a form of the page that `path` leads to, with the token of one that everybody may see.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let csrf = hidden(self.get("/").expect(200).text(), "csrf");
        let led = self.get(path);
        let own = led.header("location").and_then(|page| page.strip_prefix("/admin")).map(|page| self.get(page));
        let seen = seen(own.unwrap_or(led).text(), path);
        send(self.server, &self.cookie, path, &filled_in(&csrf, &seen, fields))
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
