//! `keys/` and `keys/<id>/revoke/`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{self, KeyInput};
use crate::domain::access::{AccessCommand, AccessOutcome, ApiKey, KeyId};
use crate::secret;
use crate::web::answer::{Answer, json, ok};
use crate::web::body::Body;
use crate::web::error::{self, Error};
use crate::web::id::Path;
use crate::web::list::{Mark, Query, cut, page};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, List, RoleWord, ScopeWord, Time, Times};

const KEY_BYTES: usize = 320;

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Key, example = json!({
    "id": 1, "name": "till-3", "role": "operator", "scope": "orders", "created_at": "2026-11-22T10:00:00.123456+06:00",
    "expires_at": null, "revoked_at": null, "used_at": "2026-11-22T10:05:00.123456+06:00",
}))]
pub(crate) struct KeyBody<'a> {
    id: u64,
    name: &'a str,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    #[schema(value_type = ScopeWord)]
    scope: &'static str,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time<'a>,
    /// From when on it does not hold; null where it holds for good.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    expires_at: Option<Time<'a>>,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    revoked_at: Option<Time<'a>>,
    /// Its last use, to the hour.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    used_at: Option<Time<'a>>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = NewKey)]
pub(crate) struct NewKeyBody<'a> {
    #[serde(flatten)]
    #[schema(inline)]
    key: KeyBody<'a>,
    /// What requests carry. It is shown this once.
    secret: &'a str,
}

impl<'a> KeyBody<'a> {
    fn new(key: &'a ApiKey, times: &'a Times) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str(),
            role: key.role.as_str(),
            scope: key.scope.as_str(),
            created_at: times.show(key.created_at),
            expires_at: key.expires_at.map(|at| times.show(at)),
            revoked_at: key.revoked_at.map(|at| times.show(at)),
            used_at: key.used_at.map(|at| times.show(at)),
        }
    }
}

/// Lists keys by id.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("keys", ());
    let after = query.cursor_id(mark)?.unwrap_or(0);
    let access = call.view().access();
    let mut keys: Vec<_> = access.keys().filter(|key| key.id.0 > after).take(limit + 1).collect();
    let next = cut(&mut keys, limit, |key| mark.at(key.id));
    let times = call.times();
    let rows = List(|| keys.iter().map(|key| KeyBody::new(key, &times)));
    Ok(page(&call.http, render::json(&rows, keys.len() * KEY_BYTES), next))
}

/// Makes a key. This answer is the only one that shows its secret.
pub(crate) async fn create(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let KeyInput { name, role, scope, expires_at } = call.read(&body, input::key)?;
    let (text, digest) = secret::new_key();
    let key = run(&call, AccessCommand::AddKey { name, role, scope, digest, expires_at }).await?;
    let times = call.times();
    let made = NewKeyBody { key: KeyBody::new(&key, &times), secret: text.reveal() };
    Ok(json(StatusCode::CREATED, render::json(&made, KEY_BYTES)))
}

/// Ends a key for good.
pub(crate) async fn revoke(call: ApiRequest, Path(id): Path<KeyId>) -> Answer {
    let key = run(&call, AccessCommand::RevokeKey(id)).await?;
    Ok(ok(render::json(&KeyBody::new(&key, &call.times()), KEY_BYTES)))
}

async fn run(call: &ApiRequest, command: AccessCommand) -> Result<Arc<ApiKey>, Error> {
    match call.engine.access(call.plain(), command).await.map_err(error::access)?.value {
        AccessOutcome::Key(key) => Ok(key),
        AccessOutcome::User(_) => Err(Error::fault("a command on a key ended with a user")),
    }
}
