//! A witness: asks a server for changes from several clients at once, remembers what was answered, and compares it
//! with what a later process says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::cases::Prng;
use crate::support::process::{API, Process, order};
use crate::support::{Json, Reply, try_send};

/// Pieces of the one product: more than any load orders.
pub(crate) const PIECES: u32 = 2_000_000_000;
/// How many requests are repeated at each comparison, of those that were answered before.
const REPEATED: usize = 40;
/// How many histories are read at each comparison, of orders that went on since they were told.
const HISTORIES: usize = 40;

/// A request that was sent, and its answer when one came that promises something.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    body: String,
    key: String,
    answer: Option<Reply>,
}

/// What became of a request.
pub(crate) enum Told {
    /// It was carried out.
    Done(Json),
    /// A rule forbids it.
    Rejected,
    /// The server takes nothing now. What became of the request is not known.
    Refused(Reply),
    /// There was no answer.
    Nothing,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Witness {
    requests: Mutex<Vec<Request>>,
    serial: AtomicU64,
}

impl Witness {
    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.lock().unwrap().is_empty()
    }

    /// Asks for a change, with a key that no other request has.
    pub(crate) fn ask(&self, address: SocketAddr, path: &str, body: &str) -> Told {
        let key = format!("key-{}", self.serial.fetch_add(1, Ordering::Relaxed));
        let mut request = Request { path: path.into(), body: body.into(), key, answer: None };
        let told = request.send(address);
        if !matches!(told, Told::Rejected) {
            self.requests.lock().unwrap().push(request);
        }
        told
    }

    /// Places one order of `quantity` units.
    pub(crate) fn place(&self, address: SocketAddr, quantity: u32) -> Told {
        self.ask(address, "/orders/", &order(&self.name(), quantity))
    }

    /// Clients that place, move and cancel orders until `gone`, or until the server is. Given answers that refuse, they
    /// go on, a little slower, and show them to `refused`.
    pub(crate) fn load(&self, address: SocketAddr, clients: u64, gone: &AtomicBool, refused: &(dyn Fn(Reply) + Sync)) {
        thread::scope(|scope| {
            for client in 0..clients {
                scope.spawn(move || self.client(address, client, gone, refused));
            }
        });
    }

