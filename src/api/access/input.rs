//! What a client says of users and keys.

use crate::domain::access::{AccessName, PasswordHash, Role, Scope};
use crate::domain::calendar::{NOT_WRITABLE, is_writable};
use crate::domain::time::Timestamp;
use crate::secret;
use crate::web::error::Error;
use crate::wire::fields::{
    Document, Found, NULL, Presence, Raw, Texts, boolean, choice, members, nullable, optional, texts,
};

/// What is said of a user; a full one has name, role and password.
pub(super) struct UserInput {
    pub(super) name: Option<AccessName>,
    pub(super) role: Option<Role>,
    pub(super) password: Option<PasswordHash>,
    pub(super) disabled: Option<bool>,
}

pub(super) struct KeyInput {
    pub(super) name: AccessName,
    pub(super) role: Role,
    pub(super) scope: Scope,
    pub(super) expires_at: Option<Timestamp>,
}

/// A user. Hashes the password, which takes its time: not for a thread that serves others.
pub(super) fn user(body: Document<'_>, presence: Presence) -> Result<UserInput, Error> {
    let [given, role, password, disabled] = members(body, ["name", "role", "password", "disabled"])?;
    let mut found = Found::default();
    // A name is given once.
    let given = match presence {
        Presence::Full => found.take("name", presence.of(given, name)),
        Presence::Partial => Some(None),
    };
    let role = found.take("role", presence.of(role, |raw| choice(raw, Role::parse)));
    let password = found.take("password", presence.of(password, password_text));
    let disabled = found.take("disabled", optional(disabled, boolean));
    let all = (|| Some((given?, role?, password?, disabled?)))();
    let (name, role, password, disabled) = found.settle(all)?;
    let password = password.map(|text| secret::hash_password(&text)).transpose();
    let password = password.map_err(|error| Error::field("password", error.to_string()))?;
    Ok(UserInput { name, role, password, disabled })
}

/// A key: of everything unless a scope is given, for good unless an end is.
pub(super) fn key(body: Document<'_>) -> Result<KeyInput, Error> {
    let [given, role, scope, end] = members(body, ["name", "role", "scope", "expires_at"])?;
    let mut found = Found::default();
    let given = found.take("name", Presence::Full.of(given, name));
    let role = found.take("role", Presence::Full.of(role, |raw| choice(raw, Role::parse)));
    let scope = found.take("scope", optional(scope, |raw| choice(raw, Scope::parse)));
    let end = found.take("expires_at", optional(end, |raw| nullable(raw, moment)));
    let all = (|| Some((given??, role??, scope?, end?)))();
    let (name, role, scope, end) = found.settle(all)?;
    Ok(KeyInput { name, role, scope: scope.unwrap_or(Scope::All), expires_at: end.flatten() })
}

fn name(raw: Raw<'_>) -> Result<AccessName, Texts> {
    match raw {
        Raw::Null => Err(texts(NULL)),
        Raw::Str(text) => AccessName::parse_new(&text).map_err(|error| texts(error.to_string())),
        _ => Err(texts("Not a valid string.")),
    }
}

/// As it was typed: white space counts.
fn password_text(raw: Raw<'_>) -> Result<String, Texts> {
    match raw {
        Raw::Null => Err(texts(NULL)),
        Raw::Str(text) => Ok(text.into_owned()),
        _ => Err(texts("Not a valid string.")),
    }
}

fn moment(raw: Raw<'_>) -> Result<Timestamp, Texts> {
    let parsed = if let Raw::Str(text) = raw { chrono::DateTime::parse_from_rfc3339(&text).ok() } else { None };
    let text = "Datetime has wrong format. Use this format: YYYY-MM-DDThh:mm[:ss[.uuuuuu]]+HH:MM.";
    let at = parsed.map(|moment| Timestamp(moment.timestamp_micros())).ok_or_else(|| texts(text))?;
    if is_writable(at) { Ok(at) } else { Err(texts(NOT_WRITABLE)) }
}
