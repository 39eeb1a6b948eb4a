//! The requests, made before the clock starts, and what each asks for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::{NonZeroU32, NonZeroU64};

use super::wire::Caller;

/// Different requests that are made, at most: together with the products that they spread over, enough that no two
/// neighbours are the same.
const SHAPES_MAX: usize = 1024;
/// Bytes that the made requests may take together.
const BYTES_MAX: usize = 64 << 20;

/// All requests of a run.
#[derive(Debug)]
pub(super) struct Workload {
    shapes: Vec<Shape>,
    /// What is left for the last request, where the orders do not fill it.
    rest: Option<Shape>,
    /// How many requests there are.
    pub(super) requests: u64,
    /// How many orders there are.
    pub(super) orders: u64,
    /// How many orders a request holds.
    pub(super) bulk: u32,
    /// What the idempotency keys begin with; none without keys.
    run: Option<u64>,
}

/// One request, offered again and again.
#[derive(Debug)]
pub(super) struct Shape {
    /// Head and body.
    bytes: Vec<u8>,
    /// Where the line of the request ends, and the headers begin.
    line: usize,
    /// How many orders it places.
    pub(super) orders: u32,
    /// How many units it asks for of each product.
    pub(super) units: BTreeMap<u64, u64>,
}

impl Workload {
    /// `orders` orders of one piece each, `bulk` in one request, over `products` in turn. With a `run`, each request
    /// has an idempotency key of its own.
    ///
    /// # Panics
    /// Without products.
    pub(super) fn new(
        caller: &Caller,
        products: &[u64],
        orders: NonZeroU64,
        bulk: NonZeroU32,
        run: Option<u64>,
    ) -> Self {
        assert!(!products.is_empty(), "there is a product to order");
        let (orders, bulk) = (orders.get(), bulk.get());
        let in_turn = |shape: usize| products.iter().copied().cycle().skip(shape * bulk as usize % products.len());
        let headers = caller.headers();
        let made = |shape: usize, rows: u32| Shape::new(&headers, in_turn(shape), rows, bulk > 1);
        let first = made(0, bulk);
        let fits = BYTES_MAX / first.bytes.len();
        let whole = usize::try_from(orders / u64::from(bulk)).unwrap_or(usize::MAX);
        // One more than the products take for one turn would be the first one again.
        let turn = products.len().div_ceil(bulk as usize);
        let count = turn.min(SHAPES_MAX).min(fits).min(whole).max(1);
        let rest = u32::try_from(orders % u64::from(bulk)).unwrap_or_else(|_| unreachable!("less than a bulk"));
        Self {
            shapes: std::iter::once(first).chain((1..count).map(|shape| made(shape, bulk))).collect(),
            rest: (rest > 0).then(|| made(0, rest)),
            requests: orders.div_ceil(u64::from(bulk)),
            orders,
            bulk,
            run,
        }
    }

    /// The bytes of request `nth`, which has this `shape`.
    pub(super) fn bytes<'a>(&self, nth: u64, shape: &'a Shape) -> Cow<'a, [u8]> {
        let Some(run) = self.run else { return Cow::Borrowed(&shape.bytes) };
        let key = format!("Idempotency-Key: load-{run:016x}-{nth}\r\n");
        let (line, rest) = shape.bytes.split_at(shape.line);
        Cow::Owned([line, key.as_bytes(), rest].concat())
    }

    /// The shape of request `nth`, and its number for counting.
    pub(super) fn shape(&self, nth: u64) -> (usize, &Shape) {
        match &self.rest {
            Some(rest) if nth + 1 >= self.requests => (self.shapes.len(), rest),
            Some(_) | None => {
                let number = usize::try_from(nth % self.shapes.len() as u64)
                    .unwrap_or_else(|_| unreachable!("less than the number of shapes"));
                (number, &self.shapes[number])
            }
        }
    }

    /// How many shapes there are to count by.
    pub(super) fn shapes(&self) -> usize {
        self.shapes.len() + usize::from(self.rest.is_some())
    }

    /// The units of each product that were asked for when shape `i` was sent `sent[i]` times.
    pub(super) fn units(&self, sent: &[u64]) -> BTreeMap<u64, u64> {
        let mut units = BTreeMap::new();
        for (shape, sent) in self.shapes.iter().chain(&self.rest).zip(sent) {
            for (product, wanted) in &shape.units {
                *units.entry(*product).or_default() += wanted * sent;
            }
        }
        units
    }
}

