//! Requests at every endpoint: the body, path and query, headers. They go through the real routes into an engine in
//! memory; only the bytes of HTTP itself are left to `tests/malformed.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix::{System, SystemRunner};
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LINK, RETRY_AFTER};
use actix_web::http::{Method, Uri};
use actix_web::test;
use packhorse::access::{AccessGuard, Options};
use packhorse::actors::Load;
use packhorse::api;
use packhorse::app::SystemClock;
use packhorse::config::Settings;
use packhorse::journal::MemoryOptions;
use packhorse::telemetry::counters;
use packhorse::web::{ApiOptions, AppState};

use super::harness::Decoder;
use super::memory;
use super::mutate::{Chance, mutate};

/// After so many inputs the engine begins anew, so that it stays small.
const WORLD: u64 = 2_000;

/// A request as text: a line of method and target, a line for each header, an empty line, the body.
struct Parsed<'a> {
    method: &'a [u8],
    target: &'a [u8],
    headers: Vec<(&'a [u8], &'a [u8])>,
    body: &'a [u8],
}

impl<'a> Parsed<'a> {
    fn parse(input: &'a [u8]) -> Option<Self> {
        let (line, mut rest) = split(input, b'\n')?;
        let (method, target) = split(line, b' ')?;
        let mut headers = Vec::new();
        loop {
            let (line, after) = split(rest, b'\n')?;
            rest = after;
            match split(line, b':') {
                Some((name, value)) => headers.push((name, value)),
                None if line.is_empty() => return Some(Self { method, target, headers, body: rest }),
                None => return None,
            }
        }
    }

