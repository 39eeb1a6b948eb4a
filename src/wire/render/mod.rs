//! Output: the fields of the contract in its order, then ours.
//!
//! Everything is written straight from the domain into one buffer; no tree is built.

mod by;
mod catalogue;
mod history;
mod movement;
mod order;
mod setting;
mod time;
mod timeline;
mod words;

use serde::Serialize;

pub(crate) use by::{ByStage, ByStatus, members};
pub(crate) use catalogue::{CategoryBody, ProductBody, Text};
pub(crate) use history::StepBody;
pub(crate) use movement::MovementBody;
pub(crate) use order::{LineBody, Lines, OrderBody, WHOLE_ORDER_BYTES};
pub use setting::SettingRow;
pub(crate) use time::{Time, Times};
pub(crate) use timeline::{Changes, HappeningBody};
pub(crate) use words::{AuditWord, ReadinessWord, RoleWord, ScopeWord, WhoText};

/// `body` as JSON; `capacity` is about how many bytes that takes.
pub(crate) fn json(body: &impl Serialize, capacity: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity);
    push(&mut bytes, body);
    bytes
}

/// Appends `body` as JSON.
pub(crate) fn push(bytes: &mut Vec<u8>, body: &impl Serialize) {
    serde_json::to_writer(bytes, body).expect("a body has text keys only, and a buffer in memory takes everything");
}

/// A list, written row by row.
pub(crate) struct List<F>(pub(crate) F);

impl<F, I, T> Serialize for List<F>
where
    F: Fn() -> I,
    I: Iterator<Item = T>,
    T: Serialize,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

#[cfg(test)]
mod tests;
