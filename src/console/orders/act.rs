//! Acting on one order: move, cancel, edit the contact, archive.

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest};
use super::{back, one};
use crate::api::orders::input;
use crate::domain::expected::Seen;
use crate::domain::order::Field;
use crate::web::error;
use crate::wire::fields::Presence;

/// What is said when the contact was changed while somebody filled in the form.
const MEANWHILE: &str = "Not saved: somebody else changed this order while you were editing. Compare, then save again.";

/// What is said when an order became another while somebody looked at it.
const CHANGED: &str = "Nothing was done: this order changed while you were looking at it. This is how it is now.";

/// `POST orders/<id>/move/`.
pub(crate) async fn transition(request: PageRequest, form: Form) -> Answer {
    let order = request.order().await?;
    let body = bytes(&form.body(&["to", "reason"]));
    let moved = async {
        let (to, reason) = input::transition(&body)?;
        let sent = request.plain().expecting(form.expected("version", Seen::Order)?);
        request.engine.transition(sent, order.id, to, reason).await.map_err(error::order)
    };
    match moved.await {
        Ok(_) => back(&request, form.get("from"), order.id.0, "moved"),
        Err(error) => refused(&request, PageError::from(error).or_stale(CHANGED), "move", &form).await,
    }
}

/// `POST orders/<id>/cancel/`.
pub(crate) async fn cancel(request: PageRequest, form: Form) -> Answer {
    let order = request.order().await?;
    let body = bytes(&form.whole(&["reason"]));
    let cancelled = async {
        let reason = input::cancel(&body)?;
        let sent = request.plain().expecting(form.expected("version", Seen::Order)?);
        request.engine.cancel(sent, order.id, reason).await.map_err(error::order)
    };
    match cancelled.await {
        Ok(_) => back(&request, form.get("from"), order.id.0, "cancelled"),
        Err(error) => refused(&request, PageError::from(error).or_stale(CHANGED), "cancel", &form).await,
    }
}

/// `POST orders/<id>/contact/`.
pub(crate) async fn contact(request: PageRequest, form: Form) -> Answer {
    let order = request.order().await?;
    let stored = |field: Field| form.or_stored(field.as_str(), order.contact.get(field));
    let body = Field::ALL.map(|field| (field.as_str().to_owned(), stored(field).into()));
    let body = bytes(&body.into_iter().collect());
    let edited = async {
        let patch = input::contact(&body, Presence::Full, &order.lines)?;
        let sent = request.plain().expecting(form.expected("version", Seen::Order)?);
        request.engine.edit_contact(sent, order.id, patch).await.map_err(error::order)
    };
    match edited.await {
        Ok(_) => back(&request, "", order.id.0, "edited"),
        Err(error) => refused(&request, PageError::from(error).or_stale(MEANWHILE), "contact", &form).await,
    }
}

/// `POST orders/<id>/archive/`.
pub(crate) async fn archive(request: PageRequest, form: Form) -> Answer {
    let order = request.order().await?;
    match request.engine.archive(request.plain(), order.id).await.map_err(error::order) {
        Ok(_) => back(&request, "", order.id.0, "archived"),
        Err(error) => refused(&request, error.into(), "archive", &form).await,
    }
}

/// Shows the order as it stands now, with why the form `which` was not taken.
async fn refused(request: &PageRequest, fault: PageError, which: &str, form: &Form) -> Answer {
    if !fault.is_about_the_form() {
        return Err(fault);
    }
    one::page(request, &*request.order().await?, Some(&fault), which, form)
}