    fn render(method: &[u8], target: &[u8], headers: &[(&[u8], &[u8])], body: &[u8]) -> Vec<u8> {
        let mut bytes = [method, b" ", target, b"\n"].concat();
        for (name, value) in headers {
            bytes.extend([name, &b":"[..], value, b"\n"].concat());
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        bytes
    }

    /// The request, where HTTP can carry it.
    fn request(&self) -> Option<test::TestRequest> {
        let uri = Uri::try_from(self.target).ok()?;
        let mut request =
            test::TestRequest::default().method(Method::from_bytes(self.method).ok()?).uri(&uri.to_string());
        let mut has_type = false;
        for (name, value) in &self.headers {
            let (name, value) = (HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
            has_type |= name == CONTENT_TYPE;
            request = request.append_header((name, value));
        }
        if !self.body.is_empty() {
            request = request.insert_header((CONTENT_LENGTH, self.body.len()));
            if !has_type {
                request = request.insert_header((CONTENT_TYPE, "application/json"));
            }
        }
        Some(request.set_payload(self.body.to_vec()))
    }
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let found = bytes.iter().position(|byte| *byte == at)?;
    Some((&bytes[..found], &bytes[found + 1..]))
}

const API: &str = "/api/inventory/";
const ORDER: &str = r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"+880 1","delivery_address":"x\u00e9\ny","items":[{"product_id":1,"quantity":2},{"product_id":2}]}"#;
const PRODUCT: &str = r#"{"name":"Phone","description":"","price":"299.99","stock":10,"expiry_date":"2031-12-31","category_id":1,"archived":false}"#;

/// A valid request with a body for each endpoint that takes one.
fn with_bodies() -> Vec<(&'static str, &'static str, String)> {
    let order = || ORDER.to_owned();
    vec![
        ("POST", "orders/", order()),
        ("POST", "orders/bulk/", format!("[{ORDER},{ORDER}]")),
        ("PUT", "orders/1/", order()),
        ("PATCH", "orders/1/", r#"{"customer_phone":"2","delivery_address":"There"}"#.into()),
        ("POST", "orders/1/transition/", r#"{"to":"shipped","reason":null}"#.into()),
        ("POST", "orders/2/cancel/", r#"{"reason":"changed her mind"}"#.into()),
        ("POST", "products/", PRODUCT.into()),
        ("PUT", "products/1/", PRODUCT.into()),
        ("PATCH", "products/1/", r#"{"price":1.5,"expiry_date":null,"archived":"true"}"#.into()),
        ("POST", "products/1/adjust/", r#"{"delta":-3,"reason":"damaged"}"#.into()),
        ("POST", "products/1/adjust/", r#"{"set":40,"expected":43,"reason":"stocktake"}"#.into()),
        ("POST", "categories/", r#"{"name":"Other things"}"#.into()),
        ("PUT", "categories/1/", r#"{"name":"Things \ud83d\ude80"}"#.into()),
        ("PATCH", "categories/1/", "{}".into()),
    ]
}

fn bodies() -> Vec<Vec<u8>> {
    let render = |(method, path, body): (&str, &str, String)| {
        Parsed::render(method.as_bytes(), format!("{API}{path}").as_bytes(), &[], body.as_bytes())
    };
    with_bodies().into_iter().map(render).collect()
}

fn targets() -> Vec<Vec<u8>> {
    let paths = [
        "",
        "orders/",
        "orders/?limit=2&cursor=3",
        "orders/?limit=1",
        "orders/?search=ann,%22a%20b%22&status=delayed",
        "orders/1/",
        "orders/?ordering=-total_price,id&limit=1",
        "orders/?ordering=customer_name&limit=1",
        "orders/?ordering=customer_name&status=Canceled",
        "orders/?ordering=updated_at&search=Phone",
        "orders/?customer=bob&product=1&delayed=false&from=2026-01-01&to=9999-12-31",
        "orders/?from=2026-01-01&ordering=id&limit=1",
        "orders/delayed/?limit=1&cursor=1",
        "orders/1/history/",
        "orders/1/timeline/",
        "orders/18446744073709551615",
        "products/?limit=1",
        "products/?search=phone&category=1&archived=false&available_max=10",
        "products/1",
        "products/1/movements/?limit=1",
        "products/1/movements?limit=1000",
        "categories/?cursor=1",
        "categories/1/?x=%F0%9F%9A%80",
    ];
    let get = |path: &&str| Parsed::render(b"GET", format!("{API}{path}").as_bytes(), &[], b"");
    let mut corpus: Vec<_> = paths.iter().map(get).collect();
    corpus.push(Parsed::render(b"DELETE", b"/api/inventory/orders/3/", &[], b""));
    for path in
        ["/api/overview/", "/api/overview/trend/", "/api/settings/", "/api/access/me/", "/api/access/audit/?limit=1"]
    {
        corpus.push(Parsed::render(b"GET", path.as_bytes(), &[], b""));
    }
    corpus.push(Parsed::render(b"OPTIONS", b"/healthz", &[], b""));
    corpus.push(Parsed::render(b"HEAD", b"/readyz/", &[], b""));
    corpus
}

fn headers() -> Vec<Vec<u8>> {
    let sets: [&[(&[u8], &[u8])]; 7] = [
        &[(b"Idempotency-Key", b"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"")],
        &[(b"Idempotency-Key", b"k1"), (b"X-Request-Id", b"abc-1")],
        &[(b"Content-Type", b"application/json; charset=utf-8"), (b"Accept", b"*/*")],
        &[(b"If-Match", b"W/\"1\", \"1.500.2\""), (b"If-None-Match", b"*"), (b"Prefer", b"handling=strict")],
        &[(b"Content-Type", b"application/x-www-form-urlencoded"), (b"Expect", b"100-continue")],
        &[(b"Host", b"localhost"), (b"Cookie", b"a=b; c=d"), (b"Connection", b"keep-alive, Upgrade")],
        &[(b"Content-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked"), (b"Range", b"bytes=0-1")],
    ];
    let mut corpus = Vec::new();
    for set in sets {
        corpus.push(Parsed::render(b"POST", b"/api/inventory/orders/", set, ORDER.as_bytes()));
        corpus.push(Parsed::render(b"POST", b"/api/inventory/products/1/adjust/", set, br#"{"delta":1,"reason":"x"}"#));
        corpus.push(Parsed::render(b"GET", b"/api/inventory/orders/?limit=1", set, b""));
    }
    corpus
}

type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>>>>;
/// An engine behind its routes.
type World = Box<dyn Fn(test::TestRequest) -> Answer>;

/// The doors to a new engine.
pub(crate) async fn doors() -> (AppState, AccessGuard) {
    let app = AppState::new(ApiOptions {
        limits: Settings::default().limits,
        zone: chrono_tz::UTC,
        body_timeout: Duration::from_secs(5),
        clock: Arc::new(SystemClock),
        low_stock: 10,
        settings: Vec::new(),
    });
    let guard = AccessGuard::new(Options::default(), Some(packhorse::console::PATHS), Arc::new(SystemClock));
    let engine = memory::engine(MemoryOptions::default(), Load { placements: 100, orders: 100_000 }, 0).await;
    guard.open(engine.clone());
    app.open(engine);
    (app, guard)
}

async fn world() -> World {
    let (app, guard) = doors().await;
    let service = test::init_service(api::app(app, guard)).await;
    let world: World = Box::new(move |request| Box::pin(service.call(request.to_request())));
    for (path, body) in [
        ("categories/", r#"{"name":"Things"}"#),
        ("products/", PRODUCT),
        ("products/", r#"{"name":"Laptop","price":"1","stock":500,"category_id":1}"#),
        ("orders/", ORDER),
        ("orders/", ORDER),
        ("orders/", ORDER),
        ("orders/3/cancel/", r#"{"reason":"so that one has ended"}"#),
    ] {
        let request = Parsed::render(b"POST", format!("{API}{path}").as_bytes(), &[], body.as_bytes());
        let request = Parsed::parse(&request).unwrap().request().unwrap();
        let response = world(request).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
    }
    world
}

/// Sends `input`, and looks at what comes back.
fn ask(system: &SystemRunner, world: &World, input: &[u8]) {
    let Some(request) = Parsed::parse(input).and_then(|parsed| parsed.request()) else { return };
    let restarts = counters::ACTOR_RESTARTS.get();
    system.block_on(async {
        let response = world(request).await;
        let response = response.unwrap_or_else(|error| panic!("no answer: {error}"));
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body of an answer broke off"));
        let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let is_busy = status == 503 && headers.contains_key(RETRY_AFTER);
        assert!(!status.is_server_error() || is_busy, "{status}: {text}");
        assert!(
            body.is_empty() || headers.get(CONTENT_TYPE).is_some_and(|found| found == "application/json"),
            "{text}"
        );
        let json = serde_json::from_slice::<serde::de::IgnoredAny>(&body);
        assert!(body.is_empty() || json.is_ok(), "an answer is JSON: {text}");
        assert!(!status.is_client_error() || body.len() > 5, "an error says what is wrong: {status}");
    });
    assert_eq!(counters::ACTOR_RESTARTS.get(), restarts, "no actor panicked");
}

/// `corpus`, and where the answers to it lead on to: only a cursor that the server made is read to its end.
fn followed(system: &SystemRunner, world: &World, mut corpus: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    for at in 0..corpus.len() {
        let parsed = Parsed::parse(&corpus[at]).unwrap();
        let answer = system.block_on(world(parsed.request().unwrap())).unwrap();
        let Some(link) = answer.headers().get(LINK) else { continue };
        let next = link.to_str().unwrap().trim_start_matches('<').split('>').next().unwrap();
        let next = Parsed::render(b"GET", next.as_bytes(), &parsed.headers, b"");
        corpus.push(next);
    }
    corpus
}

fn run(name: &'static str, corpus: Vec<Vec<u8>>, mutate: &mut dyn FnMut(&mut Chance, &[u8]) -> Vec<u8>) {
    let system = System::new();
    let mut current = system.block_on(world());
    let corpus = followed(&system, &current, corpus);
    current = system.block_on(world());
    let mut asked = 0;
    let mut check = |input: &[u8]| {
        asked += 1;
        if asked % WORLD == 0 {
            current = system.block_on(world());
        }
        ask(&system, &current, input);
    };
    Decoder { name, corpus, count: 10_000, mutate, check: &mut check }.run();
}

const JSON_WORDS: &[&[u8]] = &[
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[[",
    b"{\"a\":",
    b"\"\"",
    b"\\ud800",
    b"\\u0000",
    b"1e400",
    b"-1",
    b"0.005",
    b"\"items\":",
    b"\"quantity\":",
    b"\"product_id\":",
    b"\"price\":\"99999999.99\"",
    b"\"reason\":",
    b"\xef\xbb\xbf",
    b"NaN",
    b"\"2024-02-30\"",
    b"\xf0\x9f\x9a\x80",
    b"// x",
    b"\"customer_email\":\"a@b.c\"",
    b"\"to\":\"delivered\"",
];

/// Bodies, at every endpoint that takes one.
pub(crate) fn request_bodies() {
    let corpus = bodies();
    let others: Vec<_> = with_bodies().into_iter().map(|(_, _, body)| body.into_bytes()).collect();
    run("request_bodies", corpus, &mut |chance, base| {
        let parsed = Parsed::parse(base).unwrap();
        let mut body = parsed.body.to_vec();
        mutate(chance, &mut body, JSON_WORDS, &others);
        Parsed::render(parsed.method, parsed.target, &parsed.headers, &body)
    });
}

/// Paths and queries: ids, cursors, orderings, limits, searches.
pub(crate) fn request_targets() {
    let words: &[&[u8]] = &[
        b"?",
        b"&",
        b"limit=",
        b"cursor=",
        b"ordering=",
        b"-",
        b"search=",
        b"status=",
        b"customer=",
        b"product=",
        b"from=0001-01-01",
        b"to=9999-12-31",
        b"delayed=true",
        b"category=",
        b"archived=",
        b"available_max=",
        b"%",
        b"%00",
        b"%2F",
        b"/",
        b"..",
        b"+",
        b"%F0%9F",
        b"%22",
        b",",
        b"9223372036854775807-4294967295",
        b"bulk/",
        b"delayed",
        b";",
        b"http://x/",
    ];
    let corpus = targets();
    let others: Vec<_> = corpus.iter().map(|input| Parsed::parse(input).unwrap().target.to_vec()).collect();
    run("request_targets", corpus, &mut |chance, base| {
        let parsed = Parsed::parse(base).unwrap();
        let mut target = parsed.target.to_vec();
        mutate(chance, &mut target, words, &others);
        // What a request line cannot hold never gets this far.
        let target: Vec<_> = target.into_iter().filter(u8::is_ascii_graphic).take(8_000).collect();
        let method: &[u8] = if chance.one_in(8) { b"DELETE" } else { parsed.method };
        Parsed::render(method, &target, &parsed.headers, parsed.body)
    });
}

/// Headers: the idempotency key, the type of the body, the id of the request.
pub(crate) fn request_headers() {
    let words: &[&[u8]] =
        &[b"\"", b"k1", b"application/json", b";", b",", b"\t", b"\x80", b"chunked", b"identity", b"="];
    let names: &[&[u8]] = &[
        b"Idempotency-Key",
        b"Content-Type",
        b"X-Request-Id",
        b"Accept",
        b"Host",
        b"Connection",
        b"Expect",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Upgrade",
    ];
    let corpus = headers();
    run("request_headers", corpus, &mut |chance, base| {
        let parsed = Parsed::parse(base).unwrap();
        let mut headers: Vec<_> = parsed.headers.iter().map(|(name, value)| (*name, value.to_vec())).collect();
        if chance.one_in(2) {
            headers.push((chance.pick(names), b"application/json".to_vec()));
        }
        let at = chance.below(headers.len());
        mutate(chance, &mut headers[at].1, words, &[]);
        headers[at].1.retain(|byte| *byte != b'\n' && *byte != b'\r');
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        Parsed::render(parsed.method, parsed.target, &headers, parsed.body)
    });
}
