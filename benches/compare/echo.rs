//! The ceiling of the comparison: actix-web with serde, which reads an order or a list of orders and answers the same
//! JSON. It decides nothing, stores nothing and waits for nothing.

use actix_web::{App, HttpResponse, HttpServer, web};
use mimalloc::MiMalloc;
use serde::{Deserialize, Serialize};

// The same allocator as Packhorse has, so that the ratio tells of the work alone.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Bytes that a body may have: as many as Packhorse takes for a bulk.
const BODY_BYTES: usize = 64 << 20;

#[derive(Serialize, Deserialize)]
struct Line {
    product_id: u64,
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
struct Order {
    customer_name: String,
    customer_email: String,
    customer_phone: String,
    delivery_address: String,
    items: Vec<Line>,
}

async fn one(order: web::Json<Order>) -> HttpResponse {
    HttpResponse::Created().json(order.into_inner())
}

async fn bulk(orders: web::Json<Vec<Order>>) -> HttpResponse {
    HttpResponse::Created().json(orders.into_inner())
}

/// The same without knowing what it reads.
async fn values(body: web::Json<serde_json::Value>) -> HttpResponse {
    HttpResponse::Created().json(body.into_inner())
}

/// Answers a GET with the fields that Packhorse has for an order, formatted anew for each request.
async fn get(id: web::Path<u64>) -> HttpResponse {
    HttpResponse::Ok().json(Answer::sample(id.into_inner()))
}

#[derive(Serialize)]
struct AnswerLine {
    id: u64,
    product: Product,
    quantity: u32,
    unit_price: &'static str,
}

#[derive(Serialize)]
struct Product {
    id: u64,
    name: &'static str,
}

#[derive(Serialize)]
struct Answer {
    id: u64,
    customer_name: &'static str,
    customer_email: &'static str,
    customer_phone: &'static str,
    delivery_address: &'static str,
    status: &'static str,
    created_at: &'static str,
    updated_at: &'static str,
    last_transition_time: &'static str,
    is_delayed: bool,
    allowed_actions: [&'static str; 2],
    items: Vec<AnswerLine>,
}

impl Answer {
    fn sample(id: u64) -> Self {
        let time = "2026-11-22T10:00:00.123456+06:00";
        Self {
            id,
            customer_name: "Alice Alexandersson",
            customer_email: "alice@example.com",
            customer_phone: "1234567890",
            delivery_address: "123 Main Street",
            status: "pending",
            created_at: time,
            updated_at: time,
            last_transition_time: time,
            is_delayed: false,
            allowed_actions: ["processing", "cancelled"],
            items: vec![AnswerLine { id, product: Product { id: 1, name: "Phone" }, quantity: 1, unit_price: "2.50" }],
        }
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let server = HttpServer::new(|| {
        App::new()
            .app_data(web::JsonConfig::default().limit(BODY_BYTES))
            .route("/orders/", web::post().to(one))
            .route("/orders/bulk/", web::post().to(bulk))
            .route("/values/", web::post().to(values))
            .route("/orders/{id}/", web::get().to(get))
    })
    .bind(listen)?;
    for address in server.addrs() {
        println!("http://{address}");
    }
    server.run().await
}
