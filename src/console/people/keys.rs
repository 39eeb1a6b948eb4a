//! API keys: making one, which is shown once, and revoking one.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::Form;
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest};
use super::super::results::Outcome;
use super::{name, refused, role, roles};
use crate::domain::access::{AccessCommand, KeyId, Scope};
use crate::domain::time::Timestamp;
use crate::secret::{self, SecretText};
use crate::web::list::cut;

/// Keys on one page, the newest first.
const ROWS: usize = 50;
/// The longest time that a key may be made for, in days.
const DAYS_MAX: u64 = 3_650;
/// About what is kept of a secret until it is shown, in bytes.
const SECRET_BYTES: usize = 1_024;

/// `GET keys/`.
pub(crate) async fn keys(request: PageRequest) -> Answer {
    // Only who looks at the page has seen it.
    let is_shown = request.http.method() == Method::GET;
    let secret =
        is_shown.then(|| request.console.0.results.take_secret(request.text("made"), &request.caller.who)).flatten();
    page(&request, None, secret.as_ref(), &Form::default())
}

/// `POST keys/`: makes one, and leads to where its secret is shown, once.
pub(crate) async fn add_key(request: PageRequest, form: Form) -> Answer {
    let made = async {
        let (name, role) = (name(form.get("name"))?, role(form.get("role"))?);
        let scope = Scope::parse(form.get("scope")).ok_or_else(|| PageError::field("scope", "Choose a scope."))?;
        let expires_at = expiry(form.get("days"), request.now())?;
        let (secret, digest) = secret::new_key();
        let command = AccessCommand::AddKey { name, role, scope, digest, expires_at };
        request.engine.access(request.plain(), command).await.map_err(refused)?;
        Ok::<_, PageError>(secret)
    };
    match made.await {
        // Whoever this key shuts out comes to no further page: they read its secret now.
        Ok(secret) if !request.is_let_in() => page(&request, None, Some(&secret), &Form::default()),
        Ok(secret) => {
            let key = request.console.0.results.keep(&request.caller.who, Outcome::Secret(secret), SECRET_BYTES);
            request.go(&format!("/admin/keys/?made={key}"))
        }
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), None, &form),
        Err(fault) => Err(fault),
    }
}

/// `POST keys/<id>/revoke/`.
pub(crate) async fn revoke_key(request: PageRequest, _: Form) -> Answer {
    let id = request.id()?;
    request.engine.access(request.plain(), AccessCommand::RevokeKey(KeyId(id))).await.map_err(refused)?;
    request.go("/admin/keys/?note=revoked")
}

/// When a key ends that is made at `now` for so many `days`; never without a number.
fn expiry(days: &str, now: Timestamp) -> Result<Option<Timestamp>, PageError> {
    if days.is_empty() {
        return Ok(None);
    }
    let days = days.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| PageError::field("days", format!("Give a number of days from 1 to {DAYS_MAX}.")))?;
    Ok(Some(now.plus(Duration::from_hours(24 * days))))
}

fn page(request: &PageRequest, fault: Option<PageError>, secret: Option<&SecretText>, form: &Form) -> Answer {
    let (access, now) = (request.view().access(), request.now());
    // What names no key shows the newest.
    let before = request.text("before").parse().ok().map(KeyId);
    let mut keys: Vec<_> = access.keys().filter(|key| before.is_none_or(|before| key.id < before)).collect();
    keys.reverse();
    let next = cut(&mut keys, ROWS, |key| key.id.0);
    let rows: Vec<Value> = keys
        .into_iter()
        .map(|key| {
            context! {
                id => key.id.0,
                name => key.name.as_str(),
                role => key.role.as_str(),
                scope => key.scope.as_str(),
                created_at => key.created_at.0,
                expires_at => key.expires_at.map(|at| at.0),
                revoked_at => key.revoked_at.map(|at| at.0),
                used_at => key.used_at.map(|at| at.0),
                holds => key.is_in_force(now),
            }
        })
        .collect();
    let context = context! {
        keys => rows,
        next,
        before => before.map(|before| before.0),
        secret => secret.map(SecretText::reveal),
        is_open => access.is_open(),
        has_users => access.users().next().is_some(),
        roles => roles(),
        values => form.values(),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        was_shown => !request.text("made").is_empty() && secret.is_none(),
        note => request.text("note"),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "keys.html", context)
}
