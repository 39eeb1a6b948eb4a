//! One order: whom it goes to, what it holds, what happened to it, and what may be done with it.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::super::form::{Form, values};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use super::verb;
use crate::domain::access::Role;
use crate::domain::order::{
    Action, After, Field, FieldChange, Happening, Order, Status, Step, What, allowed_actions, due, stale_at, timeline,
};
use crate::domain::origin::Origin;

#[derive(Serialize)]
struct LineBody<'a> {
    product: u64,
    name: &'a str,
    category: &'a str,
    price: String,
    quantity: u32,
    sum: String,
    /// What is available of it now; nothing where it was deleted.
    available: Option<u32>,
    /// What the order did to stock in the end.
    effect: &'static str,
}

#[derive(Serialize)]
struct StepBody<'a> {
    /// Where it led, or `edited`.
    kind: &'static str,
    title: String,
    at: i64,
    /// How long the stage before had lasted, in microseconds.
    lasted: Option<i64>,
    who: String,
    reason: Option<&'a str>,
    changes: Vec<TextChange<'a>>,
}

/// A text as it was and as it is; or as it is, and as somebody wanted it.
#[derive(Serialize)]
struct TextChange<'a> {
    label: &'static str,
    before: &'a str,
    after: &'a str,
}

impl<'a> TextChange<'a> {
    fn of(FieldChange { field, before, after }: &'a FieldChange) -> Self {
        Self { label: label(*field), before, after }
    }
}

/// `GET orders/<id>/`.
pub(crate) async fn show(request: PageRequest) -> Answer {
    let order = request.order().await?;
    page(&request, &order, None, "", &Form::default())
}

/// The page of `order`; where the form `which` was not taken, with why, and what was filled in.
pub(super) fn page(
    request: &PageRequest,
    order: &Order,
    fault: Option<&PageError>,
    which: &str,
    form: &Form,
) -> Answer {
    let policy = &request.console.0.policy;
    let actions: Vec<_> = allowed_actions(order.status, order.archived).collect();
    let delay = request.view().delay(order.id);
    let status = fault.map_or(actix_web::http::StatusCode::OK, |fault| fault.status);
    let contact = |field: Field| match form.get(field.as_str()) {
        filled if which == "contact" => filled.to_owned(),
        _ => order.contact.get(field).to_owned(),
    };
    let contact = Field::ALL.map(|field| (field.as_str(), contact(field)));
    let may_edit = actions.contains(&Action::Edit) && request.may(Role::Operator);
    // Beside the form itself: what is stored may be another by now, or the form may be gone.
    let is_conflict = which == "contact" && status == actix_web::http::StatusCode::CONFLICT;
    let unsaved = if is_conflict { unsaved(order, form) } else { Vec::new() };
    let contact = values(contact.iter().map(|(name, text)| (*name, text.as_str())));
    let shown = values(Field::ALL.map(|field| (field.as_str(), order.contact.get(field))));
    let moves = actions.iter().filter_map(|action| match action {
        Action::Transition(to) => Some(vec![to.as_str(), verb(*to), to.label()]),
        Action::Cancel | Action::Edit | Action::Archive => None,
    });
    let is_manual = policy.times(order.status).is_some_and(|stage| stage.after == After::Manual);
    let context = context! {
        id => order.id.0,
        status => order.status.as_str(),
        label => order.status.label(),
        archived => order.archived,
        total => order.total.to_string(),
        units => order.lines.iter().map(|line| u64::from(line.quantity)).sum::<u64>(),
        version => order.version,
        placed_at => order.placed_at.0,
        updated_at => order.updated_at.0,
        moved_at => order.moved_at.0,
        lines => Serde(lines(request, order)),
        steps => Serde(steps(order)),
        stages => stages(order),
        contact,
        shown,
        dials => order.contact.get(Field::CustomerPhone).chars().any(|letter| letter.is_ascii_digit()),
        due => due(order, policy).map(|due| due.0),
        next => order.status.next_by_timer().map(Status::label),
        is_manual,
        stale_at => stale_at(order, policy).filter(|_| delay.is_none()).map(|at| at.0),
        delayed_since => delay.map(|delay| delay.since.0),
        moves => Value::from(moves.collect::<Vec<_>>()),
        may_cancel => actions.contains(&Action::Cancel) && request.may(Role::Operator),
        may_edit,
        is_conflict,
        unsaved => Serde(unsaved),
        may_archive => actions.contains(&Action::Archive) && request.may(Role::Operator),
        note => request.text("note"),
        which,
        values => form.values(),
        errors => Serde(fault.map(|fault| &fault.fields)),
        fault => fault.map(|fault| fault.texts.join(" ")),
        token => token(),
    };
    request.page_with(status, "order.html", context)
}

