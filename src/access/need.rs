//! What a route asks of its caller.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage, HttpRequest};

use super::caller::Admitted;
use super::{AccessGuard, Caller, Refusal};
use crate::domain::access::{Role, Scope};

/// A right that ended so shortly after it was asked for ended at the same time: most bodies come with their heads.
const AT_ONCE: Duration = Duration::from_micros(200);

/// The part of the API that a route belongs to: what the scope of a key is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Of no part: a key of any scope may.
    Common,
    /// Orders.
    Orders,
    /// Categories, products and stock.
    Catalogue,
    /// Users, keys, sessions, settings.
    Administration,
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The least role; `None` lets everybody in.
    pub role: Option<Role>,
    /// Where the route belongs.
    pub area: Area,
}

impl Need {
    /// Why `caller` is refused; `None` when they may.
    #[must_use]
    pub fn refusal(self, caller: &Caller) -> Option<Refusal> {
        let role = self.role?;
        if caller.role.is_none() {
            return Some(Refusal::Unknown);
        }
        if !caller.may(role) {
            return Some(Refusal::Role(role));
        }
        let holds = match caller.scope {
            Scope::All => true,
            // Whoever orders has to see what there is.
            Scope::Orders => match self.area {
                Area::Common | Area::Orders => true,
                Area::Catalogue => role == Role::Viewer,
                Area::Administration => false,
            },
            Scope::Catalogue => matches!(self.area, Area::Common | Area::Catalogue),
        };
        (!holds).then_some(Refusal::Scope)
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
