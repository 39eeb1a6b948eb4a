//! `keys/` and `keys/<id>/revoke/`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Serialize;

use super::super::answer::{Answer, json, ok};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error::{self, Error};
use super::super::id::Path;
use super::super::list::{Query, more, page};
use super::super::render::{self, List, Time, Times};
use super::input::{self, KeyInput};
use crate::domain::access::{AccessCommand, AccessOutcome, ApiKey, KeyId};
use crate::secret;

const KEY_BYTES: usize = 320;

/// A key; its secret only where it was just made.
#[derive(Serialize)]
struct KeyBody<'a> {
    id: u64,
    name: &'a str,
    role: &'static str,
    scope: &'static str,
    created_at: Time<'a>,
    expires_at: Option<Time<'a>>,
    revoked_at: Option<Time<'a>>,
    used_at: Option<Time<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> KeyBody<'a> {
    fn new(key: &'a ApiKey, secret: Option<&'a str>, times: &'a Times) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str(),
            role: key.role.as_str(),
            scope: key.scope.as_str(),
            created_at: times.show(key.created_at),
            expires_at: key.expires_at.map(|at| times.show(at)),
            revoked_at: key.revoked_at.map(|at| times.show(at)),
            used_at: key.used_at.map(|at| times.show(at)),
            secret,
        }
    }
}

/// Lists keys by id.
pub(crate) async fn list(call: Call, query: Query) -> Answer {
    let limit = query.limit(&call.gate)?;
    let after = query.cursor_id()?.unwrap_or(0);
    let access = call.view().access();
    let mut keys: Vec<_> = access.keys().filter(|key| key.id.0 > after).take(limit + 1).collect();
    let more = more(&mut keys, limit);
    let times = call.times();
    let rows = List(|| keys.iter().map(|key| KeyBody::new(key, None, &times)));
    let next = keys.last().filter(|_| more).map(|key| key.id);
    Ok(page(&call.http, render::json(&rows, keys.len() * KEY_BYTES), next))
}

/// Makes a key. This answer is the only one that shows its secret.
pub(crate) async fn create(call: Call, Body(body, _lease): Body) -> Answer {
    let KeyInput { name, role, scope, expires_at } = input::key(&body)?;
    let (text, digest) = secret::new_key();
    let key = run(&call, AccessCommand::AddKey { name, role, scope, digest, expires_at }).await?;
    let times = call.times();
    let out = render::json(&KeyBody::new(&key, Some(text.reveal()), &times), KEY_BYTES);
    Ok(json(StatusCode::CREATED, out))
}

/// Ends a key for good.
pub(crate) async fn revoke(call: Call, Path(id): Path<KeyId>) -> Answer {
    let key = run(&call, AccessCommand::RevokeKey(id)).await?;
    Ok(ok(render::json(&KeyBody::new(&key, None, &call.times()), KEY_BYTES)))
}

async fn run(call: &Call, command: AccessCommand) -> Result<Arc<ApiKey>, Error> {
    match call.engine.access(call.plain(), command).await.map_err(error::access)?.value {
        AccessOutcome::Key(key) => Ok(key),
        AccessOutcome::User(_) => Err(Error::fault("a command on a key ended with a user")),
    }
}
