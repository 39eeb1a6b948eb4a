//! `sessions/` and `sessions/<id>/revoke/`: who is signed in at the console.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{AccessGuard, SessionId, SessionRow};
use crate::web::answer::{Answer, gone};
use crate::web::error::Error;
use crate::web::id::Path;
use crate::web::list::{Mark, Query, cut, page};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, List};

const SESSION_BYTES: usize = 96;

/// A session, without its token.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({"id": 1, "user": "ann", "age_seconds": 3600, "idle_seconds": 12}))]
pub(crate) struct SessionBody<'a> {
    id: u64,
    /// The name of the user.
    user: &'a str,
    /// Since they signed in.
    age_seconds: u64,
    /// Since their last request.
    idle_seconds: u64,
}

impl<'a> From<&'a SessionRow> for SessionBody<'a> {
    fn from(row: &'a SessionRow) -> Self {
        let SessionRow { id, user, age, idle } = row;
        Self { id: id.0, user: user.as_str(), age_seconds: age.as_secs(), idle_seconds: idle.as_secs() }
    }
}

/// Lists the sessions that hold, the newest first.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("sessions", ());
    let before = query.cursor_id(mark)?.unwrap_or(u64::MAX);
    let mut sessions = guard(&call).session_rows();
    sessions.retain(|session| session.id.0 < before);
    let next = cut(&mut sessions, limit, |session| mark.at(session.id.0));
    let rows = List(|| sessions.iter().map(SessionBody::from));
    Ok(page(&call.http, render::json(&rows, sessions.len() * SESSION_BYTES), next))
}

/// Ends a session.
pub(crate) async fn revoke(call: ApiRequest, Path(id): Path<SessionId>) -> Answer {
    if guard(&call).revoke_session(id) { Ok(gone()) } else { Err(Error::no_match("Session")) }
}

fn guard(call: &ApiRequest) -> &AccessGuard {
    call.http.app_data().expect("the app carries its guard")
}
