//! What the middleware leaves in a request, and what is asked of it further in.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::caller::Caller;
use super::need::Need;
use super::{AccessGuard, Refusal};

/// A right that ended so shortly after it was asked for ended at the same time: most bodies come with their heads.
const AT_ONCE: Duration = Duration::from_micros(200);

/// What the middleware leaves in a request: who sent it, and what they were let in for.
pub(super) struct Admitted {
    pub(super) caller: Rc<Caller>,
    /// Nothing before the route is known, or where it lets everybody in.
    pub(super) need: Option<Need>,
    /// When they were let in.
    pub(super) at: Instant,
}

impl Caller {
    /// Whoever sent `request`; nobody where the middleware did not run.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Admitted>().map_or_else(Self::nobody, |admitted| Self::clone(&admitted.caller))
    }
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Why `request` may not go on to a route that has this `need`.
pub(crate) fn refusal(need: Need, request: &ServiceRequest) -> Option<Refusal> {
    need.role?;
    // Nobody is known before the data is read back; to say so is better than to say that a key is wrong.
    if request.app_data::<AccessGuard>().is_some_and(|guard| guard.engine().is_none()) {
        return Some(Refusal::Starting);
    }
    let mut extensions = request.extensions_mut();
    let Some(admitted) = extensions.get_mut::<Admitted>() else { return Some(Refusal::Unknown) };
    // What takes its time asks again.
    admitted.need = Some(need);
    need.refusal(&admitted.caller)
}

/// Why whoever sent `request` may not go on with it, though they were let in: asked when its body is there, which may
/// take its time, and again and again by what is never done.
pub(crate) fn ended(request: &HttpRequest) -> Option<Refusal> {
    let (need, at) = request.extensions().get::<Admitted>().and_then(|admitted| Some((admitted.need?, admitted.at)))?;
    if at.elapsed() < AT_ONCE { None } else { request.app_data::<AccessGuard>()?.ended(need, request) }
}
