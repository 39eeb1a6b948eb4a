//! Which path answers to which method, by which endpoint. The paths end with a slash; the form without it is the same.

use actix_web::dev::Handler;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, Resource, Responder, web};
use serde::Serialize;

use super::answer::{Answer, json};
use super::error::Error;
use super::{categories, docs, health, orders, products, root};

pub(super) const ROOT: &str = "/api/inventory/";
pub(super) const CATEGORIES: &str = "/api/inventory/categories/";
pub(super) const CATEGORY: &str = "/api/inventory/categories/{id}/";
pub(super) const PRODUCTS: &str = "/api/inventory/products/";
pub(super) const PRODUCT: &str = "/api/inventory/products/{id}/";
pub(super) const ADJUST: &str = "/api/inventory/products/{id}/adjust/";
pub(super) const MOVEMENTS: &str = "/api/inventory/products/{id}/movements/";
pub(super) const ORDERS: &str = "/api/inventory/orders/";
pub(super) const BULK: &str = "/api/inventory/orders/bulk/";
pub(super) const DELAYED: &str = "/api/inventory/orders/delayed/";
pub(super) const ORDER: &str = "/api/inventory/orders/{id}/";
pub(super) const HISTORY: &str = "/api/inventory/orders/{id}/history/";
pub(super) const TRANSITION: &str = "/api/inventory/orders/{id}/transition/";
pub(super) const CANCEL: &str = "/api/inventory/orders/{id}/cancel/";
pub(super) const HEALTHZ: &str = "/healthz/";
pub(super) const READYZ: &str = "/readyz/";

pub(super) const OPENAPI: &str = "/openapi.json/";
pub(super) const POSTMAN: &str = "/postman.json/";
pub(super) const DOCS: &str = "/docs/";
pub(super) const ASSET: &str = "/docs/{file}/";

/// Serves the route table.
pub(super) fn table(config: &mut web::ServiceConfig) {
    for endpoint in endpoints() {
        config.service(endpoint.resource());
    }
}

/// The route table. What is asked for most comes first; a fixed path comes before one with an id in its place.
#[rustfmt::skip]
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        on(ORDERS, "Order List", "Lists orders, newest first, and places one.")
            .get(orders::list).post(orders::create),
        on(BULK, "Order Bulk", "Places all orders of a list, or none.")
            .post(orders::bulk),
        on(DELAYED, "Order Delayed", "Lists the orders that outstayed their stage, longest last.")
            .get(orders::delayed),
        on(ORDER, "Order Instance", "Shows an order, changes its contact fields while it is pending, archives it once it ended.")
            .get(orders::retrieve).put(orders::put).patch(orders::patch).delete(orders::delete),
        on(HISTORY, "Order History", "Lists the transitions of an order, oldest first.")
            .get(orders::history),
        on(TRANSITION, "Order Transition", "Moves an order to another status.")
            .post(orders::transition),
        on(CANCEL, "Order Cancel", "Cancels an order and gives its stock back.")
            .post(orders::cancel),
        on(PRODUCTS, "Product List", "Lists products and creates one.")
            .get(products::list).post(products::create),
        on(PRODUCT, "Product Instance", "Shows a product, changes it, deletes one that was never ordered.")
            .get(products::retrieve).put(products::put).patch(products::patch).delete(products::delete),
        on(ADJUST, "Product Adjust", "Adjusts the stock of a product.")
            .post(products::adjust),
        on(MOVEMENTS, "Product Movements", "Lists the stock ledger of a product, newest first.")
            .get(products::movements),
        on(CATEGORIES, "Category List", "Lists categories and creates one.")
            .get(categories::list).post(categories::create),
        on(CATEGORY, "Category Instance", "Shows a category, renames it, deletes one without products.")
            .get(categories::retrieve).put(categories::put).patch(categories::patch).delete(categories::delete),
        on(ROOT, "Api Root", "Links to the collections.")
            .get(root::root),
        on(HEALTHZ, "Health", "Whether the process answers.")
            .get(health::healthz),
        on(READYZ, "Readiness", "Whether commands are taken.")
            .get(health::readyz),
        on(OPENAPI, "Open Api", "The OpenAPI document.")
            .get(docs::openapi),
        on(POSTMAN, "Postman", "The document as a collection for Postman.")
            .get(docs::postman),
        on(DOCS, "Docs", "The document to read and to try.")
            .get(docs::page),
        on(ASSET, "Docs File", "A file of that page.")
            .get(docs::asset),
    ]
}

/// What a path without endpoints answers.
pub(super) async fn unknown() -> Answer {
    Err(Error::not_found())
}

/// The methods in the order in which `Allow` names them.
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// A path and what it answers to.
pub(super) struct Endpoint {
    #[cfg(test)]
    path: &'static str,
    name: &'static str,
    description: &'static str,
    methods: Vec<Method>,
    resource: Resource,
}

/// What OPTIONS answers.
#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    description: &'static str,
    renders: [&'static str; 1],
    parses: [&'static str; 1],
}

fn on(path: &'static str, name: &'static str, description: &'static str) -> Endpoint {
    Endpoint {
        #[cfg(test)]
        path,
        name,
        description,
        methods: vec![Method::OPTIONS],
        resource: web::resource(path),
    }
}

#[cfg(test)]
impl Endpoint {
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(Method::as_str)
    }
}

impl Endpoint {
    /// GET, and HEAD: the server leaves out the body of the latter.
    fn get<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.to(Method::GET, handler.clone()).to(Method::HEAD, handler)
    }

    fn post<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.to(Method::POST, handler)
    }

    fn put<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.to(Method::PUT, handler)
    }

    fn patch<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.to(Method::PATCH, handler)
    }

    fn delete<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.to(Method::DELETE, handler)
    }

    fn to<H, A>(mut self, method: Method, handler: H) -> Self
    where
        H: Handler<A, Output: Responder + 'static>,
        A: FromRequest + 'static,
    {
        self.methods.push(method.clone());
        self.resource = self.resource.route(web::method(method).to(handler));
        self
    }

    /// The resource, which also answers OPTIONS, and 405 to every other method.
    fn resource(self) -> Resource {
        let Self { name, description, methods, resource, .. } = self;
        let words: Vec<_> = METHODS.iter().filter(|method| methods.contains(method)).map(Method::as_str).collect();
        let allow = HeaderValue::try_from(words.join(", ")).expect("names of methods are a header value");
        let metadata = Metadata { name, description, renders: ["application/json"], parses: ["application/json"] };
        let metadata = serde_json::to_vec(&metadata).expect("texts are JSON");
        let options = {
            let allow = allow.clone();
            move || {
                let mut answer = json(StatusCode::OK, metadata.clone());
                answer.headers_mut().insert(header::ALLOW, allow.clone());
                async move { answer }
            }
        };
        let not_allowed = move |request: HttpRequest| {
            let error = Error::not_allowed(request.method().as_str(), allow.clone());
            async move { Answer::Err(error) }
        };
        resource.route(web::method(Method::OPTIONS).to(options)).default_service(web::to(not_allowed))
    }
}
