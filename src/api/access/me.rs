//! `me/`: who calls.

use serde::Serialize;

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::render::{self, Text};
use crate::access::Caller;
use crate::domain::access::Role;
use crate::domain::who::Who;

#[derive(Serialize)]
struct Me<'a> {
    who: Text<&'a Who>,
    role: Option<&'static str>,
    scope: &'static str,
}

/// Shows who calls.
pub(crate) async fn me(call: Call) -> Answer {
    let Caller { who, role, scope, .. } = Caller::of(&call.http);
    Ok(ok(render::json(&Me { who: Text(&who), role: role.map(Role::as_str), scope: scope.as_str() }, 96)))
}
