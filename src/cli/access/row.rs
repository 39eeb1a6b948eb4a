//! A user and a key as they are printed, whichever place they come from.

use std::fmt;

use chrono::DateTime;
use serde::{Deserialize, Deserializer};

use crate::cli::plain::plain;
use crate::cli::table::columns;
use crate::domain::access::{ApiKey, User};
use crate::domain::time::Timestamp;

/// A user.
#[derive(Debug, Deserialize)]
pub(super) struct UserRow {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "text")]
    role: String,
    disabled: bool,
    changed_at: Moment,
}

/// A key.
#[derive(Deserialize)]
pub(super) struct KeyRow {
    id: u64,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    role: String,
    #[serde(deserialize_with = "text")]
    scope: String,
    expires_at: Option<Moment>,
    revoked_at: Option<Moment>,
    used_at: Option<Moment>,
    /// Only where the key was just made.
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) secret: Option<String>,
}

/// A text of a server, which may say what it likes to a terminal.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| plain(&text))
}

fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.as_deref().map(plain))
}

/// A moment, printed in UTC.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Moment(Timestamp);

impl TryFrom<String> for Moment {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        DateTime::parse_from_rfc3339(&text).map(|at| Self(Timestamp(at.timestamp_micros())))
    }
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        let User { name, role, disabled, changed_at, .. } = user;
        Self { name: name.to_string(), role: role.to_string(), disabled: *disabled, changed_at: Moment(*changed_at) }
    }
}

impl From<&ApiKey> for KeyRow {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.0,
            name: key.name.to_string(),
            role: key.role.to_string(),
            scope: key.scope.to_string(),
            expires_at: key.expires_at.map(Moment),
            revoked_at: key.revoked_at.map(Moment),
            used_at: key.used_at.map(Moment),
            secret: None,
        }
    }
}

impl KeyRow {
    pub(super) fn with_secret(self, secret: &str) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }
}

fn state(disabled: bool) -> &'static str {
    if disabled { "disabled" } else { "enabled" }
}

/// The users in columns.
pub(super) fn users(rows: &[UserRow]) -> String {
    let cells = |user: &UserRow| {
        let UserRow { name, role, disabled, changed_at } = user;
        [name.clone(), role.clone(), state(*disabled).to_owned(), changed_at.0.to_string()]
    };
    columns(["NAME", "ROLE", "STATE", "CHANGED"], &rows.iter().map(cells).collect::<Vec<_>>())
}

/// The keys in columns, as they are at `now`.
pub(super) fn keys(rows: &[KeyRow], now: Timestamp) -> String {
    let moment = |at: &Option<Moment>| at.as_ref().map_or_else(String::new, |at| at.0.to_string());
    let cells = |key: &KeyRow| {
        let KeyRow { id, name, role, scope, expires_at, revoked_at, used_at, .. } = key;
        let state = match (revoked_at, expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end.0 <= now => "expired",
            (None, _) => "in force",
        };
        let (expires_at, used_at, revoked_at) = (moment(expires_at), moment(used_at), moment(revoked_at));
        [id.to_string(), name.clone(), role.clone(), scope.clone(), state.to_owned(), expires_at, used_at, revoked_at]
    };
    let header = ["ID", "NAME", "ROLE", "SCOPE", "STATE", "EXPIRES", "USED", "REVOKED"];
    columns(header, &rows.iter().map(cells).collect::<Vec<_>>())
}

impl fmt::Display for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, role, disabled, changed_at } = self;
        let state = state(*disabled);
        write!(f, "{name} {role} {state}, changed {}", changed_at.0)
    }
}

impl fmt::Display for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, role, scope, expires_at, revoked_at, used_at, .. } = self;
        write!(f, "key {id} {name} {role} {scope}")?;
        let moments = [("expires", expires_at), ("revoked", revoked_at), ("used", used_at)];
        for (what, at) in moments {
            if let Some(Moment(at)) = at {
                write!(f, ", {what} {at}")?;
            }
        }
        Ok(())
    }
}
