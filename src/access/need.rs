//! What a route asks of its caller.

use super::{Caller, Refusal};
use crate::domain::access::{Role, Scope};

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
