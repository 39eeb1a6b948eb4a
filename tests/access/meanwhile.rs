//! A right that ends while a request is on its way, or while a stream goes on, does nothing any more.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::browser::{SignedIn, begun, holds, order};
use super::support::{Reply, Running, parse};
use super::{PASSWORD, csrf_of, key, manned, stock_up, with_key};

const ORDERS: &str = "/api/inventory/orders/";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";

/// A request whose body stays behind.
struct Late<'a> {
    stream: TcpStream,
    rest: &'a [u8],
}

impl<'a> Late<'a> {
    fn begin(server: &Running, line: &str, headers: &[&str], body: &'a str) -> Self {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let headers = headers.join("\r\n");
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n\r\n"
        );
        let (first, rest) = body.as_bytes().split_at(length / 2);
        stream.write_all(&[head.as_bytes(), first].concat()).unwrap();
        // The server has to have seen it before the right ends.
        std::thread::sleep(Duration::from_millis(200));
        Self { stream, rest }
    }

    fn finish(mut self) -> Reply {
        self.stream.write_all(self.rest).unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).unwrap();
        parse(&answer).unwrap()
    }
}

fn stocked() -> (Running, String) {
    let (server, root) = manned();
    stock_up(&server, &root, 100_000);
    (server, root)
}

/// How many orders there are, by the id of the newest: a page of large ones does not hold them all.
fn orders(server: &Running, root: &str) -> u64 {
    let newest = with_key(server, "GET", &format!("{ORDERS}?limit=1"), root, "").expect(200).ids();
    newest.first().copied().unwrap_or_default()
}

