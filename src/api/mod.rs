//! The REST API: the contract of the predecessor on top of [`Fulfillment`](crate::actors::Fulfillment).
//!
//! A request is a straight line: parse, one call of the handle, render. What a path answers to is in `routes`, what
//! goes wrong becomes an answer in `error`, and everything that holds for every request is in `trace`. Deliberately
//! absent: rules of orders, products or stock.

mod access;
mod answer;
pub(crate) mod body;
mod canonical;
pub(crate) mod categories;
pub(crate) mod condition;
mod connection;
mod docs;
pub(crate) mod error;
pub(crate) mod fields;
mod health;
pub(crate) mod id;
pub(crate) mod idempotency;
pub(crate) mod list;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod parts;
pub(crate) mod products;
pub(crate) mod render;
mod request;
mod root;
mod routes;
mod settings;
mod start;
mod state;
mod trace;
mod unread;
mod unused;

pub use connection::connected;
pub use render::SettingRow;
pub use routes::routes;
pub(crate) use state::Lease;
pub use state::{ApiOptions, AppState};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, web};

use crate::access::{AccessGuard, guard as admit};

/// The application that each worker of the server runs. Until `app` is opened, what needs the engine answers 503.
pub fn app(
    app: AppState,
    guard: AccessGuard,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(app)
        .app_data(guard)
        .configure(routes::table)
        .service(start::resource())
        .default_service(web::to(routes::unknown))
        .wrap(from_fn(admit))
        .wrap(from_fn(trace::request))
}
