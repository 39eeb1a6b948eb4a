//! One request to the console that reached the running engine.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use minijinja::Value;

use super::Console;
use super::page_error::PageError;
use super::words;
use crate::access::{AccessGuard, Area, Caller, Need, Right};
use crate::actors::{Fulfillment, IdempotencyKey, Request};
use crate::domain::access::Role;
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::order::Order;
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;
use crate::secret::{base64url, random};
use crate::view::{Product, View};
use crate::web::AppState;
use crate::web::body;
use crate::web::error::Error;
use crate::web::id::number;
use crate::web::idempotency;
use crate::web::list::Query;

/// The most bytes of what makes a form have its effect once: ours have 22.
const TOKEN_BYTES_MAX: usize = 64;
/// What is said of a form that no page of ours made.
pub(super) const UNREADABLE: &str = "The form could not be read; load the page again.";

/// What every command on orders asks of its caller.
const ORDERS: Need = Need { role: Some(Role::Operator), area: Area::Orders };

/// The last parameter of an address that is sealed.
const SEAL: &str = "&seal=";

/// What a page answers.
pub(super) type Answer = Result<HttpResponse, PageError>;

/// A request that reached the running engine.
pub(super) struct PageRequest {
    pub(super) http: HttpRequest,
    pub(super) console: Console,
    pub(super) engine: Fulfillment,
    pub(super) caller: Caller,
    pub(super) query: Query,
}

impl PageRequest {
    pub(super) fn view(&self) -> &View {
        self.engine.view()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.console.0.app.now()
    }

    /// Products with this many units or fewer available are shown as low stock.
    pub(super) fn low_stock(&self) -> u32 {
        self.console.0.app.low_stock()
    }

    pub(super) fn may(&self, role: Role) -> bool {
        self.caller.may(role)
    }

    /// The caller's right to act on orders: what goes on for long asks it before each step.
    pub(super) fn right_to_orders(&self) -> Right {
        Right::of(self.guard(), &self.caller.who, ORDERS)
    }

    /// Whether the caller would be let in by what they are known by: not where access was open and is no longer.
    pub(super) fn is_let_in(&self) -> bool {
        self.caller.who != Origin::Client || self.guard().is_open()
    }

    fn guard(&self) -> &AccessGuard {
        self.http.app_data().expect("the app carries its guard")
    }

    /// A request of the caller.
    pub(super) fn plain(&self) -> Request {
        Request::of(self.caller.who.clone())
    }

