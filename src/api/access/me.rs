//! `me/`: who calls.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::render::{self, Text};
use crate::access::Caller;
use crate::domain::access::Role;
use crate::domain::who::Who;

/// Who calls.
#[derive(Serialize, ToSchema)]
#[schema(as = Me, example = json!({"who": "key:till-3", "role": "operator", "scope": "orders"}))]
pub(crate) struct MeBody<'a> {
    /// client, while access is open; user:NAME or key:NAME.
    #[schema(value_type = String)]
    who: Text<&'a Who>,
    /// viewer, operator or admin.
    #[schema(required)]
    role: Option<&'static str>,
    /// What the role holds for: all, orders or catalogue.
    scope: &'static str,
}

/// Shows who calls.
pub(crate) async fn me(call: Call) -> Answer {
    let Caller { who, role, scope, .. } = Caller::of(&call.http);
    Ok(ok(render::json(&MeBody { who: Text(&who), role: role.map(Role::as_str), scope: scope.as_str() }, 96)))
}
