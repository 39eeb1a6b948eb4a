//! Which path answers to which method, by which endpoint. The paths end with a slash; the form without it is the same.

use actix_web::body::BoxBody;
use actix_web::dev::{Handler, HttpServiceFactory, ServiceRequest};
use actix_web::guard::fn_guard;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, HttpRequest, Resource, Responder, Route, web};
use serde::Serialize;

use super::{access, categories, docs, health, orders, overview, products, root, settings};
use crate::access::{Area, Need, refusal as refusal_of};
use crate::domain::access::Role::{self, Admin, Operator, Viewer};
use crate::web::answer::{Answer, json};
use crate::web::error::Error;
use crate::web::unused;
use crate::web::unused::Heard;

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
pub(super) const TIMELINE: &str = "/api/inventory/orders/{id}/timeline/";
pub(super) const TRANSITION: &str = "/api/inventory/orders/{id}/transition/";
pub(super) const CANCEL: &str = "/api/inventory/orders/{id}/cancel/";
pub(super) const ME: &str = "/api/access/me/";
pub(super) const USERS: &str = "/api/access/users/";
pub(super) const USER: &str = "/api/access/users/{name}/";
pub(super) const KEYS: &str = "/api/access/keys/";
pub(super) const REVOKE_KEY: &str = "/api/access/keys/{id}/revoke/";
pub(super) const SESSIONS: &str = "/api/access/sessions/";
pub(super) const REVOKE_SESSION: &str = "/api/access/sessions/{id}/revoke/";
pub(super) const AUDIT: &str = "/api/access/audit/";
pub(super) const OVERVIEW: &str = "/api/overview/";
pub(super) const TREND: &str = "/api/overview/trend/";
pub(super) const SETTINGS: &str = "/api/settings/";
pub(super) const HEALTHZ: &str = "/healthz/";
pub(super) const READYZ: &str = "/readyz/";
pub(super) const OPENAPI: &str = "/openapi.json/";
pub(super) const POSTMAN: &str = "/postman.json/";
pub(super) const DOCS: &str = "/docs/";
pub(super) const ASSET: &str = "/docs/{file}/";

/// The parameters of a list.
const PAGE: &[&str] = &["limit", "cursor"];
const LIST_OF_ORDERS: [&str; 10] =
    ["search", "status", "delayed", "customer", "product", "from", "to", "ordering", "limit", "cursor"];
const LIST_OF_PRODUCTS: [&str; 6] = ["search", "category", "archived", "available_max", "limit", "cursor"];

/// Mounts the route table.
pub(super) fn table(config: &mut web::ServiceConfig) {
    for endpoint in endpoints() {
        config.service(endpoint.resource());
    }
}