    /// A request of the caller that has its effect once, however often a form with this `token` is sent.
    ///
    /// # Errors
    /// When no page of ours made such a token.
    pub(super) fn once(&self, token: &str, body: &[u8]) -> Result<Request, Error> {
        if token.is_empty() {
            return Ok(self.plain());
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::bad_request(UNREADABLE));
        }
        let key = self.key(token);
        let request = idempotency::hash(&self.http, &self.caller.who, body);
        Ok(Request { key: Some(IdempotencyKey { key, request }), ..self.plain() })
    }

    /// The idempotency key of a form with this `token`. It has spaces, as no client can send them: it is no part of
    /// what clients may have remembered.
    fn key(&self, token: &str) -> Box<str> {
        format!("console {} {token}", self.http.path()).into()
    }

    /// The order that a form with this `token` placed, where it did.
    pub(super) async fn placed_by(&self, token: &str) -> Result<Option<OrderId>, PageError> {
        let key = self.key(token);
        let placed = self.scan(move |engine| engine.placed_by(&key)).await?.map_err(Error::from)?;
        Ok(placed.map(|(_, order)| order.id))
    }

    /// The number in the path.
    pub(super) fn id(&self) -> Result<u64, PageError> {
        number(&self.http).ok_or_else(PageError::not_found)
    }

    /// The order that the path names.
    pub(super) async fn order(&self) -> Result<Arc<Order>, PageError> {
        let found = self.find_order(OrderId(self.id()?)).await?.ok_or_else(|| PageError::missing("order"))?;
        self.expect_right()?;
        Ok(found)
    }

    /// See [`body::expect_right`].
    pub(super) fn expect_right(&self) -> Result<(), PageError> {
        Ok(body::expect_right(&self.http)?)
    }

    /// The order `id`, where there is one. One that left memory is read where that holds up nobody.
    pub(super) async fn find_order(&self, id: OrderId) -> Result<Option<Arc<Order>>, PageError> {
        match self.view().order_at_hand(id) {
            Some(found) => Ok(found),
            None => Ok(self.scan(move |engine| engine.order(id)).await?.map_err(Error::from)?),
        }
    }

    /// The product that the path names.
    pub(super) fn product(&self) -> Result<Product, PageError> {
        self.view().products().get(ProductId(self.id()?)).ok_or_else(|| PageError::missing("product"))
    }

    /// The category that the path names.
    pub(super) fn category(&self) -> Result<CategoryId, PageError> {
        let category = self.view().products().category(CategoryId(self.id()?));
        category.map(|category| category.id).ok_or_else(|| PageError::missing("category"))
    }

    /// The parameter `name`, without the white space around it; empty where it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.query.get(name).unwrap_or_default().trim()
    }

    /// The same state, which gives out of the caller's share.
    pub(super) fn app(&self) -> AppState {
        self.console.0.app.to_caller(&self.http)
    }

    /// Runs what may wait for the disk, or look at very many orders, where it holds up nobody else.
    pub(super) async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Fulfillment) -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let engine = self.engine.clone();
        Ok(self.app().scan(move || work(&engine)).await?)
    }

    /// Runs what reads a large body where it holds up nobody else. It waits for no scan.
    pub(super) async fn convert<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Fulfillment) -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let engine = self.engine.clone();
        Ok(self.app().convert(move || work(&engine)).await?)
    }

    /// The page `template`, filled with `context`.
    pub(super) fn page(&self, template: &str, context: Value) -> Answer {
        self.page_with(StatusCode::OK, template, context)
    }

    /// The same with another status.
    pub(super) fn page_with(&self, status: StatusCode, template: &str, context: Value) -> Answer {
        self.console.0.pages.answer(&self.http, &self.caller, status, template, context)
    }

    /// Sends the browser to `path`, whose query says what was done, so that its page can offer to take it back. It is
    /// sealed for the caller: a link that somebody else made must not put a form of its choice before them.
    pub(super) fn tell(&self, path: &str) -> Answer {
        see_other(&format!("{path}{SEAL}{}", self.seal(path).to_hex()))
    }

    /// Whether the address of this page is one of [`tell`](Self::tell).
    pub(super) fn is_told(&self) -> bool {
        let target = self.http.uri().path_and_query().map_or("", |target| target.as_str());
        let parts = target.split_once(SEAL).and_then(|(path, seal)| Some((path, blake3::Hash::from_hex(seal).ok()?)));
        // Hashes are compared in constant time.
        parts.is_some_and(|(path, seal)| self.seal(path) == seal)
    }

    fn seal(&self, path: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.console.0.secret, format!("{} {path}", self.caller.who).as_bytes())
    }

    /// Sends the browser to `path`.
    #[expect(clippy::unused_self, reason = "reads as what the request leads to")]
    pub(super) fn go(&self, path: &str) -> Answer {
        see_other(path)
    }
}

/// The parameters of a page. One that is there twice is refused, as at the API: to take either could be wrong.
pub(super) fn query(http: &HttpRequest, payload: &mut Payload) -> Result<Query, PageError> {
    let query = Query::from_request(http, payload).into_inner()?;
    match query.repeated() {
        // A form sends what was left empty, too.
        None => Ok(query.filled()),
        Some(name) => {
            let name = words::label(name);
            Err(PageError::bad_request(format!("{name} is in the address of this page more than once. Give it once.")))
        }
    }
}

/// 303 to a path of ours.
pub(super) fn see_other(path: &str) -> Answer {
    let path = HeaderValue::try_from(path).map_err(|_| PageError::not_found())?;
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish())
}

/// A text that no other form has: what makes a form that is sent twice have its effect once.
pub(super) fn token() -> String {
    base64url(&random::<16>())
}

impl FromRequest for PageRequest {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let console = Console::of(http).clone();
        let query = match query(http, payload) {
            Ok(query) => query,
            Err(fault) => return ready(Err(fault)),
        };
        ready(match console.0.app.engine().cloned() {
            Some(engine) => {
                Ok(Self { http: http.clone(), engine, caller: Caller::of(http), query, console: console.clone() })
            }
            None => Err(PageError::starting()),
        })
    }
}

impl Console {
    /// The console that the route was made with.
    pub(super) fn of(http: &HttpRequest) -> &Self {
        http.app_data().expect("the routes carry their console")
    }
}
