//! One request to the engine: who asks, by which key, and the handle to ask.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::body;
use super::condition;
use super::error::Error;
use super::idempotency;
use super::state::AppState;
use super::unused;
use crate::access::Caller;
use crate::actors::{Fulfillment, Request};
use crate::domain::catalogue::Category;
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::order::Order;
use crate::domain::origin::Origin;
use crate::view::{Product, View};
use crate::wire::fields::{Document, Ignored};
use crate::wire::render::Times;
use std::sync::Arc;

/// A request that reached the running engine.
pub(crate) struct ApiRequest {
    pub(crate) http: HttpRequest,
    pub(crate) app: AppState,
    pub(crate) engine: Fulfillment,
}

impl ApiRequest {
    pub(crate) fn view(&self) -> &View {
        self.engine.view()
    }

    pub(crate) fn times(&self) -> Times {
        Times::new(self.app.zone())
    }

    /// Who asks, for requests that are idempotent by themselves.
    pub(crate) fn plain(&self) -> Request {
        Request::of(self.who())
    }

    /// Who asks, and by which idempotency key.
    pub(crate) fn keyed(&self, body: &[u8]) -> Result<Request, Error> {
        let who = self.who();
        let key = idempotency::key(&self.http, &who, body)?;
        Ok(Request { key, ..Request::of(who) })
    }

    /// `request`, to be carried out only while what it is about is as the caller saw it.
    pub(crate) fn conditional(&self, request: Request) -> Result<Request, Error> {
        Ok(request.expecting(condition::expected(&self.http)?))
    }

    /// Reads `body`. What of it is not taken up is told in the answer, or refused where the caller is strict.
    pub(crate) fn read<T>(&self, body: &[u8], read: impl FnOnce(Document<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let ignored = Ignored::default();
        let value = read(ignored.of(body));
        // What is wrong with the rest comes first.
        let noted = self.note(&ignored);
        value.and_then(|value| noted.map(|()| value))
    }

    /// The same of a body that was read already.
    pub(crate) fn note(&self, ignored: &Ignored) -> Result<(), Error> {
        unused::note(&self.http, ignored)
    }

    /// Tells that a key against repetition has no effect, where nothing is done.
    pub(crate) fn without_key(&self) -> Result<(), Error> {
        let ignored = Ignored::default();
        unused::without_key(self.http.headers(), &ignored);
        self.note(&ignored)
    }

    /// See [`body::expect_right`].
    pub(crate) fn expect_right(&self) -> Result<(), Error> {
        body::expect_right(&self.http)
    }

    fn who(&self) -> Origin {
        Caller::of(&self.http).who
    }

    /// The order `id`, or 404. One that left memory is read where that holds up nobody.
    pub(crate) async fn order(&self, id: OrderId) -> Result<Arc<Order>, Error> {
        let found = if let Some(found) = self.view().order_at_hand(id) {
            found
        } else {
            let engine = self.engine.clone();
            let found = self.app.scan(move || engine.order(id)).await??;
            self.expect_right()?;
            found
        };
        found.ok_or_else(|| Error::no_match("Order"))
    }

    /// The product `id`, or 404.
    pub(crate) fn product(&self, id: ProductId) -> Result<Product, Error> {
        self.view().products().get(id).ok_or_else(|| Error::no_match("Product"))
    }

    /// The category `id`, or 404.
    pub(crate) fn category(&self, id: CategoryId) -> Result<Category, Error> {
        self.view().products().category(id).ok_or_else(|| Error::no_match("Category"))
    }
}

impl FromRequest for ApiRequest {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = AppState::of(request);
        ready(match app.engine() {
            Some(engine) => Ok(Self { http: request.clone(), app: app.to_caller(request), engine: engine.clone() }),
            None => Err(Error::starting()),
        })
    }
}
