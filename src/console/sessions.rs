//! Who is signed in, and ending that.

use std::time::Duration;

use minijinja::{Value, context};

use super::form::Form;
use super::page_error::PageError;
use super::page_request::{Answer, PageRequest};
use crate::access::{Guard, Session, SessionId};

fn guard(visit: &PageRequest) -> &Guard {
    visit.http.app_data().expect("the app carries its guard")
}

/// `GET sessions/`.
pub(super) async fn list(visit: PageRequest) -> Answer {
    let own = visit.caller.session.as_ref().and_then(Session::id);
    let before = |span: Duration| visit.now().minus(span).0;
    let rows = guard(&visit).session_rows().into_iter().map(|row| {
        context! {
            id => row.id.0,
            user => row.user.as_str(),
            since => before(row.age),
            seen => before(row.idle),
            is_own => Some(row.id) == own,
        }
    });
    visit.page(
        "sessions.html",
        context! { sessions => Value::from(rows.collect::<Vec<_>>()), note => visit.text("note") },
    )
}

/// `POST sessions/<id>/end/`.
pub(super) async fn end(visit: PageRequest, _: Form) -> Answer {
    let id = visit.id()?;
    if !guard(&visit).revoke_session(SessionId(id)) {
        return Err(PageError::missing("session"));
    }
    visit.go("/admin/sessions/?note=ended")
}
