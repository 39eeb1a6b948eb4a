//! The history of an order: one step for each transition.

use super::super::time::Timestamp;
use super::super::who::Who;
use super::Status;

/// One row of the history: from, to, when, who, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the order stood; nowhere before it was placed.
    pub from: Option<Status>,
    /// Where it went.
    pub to: Status,
    /// When.
    pub at: Timestamp,
    by_timer: bool,
    /// Nearly every step is a timer's or an anonymous client's without a word; only the others pay for a box.
    note: Option<Box<(Who, Option<Box<str>>)>>,
}

impl Step {
    /// A step.
    #[must_use]
    pub fn new(from: Option<Status>, to: Status, at: Timestamp, who: &Who, reason: Option<&str>) -> Self {
        let (by_timer, note) = match (who, reason) {
            (Who::Timer, None) => (true, None),
            (Who::Client, None) => (false, None),
            (who, reason) => (false, Some(Box::new((who.clone(), reason.map(Into::into))))),
        };
        Self { from, to, at, by_timer, note }
    }

    /// Who took it.
    #[must_use]
    pub fn who(&self) -> &Who {
        match &self.note {
            Some(note) => &note.0,
            None if self.by_timer => &Who::Timer,
            None => &Who::Client,
        }
    }

    /// Why, in somebody's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.note.as_ref()?.1.as_deref()
    }
}
