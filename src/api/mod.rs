//! The REST API: the contract of the predecessor on top of [`Fulfillment`](crate::actors::Fulfillment).
//!
//! A request is a straight line: parse, one call of the handle, render. What a path answers to is in `routes`; what all
//! requests share is in [`web`](crate::web), and how values are written in [`wire`](crate::wire). Deliberately absent:
//! rules of orders, products or stock.

mod access;
pub(crate) mod categories;
mod docs;
mod health;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod products;
mod root;
mod routes;
mod settings;
mod start;

pub use routes::routes;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, web};

use crate::access::{AccessGuard, guard as admit};
use crate::web::{AppState, trace};

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
