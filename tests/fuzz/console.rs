//! What people send from pages of the console: files of orders, and the forms of the pages that take one.

use std::pin::Pin;

use actix::{System, SystemRunner};
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE};
use actix_web::test;
use packhorse::api;
use packhorse::config::Settings;
use packhorse::console::Console;
use packhorse::telemetry::counters;

use super::harness::Decoder;
use super::mutate::{Chance, mutate};
use super::requests::doors;

/// After so many inputs the engine begins anew, so that it stays small.
const WORLD: u64 = 2_000;

type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>>>>;

/// An engine behind its console, and a browser that has seen a page of it.
struct World {
    call: Box<dyn Fn(test::TestRequest) -> Answer>,
    cookie: String,
    csrf: String,
}

impl World {
    async fn new() -> Self {
        let (gate, guard) = doors().await;
        let console = Console::new(gate.clone(), Settings::default().stages.policy());
        let app = api::app(gate, guard).configure(|config| console.configure(config));
        let service = test::init_service(app).await;
        let call: Box<dyn Fn(test::TestRequest) -> Answer> =
            Box::new(move |request| Box::pin(service.call(request.to_request())));
        for (path, body) in [
            ("categories/", r#"{"name":"Things"}"#),
            ("products/", r#"{"name":"Phone","price":"299.99","stock":1000000,"category_id":1}"#),
            ("products/", r#"{"name":"Laptop","price":"1","stock":500,"category_id":1}"#),
        ] {
            let request = test::TestRequest::post().uri(&format!("/api/inventory/{path}"));
            let request = request.insert_header((CONTENT_TYPE, "application/json"));
            let request = request.insert_header((CONTENT_LENGTH, body.len())).set_payload(body);
            assert!(call(request).await.unwrap().status().is_success(), "{path}");
        }
        let page = call(test::TestRequest::get().uri("/admin/upload/")).await.unwrap();
        let cookie = page.headers().get(SET_COOKIE).unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        let body = to_bytes(page.into_body()).await.unwrap_or_else(|_| panic!("the page broke off"));
        let text = String::from_utf8(body.to_vec()).unwrap();
        let (_, rest) = text.split_once("name=\"csrf\" value=\"").expect("a page has forms");
        let csrf = rest.split('"').next().unwrap().to_owned();
        Self { call, cookie, csrf }
    }

    /// Sends `body` to `path`, and judges the answer; where it leads to is looked at too.
    async fn post(&self, path: &str, kind: &str, body: Vec<u8>) {
        let request = test::TestRequest::post().uri(path).insert_header((CONTENT_TYPE, kind));
        let request = request.insert_header((CONTENT_LENGTH, body.len())).insert_header(("X-Csrf-Token", &*self.csrf));
        let response = self.ask(request.set_payload(body)).await;
        if let Some(location) = response {
            self.ask(test::TestRequest::get().uri(&location)).await;
            if location.starts_with("/admin/upload/") {
                self.ask(test::TestRequest::get().uri(&format!("{location}refused/"))).await;
            }
        }
    }

    async fn ask(&self, request: test::TestRequest) -> Option<String> {
        let response = (self.call)(request.insert_header((COOKIE, &*self.cookie))).await;
        let response = response.unwrap_or_else(|error| panic!("no answer: {error}"));
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body of an answer broke off"));
        let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let is_busy = status == 503 && headers.contains_key(RETRY_AFTER);
        assert!(!status.is_server_error() || is_busy, "{status}: {text}");
        assert!(!status.is_client_error() || body.len() > 5, "an error says what is wrong: {status}");
        assert_ne!(status, 403, "the page is known: {text}");
        headers.get("location").map(|location| location.to_str().unwrap().to_owned())
    }
}

fn run(
    name: &'static str,
    corpus: Vec<Vec<u8>>,
    mutate: &mut dyn FnMut(&mut Chance, &[u8]) -> Vec<u8>,
    send: impl Fn(&SystemRunner, &World, &[u8]),
) {
    let system = System::new();
    let mut current = system.block_on(World::new());
    let mut asked = 0;
    let mut check = |input: &[u8]| {
        asked += 1;
        if asked % WORLD == 0 {
            current = system.block_on(World::new());
        }
        let restarts = counters::ACTOR_RESTARTS.get();
        send(&system, &current, input);
        assert_eq!(counters::ACTOR_RESTARTS.get(), restarts, "no actor panicked");
    };
    Decoder { name, corpus, count: 3_000, mutate, check: &mut check }.run();
}

const HEADER: &str = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity";

/// Files of orders: the first byte tells which format, the rest is the file.
pub(crate) fn uploads() {
    let row = "A,Ann,ann@example.com,+880 1,\"12 Lake Road, Dhaka\",1,2";
    let json = r#"{"customer_name":"Ann","customer_email":"a@b.cd","customer_phone":"1","delivery_address":"x","items":[{"product_id":1,"quantity":2}],"order":"Z"}"#;
    let texts = [
        format!("c{HEADER}\n{row}\n{row}\nB{}\n,,,,,2,1\n", &row[1..]),
        format!("c\u{feff}sep=;\r\n\r\n{}\r\n{}\r\n", HEADER.replace(',', ";"), row.replace(',', ";")),
        format!("creason\t{}\r\t{}\r", HEADER.replace(',', "\t"), row.replace(',', "\t")),
        format!("j[{json},{json}]"),
        "j[{},[],null,1]".to_owned(),
        // What is small and makes many rows, lines, cells or faults.
        format!("c{HEADER}\n{}", "a\n".repeat(200_000)),
        format!("c{HEADER}\n{}", ",,,,,1,\n".repeat(30_000)),
        format!("c{}\n{}", &HEADER[6..], "a,,,,1,\n".repeat(20_000)),
        format!("c{HEADER}\n{}", ",".repeat(500_000)),
        format!("c{HEADER}\n\"{}", "\"\"".repeat(200_000)),
        format!("j[{}]", vec!["{}"; 20_000].join(",")),
        format!("j[{{\"items\":[{}]}}]", vec!["{}"; 100_000].join(",")),
        format!("j[{}]", "[".repeat(200_000)),
    ];
    let corpus: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    let others = corpus[..5].to_vec();
    let words = [
        "order",
        "quantity",
        "reason",
        "sep=;",
        "\"",
        "\"\"",
        ",,,",
        ";",
        "\t",
        "\r\n",
        "\r",
        "\u{feff}",
        "'=",
        "{}",
        "null",
        "\"items\":",
        "8.8E+12",
        "A,",
        "PK\x03\x04",
    ];
    let words = words.map(str::as_bytes);
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        // The large ones are for the bound on memory.
        let base = if base.len() > 10_000 { &others[chance.below(others.len())] } else { base };
        let mut bytes = base[1..].to_vec();
        mutate(chance, &mut bytes, &words, &others);
        bytes.insert(0, base[0]);
        bytes
    };
    run("uploads", corpus, &mut mutate, |system, world, input| {
        let Some((format, content)) = input.split_first() else { return };
        let path = if *format == b'j' { "/admin/upload/?name=a.json" } else { "/admin/upload/?name=a.csv" };
        system.block_on(world.post(path, "application/octet-stream", content.to_vec()));
    });
}

/// Forms: a line with the path, then the body.
pub(crate) fn forms() {
    let content: String = format!("{HEADER}\nA,Ann,a@b.cd,1,Here,1,1\n").replace(',', "%2C").replace('\n', "%0D%0A");
    let order = "customer_name=Ann+O%27Hara&customer_email=a%40b.cd&customer_phone=1&delivery_address=x%0Ay&token=t&\
                 product_id=1&quantity=2&product_id=&quantity=";
    let texts = [
        format!("/admin/upload/\ncontent={content}"),
        format!("/admin/orders/new/\n{order}"),
        "/admin/orders/bulk/\nid=1&id=2&to=processing&token=t&go=on".to_owned(),
        "/admin/products/1/stock/\ndelta=-3&reason=damaged&expected=5&token=t".to_owned(),
        "/admin/products/new/\nname=Phone&price=1.00&stock=1&category_id=1&expiry_date=&token=t".to_owned(),
        "/admin/categories/\nname=%F0%9F%9A%80&token=t".to_owned(),
        "/admin/sign-in/\nname=ann&password=x%00y&next=%2F%2Fevil".to_owned(),
        format!("/admin/orders/new/\n{}", "a=&".repeat(100_000)),
        format!("/admin/orders/new/\n{}", "product_id=1&quantity=1&".repeat(20_000)),
        format!("/admin/upload/\ncontent={}", "%0A".repeat(100_000)),
    ];
    let corpus: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    let others = corpus[..7].to_vec();
    let words =
        ["&", "=", "%", "%00", "%FF", "%u0041", "+", "id=", "token=", "csrf=", "to=shipped", "quantity=1e9", ";"];
    let words = words.map(str::as_bytes);
    let split = |input: &[u8]| {
        let at = input.iter().position(|byte| *byte == b'\n')?;
        Some((String::from_utf8(input[..at].to_vec()).ok()?, input[at + 1..].to_vec()))
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let base = if base.len() > 10_000 { &others[chance.below(others.len())] } else { base };
        let (path, mut body) = split(base).unwrap();
        mutate(chance, &mut body, &words, &others);
        [path.as_bytes(), b"\n", &body].concat()
    };
    run("forms", corpus, &mut mutate, |system, world, input| {
        let Some((path, body)) = split(input) else { return };
        system.block_on(world.post(&path, "application/x-www-form-urlencoded", body));
    });
}