    fn client(&self, address: SocketAddr, client: u64, gone: &AtomicBool, refused: &(dyn Fn(Reply) + Sync)) {
        let mut round = client;
        while !gone.load(Ordering::Relaxed) {
            round += 1;
            let quantity = u32::try_from(1 + round % 3).unwrap();
            let told = match round % 4 {
                0 => {
                    let rows: Vec<_> = (0..3 + round % 50).map(|_| order(&self.name(), quantity)).collect();
                    self.ask(address, "/orders/bulk/", &format!("[{}]", rows.join(",")))
                }
                _ => self.place(address, quantity),
            };
            let orders = match told {
                Told::Done(Json::List(orders)) => orders,
                Told::Done(order) => vec![order],
                Told::Rejected => panic!("no rule forbids what the load orders"),
                Told::Refused(reply) => {
                    refused(reply);
                    thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Told::Nothing => return,
            };
            for order in orders.iter().take(5) {
                let id = order.get("id").unwrap().number();
                let (path, body) = match (id + round) % 3 {
                    0 => (format!("/orders/{id}/cancel/"), r#"{"reason": "changed my mind"}"#),
                    1 => (format!("/orders/{id}/transition/"), r#"{"to": "processing"}"#),
                    _ => continue,
                };
                match self.ask(address, &path, body) {
                    Told::Refused(reply) => refused(reply),
                    Told::Nothing => return,
                    Told::Done(_) | Told::Rejected => {}
                }
            }
        }
    }

    fn name(&self) -> String {
        format!("customer {}", self.serial.fetch_add(1, Ordering::Relaxed))
    }

    /// Fails unless everything that was acknowledged is there as it was, nothing is there twice, and stock agrees.
    /// Requests without an answer are repeated first, with their keys: afterwards each must have had its effect once.
    pub(crate) fn compare(&self, server: &Process, prng: &mut Prng) {
        let mut requests = self.requests.lock().unwrap();
        requests.retain_mut(|request| {
            if request.answer.is_some() {
                return true;
            }
            match request.send(server.address) {
                Told::Done(_) => true,
                Told::Rejected => {
                    assert!(!request.places(), "no rule forbids what the load orders: {}", request.path);
                    false
                }
                Told::Refused(reply) => panic!("{} is refused: {} {}", request.path, reply.status, reply.text()),
                Told::Nothing => panic!("{} gets no answer", request.path),
            }
        });
        for _ in 0..REPEATED.min(requests.len()) {
            let request = &requests[prng.index(requests.len())];
            let reply = request.exchange(server.address).unwrap();
            let first = request.answer.as_ref().unwrap();
            assert_eq!((reply.status, reply.text()), (first.status, first.text()), "{} has one answer", request.key);
            assert_eq!(reply.header("idempotent-replayed"), Some("true"), "{}", request.key);
        }
        let found = server.orders();
        compare_orders(server, &requests, &found, prng);
        compare_stock(server, &found);
    }
}

impl Request {
    fn exchange(&self, address: SocketAddr) -> std::io::Result<Reply> {
        let headers = [("Idempotency-Key", self.key.as_str())];
        try_send(address, "POST", &format!("{API}{}", self.path), &headers, self.body.as_bytes())
    }

    fn send(&mut self, address: SocketAddr) -> Told {
        // A connection that breaks is the crash; what was under way was not acknowledged.
        let Ok(reply) = self.exchange(address) else { return Told::Nothing };
        match reply.status {
            200 | 201 => {
                let told = reply.json();
                self.answer = Some(reply);
                Told::Done(told)
            }
            400 | 404 | 409 => Told::Rejected,
            503 | 507 => Told::Refused(reply),
            status => panic!("{} is answered {status}: {}", self.path, reply.text()),
        }
    }

    fn places(&self) -> bool {
        self.path == "/orders/" || self.path == "/orders/bulk/"
    }
}

fn compare_orders(server: &Process, requests: &[Request], found: &[Json], prng: &mut Prng) {
    let by_id: BTreeMap<u64, &Json> = found.iter().map(|order| (id(order), order)).collect();
    let names: BTreeSet<&str> = found.iter().map(|order| text(order, "customer_name")).collect();
    assert_eq!(by_id.len(), found.len(), "each id is listed once");
    assert_eq!(names.len(), found.len(), "no key was applied twice");
    let (mut placed, mut ids, mut moved) = (0, BTreeSet::new(), Vec::new());
    for request in requests {
        let told = request.answer.as_ref().unwrap().json();
        let orders = if let Json::List(orders) = &told { orders } else { std::slice::from_ref(&told) };
        for order in orders {
            let found = by_id.get(&id(order)).unwrap_or_else(|| panic!("order {} is lost", id(order)));
            if order != *found {
                assert_went_on(order, found);
                moved.push((order.clone(), *found));
            }
            if request.places() {
                placed += 1;
                assert!(ids.insert(id(order)), "id {} was given out twice", id(order));
            }
        }
    }
    for _ in 0..HISTORIES.min(moved.len()) {
        let (told, found) = &moved[prng.index(moved.len())];
        compare_history(server, told, found);
    }
    assert_eq!(found.len(), placed, "there is no order that nobody placed");
    assert_eq!(by_id.keys().next_back().copied().unwrap_or(0), placed as u64, "ids leave no gap");
}

/// An order that is not as it was told has gone on from there.
fn assert_went_on(told: &Json, found: &Json) {
    let fixed = ["id", "customer_name", "customer_email", "delivery_address", "created_at", "total_price", "items"];
    for field in fixed {
        assert_eq!(found.get(field), told.get(field), "order {}, {field}", id(told));
    }
    let (before, now) = (text(told, "status"), text(found, "status"));
    let later: &[&str] = match before {
        "pending" => &["processing", "shipped", "delivered", "cancelled"],
        "processing" => &["shipped", "delivered", "cancelled"],
        "shipped" => &["delivered"],
        _ => &[],
    };
    assert!(later.contains(&now), "order {} was {before} and is {now}", id(told));
}

fn compare_history(server: &Process, told: &Json, found: &Json) {
    let id = id(told);
    let history = server.get(&format!("/orders/{id}/history/"));
    let moment = |row: &Json| (text(row, "new_status").to_owned(), text(row, "timestamp").to_owned());
    let moments: Vec<_> = history.rows().iter().map(moment).collect();
    let shown = |order: &Json| (text(order, "status").to_owned(), text(order, "last_transition_time").to_owned());
    assert!(moments.contains(&shown(told)), "order {id} was {:?}: {history}", shown(told));
    assert_eq!(moments.last(), Some(&shown(found)), "order {id} is where its history ends");
    for pair in moments.windows(2) {
        let legal = [
            ("pending", "processing"),
            ("pending", "cancelled"),
            ("processing", "shipped"),
            ("processing", "cancelled"),
            ("shipped", "delivered"),
        ];
        assert!(legal.contains(&(&pair[0].0, &pair[1].0)), "order {id}: {history}");
    }
}

fn compare_stock(server: &Process, orders: &[Json]) {
    let (mut reserved, mut left) = (0, 0);
    for order in orders {
        let quantity = order.get("items").unwrap().rows()[0].get("quantity").unwrap().number();
        match text(order, "status") {
            "pending" | "processing" => reserved += quantity,
            "shipped" | "delivered" => left += quantity,
            "cancelled" => {}
            other => panic!("there is no status {other}"),
        }
    }
    let product = server.get("/products/1/");
    assert_eq!(product.get("reserved").unwrap().number(), reserved, "what is reserved is what open orders hold");
    assert_eq!(product.get("on_hand").unwrap().number(), u64::from(PIECES) - left, "what left was shipped");
}

fn id(order: &Json) -> u64 {
    order.get("id").unwrap().number()
}

fn text<'a>(row: &'a Json, field: &str) -> &'a str {
    row.get(field).unwrap().text()
}
