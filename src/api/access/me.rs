//! `me/`: who calls.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::render::{self, Text};
use crate::access::{Caller, Session};
use crate::domain::access::Role;
use crate::domain::who::Who;

/// Who calls.
#[derive(Serialize, ToSchema)]
#[schema(as = Me, example = json!({"who": "key:till-3", "role": "operator", "scope": "orders", "csrf": null}))]
pub(crate) struct MeBody<'a> {
    /// client, while access is open; user:NAME or key:NAME.
    #[schema(value_type = String)]
    who: Text<&'a Who>,
    /// viewer, operator or admin.
    #[schema(required)]
    role: Option<&'static str>,
    /// What the role holds for: all, orders or catalogue.
    scope: &'static str,
    /// By the session of a user: what their requests that change something carry in X-Csrf-Token.
    #[schema(required)]
    csrf: Option<&'a str>,
}

/// Shows who calls.
pub(crate) async fn me(call: Call) -> Answer {
    let Caller { who, role, scope, session } = Caller::of(&call.http);
    let csrf = session.as_ref().filter(|session| session.is_signed_in()).map(Session::csrf);
    let me = MeBody { who: Text(&who), role: role.map(Role::as_str), scope: scope.as_str(), csrf };
    Ok(ok(render::json(&me, 192)))
}