fn lines<'a>(request: &PageRequest, order: &'a Order) -> Vec<LineBody<'a>> {
    let effect = match order.status {
        Status::Pending | Status::Processing => "reserved",
        Status::Shipped | Status::Delivered => "left the building",
        Status::Cancelled => "back in stock",
    };
    let body = |line: &'a crate::domain::order::Line| {
        let details = &line.product.details;
        LineBody {
            product: line.product.product.0,
            name: details.name.as_str(),
            category: line.product.category_name.as_str(),
            price: details.price.to_string(),
            quantity: line.quantity,
            sum: details.price.checked_mul(line.quantity).map(|sum| sum.to_string()).unwrap_or_default(),
            available: request.view().products().get(line.product.product).map(|product| product.balance.available()),
            effect,
        }
    };
    order.lines.iter().map(body).collect()
}

fn steps(order: &Order) -> Vec<StepBody<'_>> {
    let mut before: Option<&Step> = None;
    let mut steps = Vec::with_capacity(order.history.len());
    for happening in timeline(&order.history) {
        steps.push(match happening {
            Happening::Step(step) => {
                let lasted = before.replace(step).map(|before| step.at.0 - before.at.0);
                let title = |from: Status| format!("{} to {}", from.label(), step.to.label().to_lowercase());
                StepBody {
                    kind: step.to.as_str(),
                    title: step.from.map_or_else(|| "Placed".to_owned(), title),
                    at: step.at.0,
                    lasted,
                    who: who(step.who()),
                    reason: step.reason(),
                    changes: Vec::new(),
                }
            }
            Happening::Incident(_, incident) => {
                let (title, changes) = match &incident.what {
                    What::ContactChanged(changes) => ("Contact changed", &**changes),
                    What::Archived => ("Archived", &[][..]),
                };
                StepBody {
                    kind: "edited",
                    title: title.to_owned(),
                    at: incident.at.0,
                    lasted: None,
                    who: who(&incident.who),
                    reason: None,
                    changes: changes.iter().map(TextChange::of).collect(),
                }
            }
        });
    }
    steps.reverse();
    steps
}

/// The fields in which what was filled in differs from what is stored.
fn unsaved<'a>(order: &'a Order, form: &'a Form) -> Vec<TextChange<'a>> {
    let texts = Field::ALL.map(|field| (field, order.contact.get(field)));
    let changes = texts.map(|(field, before)| {
        let after = form.or_stored(field.as_str(), before);
        TextChange { label: label(field), before, after }
    });
    changes.into_iter().filter(|change| change.before != change.after).collect()
}

fn label(field: Field) -> &'static str {
    match field {
        Field::CustomerName => "Name",
        Field::CustomerEmail => "E-mail",
        Field::CustomerPhone => "Phone",
        Field::DeliveryAddress => "Address",
    }
}

/// The way of an order with how far it came: status, label, and whether it is over, now, or to come.
fn stages(order: &Order) -> Value {
    let was = |status: Status| order.history.iter().any(|step| step.to == status);
    let way = match order.status {
        Status::Cancelled => Status::ALL.into_iter().filter(|status| was(*status)).collect::<Vec<_>>(),
        _ => Status::ALL.into_iter().filter(|status| *status != Status::Cancelled).collect(),
    };
    let place = |status: Status| {
        if status == order.status {
            "now"
        } else if was(status) {
            "over"
        } else {
            "ahead"
        }
    };
    way.into_iter().map(|status| vec![status.as_str(), status.label(), place(status)]).collect::<Vec<_>>().into()
}

/// Who did something, in plain words.
pub(in crate::console) fn who(who: &Origin) -> String {
    match who {
        Origin::Timer => "its timer".into(),
        Origin::Client => "somebody (open access)".into(),
        Origin::User(name) => name.to_string(),
        Origin::Key(name) => format!("key {name}"),
        Origin::Cli => "the command line".into(),
    }
}