impl Shape {
    fn new(headers: &str, products: impl Iterator<Item = u64>, orders: u32, is_bulk: bool) -> Self {
        let mut body = String::new();
        let mut units = BTreeMap::new();
        let mut separator = if is_bulk { "[" } else { "" };
        for (row, product) in (0..orders).zip(products) {
            // Writing to a string does not fail.
            write!(
                body,
                r#"{separator}{{"customer_name":"Customer {row}","customer_email":"customer{row}@example.com","#
            )
            .ok();
            write!(body, r#""customer_phone":"1234567890","delivery_address":"{row} Main Street","#).ok();
            write!(body, r#""items":[{{"product_id":{product},"quantity":1}}]}}"#).ok();
            *units.entry(product).or_default() += 1;
            separator = ",";
        }
        if is_bulk {
            body.push(']');
        }
        let path = if is_bulk { "bulk/" } else { "" };
        let length = body.len();
        let line = format!("POST /api/inventory/orders/{path} HTTP/1.1\r\n");
        let head = format!("{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        let bytes = [line.as_bytes(), head.as_bytes(), body.as_bytes()].concat();
        Self { bytes, line: line.len(), orders, units }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(products: &[u64], orders: u64, bulk: u32) -> Workload {
        let caller = Caller { host: "h:1".into(), key: None };
        Workload::new(&caller, products, orders.try_into().unwrap(), bulk.try_into().unwrap(), None)
    }

    #[test]
    fn each_request_has_the_callers_key_and_one_of_its_own() {
        let caller = Caller { host: "h:1".into(), key: Some("ph_x".into()) };
        let workload = Workload::new(&caller, &[1], 2.try_into().unwrap(), 1.try_into().unwrap(), Some(0xab));
        let (_, shape) = workload.shape(1);
        let text = String::from_utf8(workload.bytes(1, shape).into_owned()).unwrap();
        let head = "POST /api/inventory/orders/ HTTP/1.1\r\nIdempotency-Key: load-00000000000000ab-1\r\n\
                    Host: h:1\r\nAuthorization: Bearer ph_x\r\nContent-Type: application/json\r\n";
        assert!(text.starts_with(head), "{text}");
    }

    /// The units that all requests together ask for.
    fn demand(workload: &Workload) -> Vec<(u64, u64)> {
        let mut sent = vec![0; workload.shapes()];
        let mut orders = 0;
        for nth in 0..workload.requests {
            let (number, shape) = workload.shape(nth);
            sent[number] += 1;
            orders += u64::from(shape.orders);
        }
        assert_eq!(orders, workload.orders);
        workload.units(&sent).into_iter().collect()
    }

    #[test]
    fn spreads_the_demand_over_the_products_in_turn() {
        assert_eq!(demand(&workload(&[3, 5], 10, 1)), [(3, 5), (5, 5)]);
        assert_eq!(demand(&workload(&[3], 10, 1)), [(3, 10)]);
        assert_eq!(demand(&workload(&[1, 2, 3, 4], 8, 2)), [(1, 2), (2, 2), (3, 2), (4, 2)]);
        assert_eq!(demand(&workload(&[1, 2, 3], 6, 3)), [(1, 2), (2, 2), (3, 2)]);
    }

    #[test]
    fn the_last_request_holds_what_is_left() {
        let workload = workload(&[1, 2], 25, 10);
        let sizes: Vec<_> = (0..workload.requests).map(|nth| workload.shape(nth).1.orders).collect();
        assert_eq!(sizes, [10, 10, 5]);
        assert_eq!(demand(&workload), [(1, 13), (2, 12)]);
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let check = |orders, bulk, path: &str| {
            let workload = workload(&[7], orders, bulk);
            let text = String::from_utf8(workload.shape(0).1.bytes.clone()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("POST {path} HTTP/1.1\r\nHost: h:1\r\n")), "{head}");
            assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
            serde_json::from_str::<serde::de::IgnoredAny>(body).unwrap();
        };
        check(1, 1, "/api/inventory/orders/");
        check(1, 2, "/api/inventory/orders/bulk/");
        check(5, 2, "/api/inventory/orders/bulk/");
    }
}