/// The route table. What is asked for most comes first; a fixed path comes before one with an id in its place. Whoever
/// may read is a viewer; every other method names the role that it needs.
#[rustfmt::skip]
fn endpoints() -> Vec<Endpoint> {
    vec![
        on(ORDERS, Area::Orders, "Order List", "Lists orders, newest first, and places one.")
            .get(orders::list).with(&LIST_OF_ORDERS).post(Operator, orders::create).with(&["dry_run"]).keyed(),
        on(BULK, Area::Orders, "Order Bulk", "Places all orders of a list, or none.")
            .post(Operator, orders::bulk).with(&["dry_run"]).keyed(),
        on(DELAYED, Area::Orders, "Order Delayed", "Lists the orders that stayed in a stage for too long, longest last.")
            .get(orders::delayed).with(PAGE),
        on(ORDER, Area::Orders, "Order Instance", "Shows an order, changes its contact fields while it is pending, archives it once it ended.")
            .get(orders::retrieve).put(Operator, orders::put).patch(Operator, orders::patch).delete(Operator, orders::delete)
            .conditional(),
        on(HISTORY, Area::Orders, "Order History", "Lists the transitions of an order, oldest first.")
            .get(orders::history),
        on(TIMELINE, Area::Orders, "Order Timeline", "Lists everything that happened to an order, oldest first.")
            .get(orders::timeline),
        on(TRANSITION, Area::Orders, "Order Transition", "Moves an order to another status.")
            .post(Operator, orders::transition).conditional().keyed(),
        on(CANCEL, Area::Orders, "Order Cancel", "Cancels an order and gives its stock back.")
            .post(Operator, orders::cancel).conditional().keyed(),
        on(PRODUCTS, Area::Catalogue, "Product List", "Lists products and creates one.")
            .get(products::list).with(&LIST_OF_PRODUCTS).post(Admin, products::create).keyed(),
        on(PRODUCT, Area::Catalogue, "Product Instance", "Shows a product, changes it, deletes one that was never ordered.")
            .get(products::retrieve).put(Admin, products::put).patch(Admin, products::patch).delete(Admin, products::delete)
            .conditional(),
        on(ADJUST, Area::Catalogue, "Product Adjust", "Adjusts the stock of a product.")
            .post(Operator, products::adjust).conditional().keyed(),
        on(MOVEMENTS, Area::Catalogue, "Product Movements", "Lists the stock ledger of a product, newest first.")
            .get(products::movements).with(PAGE),
        on(CATEGORIES, Area::Catalogue, "Category List", "Lists categories and creates one.")
            .get(categories::list).with(PAGE).post(Admin, categories::create).keyed(),
        on(CATEGORY, Area::Catalogue, "Category Instance", "Shows a category, renames it, deletes one without products.")
            .get(categories::retrieve).put(Admin, categories::put).patch(Admin, categories::patch).delete(Admin, categories::delete),
        on(ROOT, Area::Common, "Api Root", "Links to the collections.")
            .get(root::root),
        on(ME, Area::Common, "Me", "Shows who calls.")
            .get(access::me),
        on(USERS, Area::Administration, "User List", "Lists users and adds one.")
            .read(Some(Admin), access::users).with(PAGE).post(Admin, access::create_user),
        on(USER, Area::Administration, "User Instance", "Shows a user, changes password, role and whether they may sign in.")
            .read(Some(Admin), access::user).patch(Admin, access::patch_user),
        on(KEYS, Area::Administration, "Key List", "Lists API keys and makes one.")
            .read(Some(Admin), access::keys).with(PAGE).post(Admin, access::create_key),
        on(REVOKE_KEY, Area::Administration, "Key Revoke", "Ends an API key for good.")
            .post(Admin, access::revoke_key),
        on(SESSIONS, Area::Administration, "Session List", "Lists who is signed in.")
            .read(Some(Admin), access::sessions).with(PAGE),
        on(REVOKE_SESSION, Area::Administration, "Session Revoke", "Ends a session.")
            .post(Admin, access::revoke_session),
        on(AUDIT, Area::Administration, "Audit List", "Lists changes of users, keys and catalogue, newest first.")
            .read(Some(Admin), access::audit).with(PAGE),
        on(OVERVIEW, Area::Administration, "Overview", "Shows the whole at a glance.")
            .get(overview::overview),
        on(TREND, Area::Administration, "Overview Trend", "Shows the last hour in steps.")
            .get(overview::trend),
        on(SETTINGS, Area::Administration, "Setting List", "Lists the settings in force.")
            .read(Some(Admin), settings::settings),
        on(HEALTHZ, Area::Common, "Health", "Whether the process answers.")
            .open(health::healthz),
        on(READYZ, Area::Common, "Readiness", "Whether commands are taken.")
            .open(health::readyz),
        on(OPENAPI, Area::Common, "Open Api", "The OpenAPI document.")
            .open(docs::openapi),
        on(POSTMAN, Area::Common, "Postman", "The document as a collection for Postman.")
            .open(docs::postman),
        on(DOCS, Area::Common, "Docs", "The document to read and to try.")
            .open(docs::page),
        on(ASSET, Area::Common, "Docs File", "A file of that page.")
            .open(docs::asset),
    ]
}

/// Every path and method of the API, with what it needs.
#[must_use]
pub fn routes() -> Vec<(&'static str, Method, Need)> {
    let rows = |endpoint: Endpoint| endpoint.needs.into_iter().map(move |(method, need)| (endpoint.path, method, need));
    endpoints().into_iter().flat_map(rows).collect()
}

/// Every path and method of the API that takes parameters, with their names.
#[cfg(test)]
pub(super) fn parameters() -> Vec<(&'static str, Method, Parameters)> {
    let rows =
        |endpoint: Endpoint| endpoint.parameters.into_iter().map(move |(method, names)| (endpoint.path, method, names));
    endpoints().into_iter().flat_map(rows).collect()
}

/// Every path and method of the API whose command looks at `If-Match`.
#[cfg(test)]
pub(super) fn conditional() -> Vec<(&'static str, Method)> {
    let commands = |endpoint: Endpoint| {
        let methods = endpoint.needs.into_iter().map(|(method, _)| method).filter(|method| !method.is_safe());
        methods.map(move |method| (endpoint.path, method))
    };
    endpoints().into_iter().filter(|endpoint| endpoint.is_conditional).flat_map(commands).collect()
}

/// Every path of the API whose POST looks at `Idempotency-Key`.
#[cfg(test)]
pub(super) fn keyed() -> Vec<&'static str> {
    endpoints().into_iter().filter(|endpoint| endpoint.is_keyed).map(|endpoint| endpoint.path).collect()
}

/// What a path without endpoints answers.
pub(super) async fn unknown() -> Answer {
    Err(Error::not_found())
}

