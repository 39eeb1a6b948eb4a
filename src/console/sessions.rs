//! Who is signed in, and ending that.

use std::time::Duration;

use minijinja::{Value, context};

use super::form::Form;
use super::page_error::PageError;
use super::page_request::{Answer, PageRequest};
use crate::access::{AccessGuard, Session, SessionId};

fn guard(request: &PageRequest) -> &AccessGuard {
    request.http.app_data().expect("the app carries its guard")
}

/// `GET sessions/`.
pub(super) async fn list(request: PageRequest) -> Answer {
    let own = request.caller.session.as_ref().and_then(Session::id);
    let before = |span: Duration| request.now().minus(span).0;
    let rows = guard(&request).session_rows().into_iter().map(|row| {
        context! {
            id => row.id.0,
            user => row.user.as_str(),
            since => before(row.age),
            seen => before(row.idle),
            is_own => Some(row.id) == own,
        }
    });
    request.page(
        "sessions.html",
        context! { sessions => Value::from(rows.collect::<Vec<_>>()), note => request.text("note") },
    )
}

/// `POST sessions/<id>/end/`.
pub(super) async fn end(request: PageRequest, _: Form) -> Answer {
    let id = request.id()?;
    if !guard(&request).revoke_session(SessionId(id)) {
        return Err(PageError::missing("session"));
    }
    request.go("/admin/sessions/?note=ended")
}
