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
    by: By,
}

/// Nearly every step is a timer's or an anonymous client's without a word; only the others pay for a box.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    Timer,
    Client,
    Noted(Box<(Who, Option<Box<str>>)>),
}

impl Step {
    /// A step.
    #[must_use]
    pub fn new(from: Option<Status>, to: Status, at: Timestamp, who: &Who, reason: Option<&str>) -> Self {
        let by = match (who, reason) {
            (Who::Timer, None) => By::Timer,
            (Who::Client, None) => By::Client,
            (who, reason) => By::Noted(Box::new((who.clone(), reason.map(Into::into)))),
        };
        Self { from, to, at, by }
    }

    /// Who took it.
    #[must_use]
    pub fn who(&self) -> &Who {
        match &self.by {
            By::Timer => &Who::Timer,
            By::Client => &Who::Client,
            By::Noted(note) => &note.0,
        }
    }

    /// Why, in somebody's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.by {
            By::Timer | By::Client => None,
            By::Noted(note) => note.1.as_deref(),
        }
    }
}