/// The methods in the order in which `Allow` names them.
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// A path and what it answers to.
struct Endpoint {
    name: &'static str,
    description: &'static str,
    path: &'static str,
    area: Area,
    needs: Vec<(Method, Need)>,
    /// The parameters that a method takes; the others take none.
    parameters: Vec<(Method, Parameters)>,
    /// Whether its commands look at `If-Match`.
    is_conditional: bool,
    /// Whether its POST looks at `Idempotency-Key`.
    is_keyed: bool,
    resource: Resource,
}

/// The names of the parameters that an endpoint takes.
type Parameters = &'static [&'static str];

/// What OPTIONS answers.
#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    description: &'static str,
    renders: [&'static str; 1],
    parses: [&'static str; 1],
}

/// A route for `method`. The library's own guard also keeps a list of the methods that it tried, which nobody asks for
/// here, since `Allow` is known: five allocations for a POST.
fn route(method: Method) -> Route {
    web::route().guard(fn_guard(move |context| context.head().method == method))
}

fn on(path: &'static str, area: Area, name: &'static str, description: &'static str) -> Endpoint {
    Endpoint {
        name,
        description,
        path,
        area,
        needs: Vec::new(),
        parameters: Vec::new(),
        is_conditional: false,
        is_keyed: false,
        resource: web::resource(path),
    }
}

impl Endpoint {
    /// GET, and HEAD: the server leaves out the body of the latter. A viewer may.
    fn get<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.read(Some(Viewer), handler)
    }

    /// GET and HEAD for everybody.
    fn open<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, handler: H) -> Self {
        self.read(None, handler)
    }

    /// GET and HEAD for those who have `role`.
    fn read<H, A>(self, role: Option<Role>, handler: H) -> Self
    where
        H: Handler<A, Output: Responder + 'static>,
        A: FromRequest + 'static,
    {
        self.to(Method::GET, role, handler.clone()).to(Method::HEAD, role, handler)
    }

    fn post<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(
        self,
        role: Role,
        handler: H,
    ) -> Self {
        self.to(Method::POST, Some(role), handler)
    }

    fn put<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, role: Role, handler: H) -> Self {
        self.to(Method::PUT, Some(role), handler)
    }

    fn patch<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(
        self,
        role: Role,
        handler: H,
    ) -> Self {
        self.to(Method::PATCH, Some(role), handler)
    }

    fn delete<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(
        self,
        role: Role,
        handler: H,
    ) -> Self {
        self.to(Method::DELETE, Some(role), handler)
    }

    /// The parameters that the method before takes; HEAD takes those of GET.
    fn with(mut self, names: Parameters) -> Self {
        let (method, _) = self.needs.last().expect("a method comes before its parameters");
        if method == Method::HEAD {
            self.parameters.push((Method::GET, names));
        }
        self.parameters.push((method.clone(), names));
        self
    }

    /// All commands of the path are carried out only while `If-Match` holds.
    fn conditional(mut self) -> Self {
        self.is_conditional = true;
        self
    }

    /// Its POST has its effect once for each `Idempotency-Key`.
    fn keyed(mut self) -> Self {
        self.is_keyed = true;
        self
    }

    fn to<H, A>(mut self, method: Method, role: Option<Role>, handler: H) -> Self
    where
        H: Handler<A, Output: Responder + 'static>,
        A: FromRequest + 'static,
    {
        self.needs.push((method.clone(), Need { role, area: self.area }));
        self.resource = self.resource.route(route(method).to(handler));
        self
    }

    /// The resource, which also answers OPTIONS, and 405 to every other method.
    fn resource(self) -> impl HttpServiceFactory {
        let Self { name, description, needs, parameters, is_conditional, is_keyed, resource, .. } = self;
        let answers = |method: &Method| method == Method::OPTIONS || needs.iter().any(|(known, _)| known == method);
        let words: Vec<_> = METHODS.iter().filter(|method| answers(method)).map(Method::as_str).collect();
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
        // What a path has to say of itself, and that it does not know a method, is for those who may do the least
        // there.
        let least = needs.iter().map(|(_, need)| *need).min_by_key(|need| need.role).expect("a path has a method");
        resource.route(route(Method::OPTIONS).to(options)).default_service(web::to(not_allowed)).wrap(from_fn(
            move |request: ServiceRequest, next: Next<BoxBody>| {
                let need = needs.iter().find(|(method, _)| method == request.method()).map_or(least, |(_, need)| *need);
                let refusal = refusal_of(need, &request);
                let heard = Heard { conditions: is_conditional, key: is_keyed && request.method() == Method::POST };
                let known = parameters
                    .iter()
                    .find(|(method, _)| method == request.method())
                    .map_or(&[][..], |(_, names)| names);
                async move {
                    match refusal {
                        None => unused::told(request, next, known, heard).await,
                        Some(refusal) => Ok(request.into_response(refusal.answer())),
                    }
                }
            },
        ))
    }
}
