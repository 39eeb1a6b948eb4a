//! What a text in an answer may be, for the document: one of some words, or of some form. Answers themselves write
//! texts.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::access::{Role, Scope};
use crate::domain::audit::AuditEvent;
use crate::domain::order::{Action, Status, allowed_actions};
use crate::domain::stock::Change;

macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident as $shown:literal: $schema:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let mut schema: Value = $schema;
                schema["type"] = "string".into();
                schema["description"] = concat!($($doc),+).trim().into();
                serde_json::from_value(schema).expect("the schema is well formed")
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                $shown.into()
            }
        }
    )+};
}

schemas! {
    /// Where an order is on its way.
    StatusWord as "Status": json!({"enum": Status::ALL.map(Status::as_str)});
    /// Where an order was before; empty before it was placed.
    PreviousStatusWord as "PreviousStatus": previous();
    /// What can be done next with an order: move it on to a status by `transition/`, cancel it, edit its contact,
    /// archive it.
    ActionWord as "Action": json!({"enum": actions()});
    /// What happened to an order: it was placed, it moved to a status, its contact changed, or it was archived.
    HappeningWord as "HappeningType": json!({"enum": happenings()});
    /// Why stock changed.
    CauseWord as "Cause": json!({"enum": Change::CAUSES});
    /// What a user or a key may do.
    RoleWord as "Role": json!({"enum": Role::ALL.map(Role::as_str)});
    /// What a role holds for.
    ScopeWord as "Scope": json!({"enum": Scope::ALL.map(Scope::as_str)});
    /// What happened to a user, a key, a category or a product.
    AuditWord as "AuditEvent": json!({"enum": AuditEvent::WORDS});
    /// Whether commands are taken, and why not.
    ReadinessWord as "Readiness": json!({"enum": READINESS});
    /// An amount with two decimals.
    MoneyText as "Money": json!({"pattern": "^[0-9]{1,8}\\.[0-9]{2}$"});
    /// Who did it: timer, cli, client while access is open, user:NAME or key:NAME.
    WhoText as "Who": json!({"pattern": "^(timer|client|cli|(user|key):.+)$"});
}

/// What `/readyz` says.
pub(crate) const READINESS: [&str; 5] = ["ready", "starting", "stopping", "disk full", "journal failed"];

fn happenings() -> Vec<&'static str> {
    let moves = Status::ALL.into_iter().filter(|status| *status != Status::Pending).map(Status::as_str);
    ["placed"].into_iter().chain(moves).chain(["contact_changed", "archived"]).collect()
}

fn previous() -> Value {
    let words: Vec<_> = [""].into_iter().chain(Status::ALL.map(Status::as_str)).collect();
    // Else generators make up a name for the empty one.
    let names: Vec<_> =
        words.iter().map(|word| if word.is_empty() { "NONE".into() } else { word.to_uppercase() }).collect();
    json!({"enum": words, "x-enum-varnames": names})
}

/// What can be done with an order, but for moving it on.
pub(super) const CANCEL: &str = "cancel";
pub(super) const EDIT: &str = "edit";
pub(super) const ARCHIVE: &str = "archive";

fn word(action: Action) -> String {
    match action {
        Action::Transition(to) => format!("transition:{to}"),
        Action::Cancel => CANCEL.into(),
        Action::Edit => EDIT.into(),
        Action::Archive => ARCHIVE.into(),
    }
}

fn actions() -> Vec<String> {
    let of = |status| [false, true].into_iter().flat_map(move |archived| allowed_actions(status, archived));
    let mut words: Vec<_> = Status::ALL.into_iter().flat_map(of).map(word).collect();
    words.sort();
    words.dedup();
    words
}
