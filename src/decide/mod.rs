//! Decisions: what somebody asks for, against the state as it is, becomes the events of one entry, and what is answered
//! once they are durable.
//!
//! One kind of decision is one file, with its own outcome and the rule that it may break. [`Decision`] says what each
//! has to say. Deliberately absent: who carries it out, and when. Nothing here waits, and nothing knows a clock.

mod access;
mod adjust;
mod category;
mod dry_run;
mod import;
mod order;
mod outcome;
mod place;
mod product;
mod stocked;
mod waiting;

use std::error::Error;

use chrono_tz::Tz;

pub use access::ChangeAccess;
pub use adjust::AdjustStock;
pub use category::{CreateCategory, DeleteCategory, RenameCategory};
pub use dry_run::DryRun;
pub use import::{Import, ImportRejection};
pub use order::entry_for_order;
pub use outcome::Outcome;
pub use place::Place;
pub use product::{ChangeProduct, CreateProduct, DeleteProduct};
pub use stocked::Stocked;
pub use waiting::{Release, Waiting};

use crate::domain::access::Access;
use crate::domain::entry::{Answer, Entry, Events};
use crate::domain::inventory::Inventory;
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

/// What is decided against: everything that was decided before, durable or not.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// Catalogue and stock.
    pub inventory: &'a Inventory,
    /// Users and keys.
    pub access: &'a Access,
}

/// What is decided with, besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What time it is.
    pub now: Timestamp,
    /// Whose days count.
    pub zone: Tz,
    /// Who asks.
    pub who: &'a Origin,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<O> {
    /// What happens; empty when nothing has to.
    pub events: Events,
    /// What is answered once that is durable.
    pub outcome: O,
}

/// Something that is asked of catalogue and stock, or of users and keys.
pub trait Decision: Send + 'static {
    /// The facts that the answer is made from.
    type Outcome: Outcome;
    /// The rule that it may break.
    type Rejection: Error + Send + 'static;

    /// Decides, and leaves the state as it is.
    fn decide(self, state: State<'_>, context: Context<'_>) -> Result<Decided<Self::Outcome>, Self::Rejection>;
}

/// What is kept in `entry` beside `key`; nothing where it carries another key, or none.
#[must_use]
pub fn kept<'a>(entry: &'a Entry, key: &str) -> Option<&'a Answer> {
    entry.key.as_deref().filter(|record| &*record.key == key).map(|record| &record.answer)
}
