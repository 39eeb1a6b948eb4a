//! The audit log: each change of users, keys and catalogue, with who and when. It is read off the journal's entries.

use std::sync::Arc;

use super::access::AccessEvent;
use super::catalogue::CatalogueEvent;
use super::entry::{Entry, Event};
use super::ids::RowId;
use super::origin::Origin;
use super::time::Timestamp;

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place.
    pub id: RowId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Origin,
    /// What.
    pub what: AuditEvent,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// Users or keys.
    Access(Box<AccessEvent>),
    /// Categories or products.
    Catalogue(Box<CatalogueEvent>),
}

/// The rows that `entry`, which is the one at `sequence`, adds. That a key was used changes nothing and is none.
pub fn rows_of(sequence: u64, entry: &Entry) -> impl Iterator<Item = Arc<AuditRow>> {
    (0..).zip(&entry.events).filter_map(move |(nth, event)| {
        let what = match event {
            Event::Access(event) if !matches!(**event, AccessEvent::KeyUsed(_)) => AuditEvent::Access(event.clone()),
            Event::Catalogue(event) => AuditEvent::Catalogue(event.clone()),
            Event::Access(_) | Event::Stock(_) | Event::Placed(_) | Event::Order(..) => return None,
        };
        Some(Arc::new(AuditRow { id: RowId { sequence, nth }, at: entry.at, who: entry.who.clone(), what }))
    })
}

impl AuditEvent {
    /// Every word for what happens.
    pub const WORDS: [&str; 13] = [
        "user_added",
        "password_set",
        "role_set",
        "user_disabled",
        "user_enabled",
        "key_added",
        "key_revoked",
        "category_created",
        "category_renamed",
        "category_deleted",
        "product_created",
        "product_changed",
        "product_deleted",
    ];

    /// What happened, in one word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        use CatalogueEvent as C;
        let word = match self {
            Self::Access(event) => match **event {
                AccessEvent::UserAdded { .. } => "user_added",
                AccessEvent::PasswordSet { .. } => "password_set",
                AccessEvent::RoleSet { .. } => "role_set",
                AccessEvent::UserDisabled(_) => "user_disabled",
                AccessEvent::UserEnabled(_) => "user_enabled",
                AccessEvent::KeyAdded { .. } => "key_added",
                AccessEvent::KeyRevoked(_) => "key_revoked",
                AccessEvent::KeyUsed(_) => "key_used",
            },
            Self::Catalogue(event) => match **event {
                C::CategoryCreated(_) => "category_created",
                C::CategoryRenamed(_) => "category_renamed",
                C::CategoryDeleted(_) => "category_deleted",
                C::ProductCreated(..) => "product_created",
                C::ProductChanged(..) => "product_changed",
                C::ProductDeleted(_) => "product_deleted",
            },
        };
        debug_assert!(word == "key_used" || Self::WORDS.contains(&word), "each word of a row is in the list");
        word
    }

    /// Whom or what it happened to: the name of a user, the id of anything else.
    #[must_use]
    pub fn subject(&self) -> String {
        use CatalogueEvent as C;
        match self {
            Self::Access(event) => match &**event {
                AccessEvent::UserAdded { name, .. }
                | AccessEvent::PasswordSet { name, .. }
                | AccessEvent::RoleSet { name, .. }
                | AccessEvent::UserDisabled(name)
                | AccessEvent::UserEnabled(name) => name.to_string(),
                AccessEvent::KeyAdded { id, .. } | AccessEvent::KeyRevoked(id) | AccessEvent::KeyUsed(id) => {
                    id.to_string()
                }
            },
            Self::Catalogue(event) => match &**event {
                C::CategoryCreated(category) | C::CategoryRenamed(category) => category.id.to_string(),
                C::CategoryDeleted(id) => id.to_string(),
                C::ProductCreated(id, _) | C::ProductChanged(id, _) | C::ProductDeleted(id) => id.to_string(),
            },
        }
    }

    /// What became of it, for people; never a secret, nor what one is recognised by.
    #[must_use]
    pub fn detail(&self) -> String {
        use CatalogueEvent as C;
        match self {
            Self::Access(event) => match &**event {
                AccessEvent::UserAdded { role, .. } | AccessEvent::RoleSet { role, .. } => role.to_string(),
                AccessEvent::KeyAdded { name, role, scope, .. } => format!("{name}: {role}, {scope}"),
                AccessEvent::PasswordSet { .. }
                | AccessEvent::UserDisabled(_)
                | AccessEvent::UserEnabled(_)
                | AccessEvent::KeyRevoked(_)
                | AccessEvent::KeyUsed(_) => String::new(),
            },
            Self::Catalogue(event) => match &**event {
                C::CategoryCreated(category) | C::CategoryRenamed(category) => category.name.to_string(),
                C::ProductCreated(_, details) | C::ProductChanged(_, details) => {
                    let archived = if details.archived { ", archived" } else { "" };
                    format!("{}: {}{archived}", details.name, details.price)
                }
                C::CategoryDeleted(_) | C::ProductDeleted(_) => String::new(),
            },
        }
    }
}