#[test]
fn a_key_that_ends_while_a_body_is_on_its_way_does_nothing() {
    let (server, root) = stocked();
    let by = [("X-Api-Key", root.as_str())];
    let one = order("Al");
    let many = format!("[{one},{one}]");
    for (name, path, body) in [("one", ORDERS, &one), ("many", "/api/inventory/orders/bulk/", &many)] {
        let made = format!(r#"{{"name": "{name}", "role": "operator"}}"#);
        let made = server.send("POST", "/api/access/keys/", &by, &made).expect(201).json();
        let secret = format!("X-Api-Key: {}", made.get("secret").unwrap().text());
        let late = Late::begin(&server, &format!("POST {path}"), &[JSON, &secret], body);
        let revoke = format!("/api/access/keys/{}/revoke/", made.get("id").unwrap().number());
        with_key(&server, "POST", &revoke, &root, "").expect(200);
        let refused = late.finish().expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        assert_eq!(orders(&server, &root), 0);
    }
    let till = format!("X-Api-Key: {}", key(&server, &by, "till", "operator", "orders"));
    Late::begin(&server, &format!("POST {ORDERS}"), &[JSON, &till], &one).finish().expect(201);
    assert_eq!(orders(&server, &root), 1);
}

/// A list of so many orders that it is read where that holds up nobody, each of one piece in a thousand lines.
fn large(orders: usize) -> String {
    let one = order("Al");
    let (before, line) = one.split_once('[').unwrap();
    let (line, after) = line.rsplit_once(']').unwrap();
    let one = format!("{before}[{}]{after}", vec![line; 1_000].join(","));
    format!("[{}]", vec![one; orders].join(","))
}

#[test]
fn a_key_that_ends_while_a_large_bulk_waits_to_be_read_does_nothing() {
    const TURNS: usize = 4;
    let (server, root) = manned();
    stock_up(&server, &root, 2_000_000_000);
    let by = [("X-Api-Key", root.as_str())];
    let bulk = "/api/inventory/orders/bulk/";
    let few = large(40);
    // The turns of the caller are taken by what is longer and longer, until that lasts long enough.
    for orders in [100, 200, 400, 800, 1_600] {
        let body = format!(r#"{{"name": "till-{orders}", "role": "operator"}}"#);
        let made = server.send("POST", "/api/access/keys/", &by, &body).expect(201).json();
        let secret = made.get("secret").unwrap().text();
        let revoke = format!("/api/access/keys/{}/revoke/", made.get("id").unwrap().number());
        let many = large(orders);
        // A round in which the turns were free too soon places its orders.
        let before = self::orders(&server, &root);
        let (is_held, reply) = std::thread::scope(|scope| {
            let send = |query: &'static str, body: &'_ str| {
                server.send("POST", &format!("{bulk}{query}"), &[("X-Api-Key", secret)], body)
            };
            let (many, few) = (&many, &few);
            let others: Vec<_> = (0..TURNS).map(|_| scope.spawn(move || send("?dry_run=true", many))).collect();
            std::thread::sleep(Duration::from_millis(300));
            let waits = scope.spawn(move || send("", few));
            std::thread::sleep(Duration::from_millis(300));
            with_key(&server, "POST", &revoke, &root, "").expect(200);
            let is_held = others.iter().all(|other| !other.is_finished());
            (is_held, waits.join().unwrap())
        });
        // Nor does one count in which what takes the turns was still on its way, and left them to the last one.
        if is_held && reply.status == 401 {
            return assert_eq!(self::orders(&server, &root), before);
        }
        assert!(orders < 1_600, "the turns were never taken, or a key that had ended did something each time");
    }
}

#[test]
fn a_user_who_is_changed_while_a_form_is_on_its_way_does_nothing() {
    let (server, root) = stocked();
    let ends = |by_header: bool, method: &str, path: &str, body: &str| {
        let olga = SignedIn::new(&server, "olga", PASSWORD);
        let csrf = csrf_of(&olga);
        let (cookie, header) = (format!("Cookie: {}", olga.cookie), format!("X-Csrf-Token: {csrf}"));
        let form = format!(
            "csrf={csrf}&customer_name=Zoe&customer_email=z%40example.com&customer_phone=1&delivery_address=Here\
             &product_id=1&quantity=1"
        );
        let headers = if by_header { vec![FORM, &*cookie, &*header] } else { vec![FORM, &*cookie] };
        let late = Late::begin(&server, "POST /admin/orders/new/", &headers, &form);
        with_key(&server, method, path, &root, body).expect_one_of(&[200, 204]);
        let refused = late.finish().expect(401);
        holds(refused.text(), &["You are signed out. Nothing was saved.", "Sign in"]);
        // A script still has what it sent; a page without one gets it back.
        assert!(by_header || refused.text().contains("Zoe"), "{}", refused.text());
        assert_eq!(orders(&server, &root), 0);
    };
    for by_header in [false, true] {
        ends(by_header, "PATCH", "/api/access/users/olga/", r#"{"disabled": true}"#);
        let back = r#"{"disabled": false}"#;
        with_key(&server, "PATCH", "/api/access/users/olga/", &root, back).expect(200);
    }
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let csrf = csrf_of(&olga);
    let headers = [format!("Cookie: {}", olga.cookie), format!("X-Csrf-Token: {csrf}")];
    let file = "customer_name,customer_email,customer_phone,delivery_address,product_id\nZoe,z@example.com,1,Here,1";
    let late = Late::begin(&server, "POST /admin/upload/?name=a.csv", &[&headers[0], &headers[1]], file);
    // The session alone ends.
    let sessions = with_key(&server, "GET", "/api/access/sessions/", &root, "").expect(200).json();
    let id = sessions.rows()[0].get("id").unwrap().number();
    let revoke = format!("/api/access/sessions/{id}/revoke/");
    with_key(&server, "POST", &revoke, &root, "").expect_one_of(&[200, 204]);
    late.finish().expect(401);
}

#[test]
fn open_access_that_ends_while_a_body_is_on_its_way_ends_for_it() {
    let server = Running::start();
    let late = Late::begin(&server, "POST /api/inventory/categories/", &[JSON], r#"{"name": "Things"}"#);
    let (cookie, csrf) = begun(&server, "/categories/");
    let (form, cookie_line) = (format!("csrf={csrf}&name=Toys"), format!("Cookie: {cookie}"));
    let page = Late::begin(&server, "POST /admin/categories/", &[FORM, &cookie_line], &form);
    let root = key(&server, &[], "root", "admin", "all");
    late.finish().expect(401);
    page.finish().expect(401);
    with_key(&server, "GET", "/api/inventory/categories/", &root, "").expect_body(200, "[]");
}

/// Whether what is followed goes on for four seconds more.
fn goes_on(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(_) => return true,
        }
    }
}

fn follow(server: &Running, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!("GET /admin/live/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(&line[9..], b"200");
    stream
}

#[test]
fn who_follows_what_happens_does_so_until_their_right_ends() {
    let server = Running::start();
    let mut anybody = follow(&server, "Accept: */*");
    let root = key(&server, &[], "root", "admin", "all");
    let shown = key(&server, &[("X-Api-Key", &root)], "screen", "viewer", "all");
    let mut screen = follow(&server, &format!("X-Api-Key: {shown}"));
    let mut stays = follow(&server, &format!("X-Api-Key: {root}"));
    assert!(!goes_on(&mut anybody), "access is closed");
    with_key(&server, "POST", "/api/access/keys/2/revoke/", &root, "").expect(200);
    assert!(!goes_on(&mut screen), "the key is revoked");
    assert!(goes_on(&mut stays));
}

#[test]
fn an_answer_to_head_ends_with_its_head() {
    let server = Running::start();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = "HEAD /admin/live/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the connection ends");
    let reply = parse(&answer).unwrap().expect(200);
    assert_eq!((reply.header("content-type"), reply.text()), (Some("text/event-stream"), ""));
}

#[test]
fn a_path_whose_letters_are_hidden_leads_nowhere() {
    let (server, root) = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    for path in ["/%61pi/inventory/orders/", "/%61dmin/users/", "/admi%6E/keys/", "/admin/%6cive/", "/admin/sign%2Din/"]
    {
        for by in [("X-Api-Key", root.as_str()), ("Cookie", ann.cookie.as_str())] {
            let refused = server.send("GET", path, &[by], "").expect(400);
            assert!(refused.text().contains("percent-encoded"), "{}", refused.text());
        }
    }
    let open = Running::start();
    let evil = "name=evil&role=admin&password=correct+horse+battery+staple";
    open.send("POST", "/%61dmin/users/", &[("Content-Type", "application/x-www-form-urlencoded")], evil).expect(400);
    // What has to be encoded may be, and a query is none of a path's business.
    server.send("GET", "/admin/orders/?%73tatus=pending", &[("Cookie", &ann.cookie)], "").expect(200);
    with_key(&server, "GET", "/api/access/users/%40%2B/", &root, "").expect(404);
}
