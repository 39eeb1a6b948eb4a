//! `me/`: who calls.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, Session};
use crate::domain::access::Role;
use crate::domain::origin::Origin;
use crate::web::answer::{Answer, ok};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, RoleWord, ScopeWord, Text, WhoText};

/// Who calls.
#[derive(Serialize, ToSchema)]
#[schema(as = Me, example = json!({"who": "key:till-3", "role": "operator", "scope": "orders", "csrf": null}))]
pub(crate) struct MeBody<'a> {
    #[schema(value_type = WhoText)]
    who: Text<&'a Origin>,
    #[schema(value_type = Option<RoleWord>, required)]
    role: Option<&'static str>,
    #[schema(value_type = ScopeWord)]
    scope: &'static str,
    /// By the session of a user: what their requests that change something carry in X-Csrf-Token.
    #[schema(required)]
    csrf: Option<&'a str>,
}

/// Shows who calls.
pub(crate) async fn me(call: ApiRequest) -> Answer {
    let Caller { who, role, scope, session } = Caller::of(&call.http);
    let csrf = session.as_ref().filter(|session| session.is_signed_in()).map(Session::csrf);
    let me = MeBody { who: Text(&who), role: role.map(Role::as_str), scope: scope.as_str(), csrf };
    Ok(ok(render::json(&me, 192)))
}
