//! The history of an order.

use serde::Serialize;

use super::catalogue::Text;
use super::time::{Time, Times};
use crate::domain::order::{Status, Step};
use crate::domain::who::Who;

/// One row of a history.
#[derive(Debug, Serialize)]
pub(crate) struct StepBody<'a> {
    previous_status: &'static str,
    new_status: &'static str,
    timestamp: Time<'a>,
    who: Text<&'a Who>,
    reason: Option<&'a str>,
}

impl<'a> StepBody<'a> {
    /// `step`; an order came from nowhere before it was placed.
    pub(crate) fn new(step: &'a Step, times: &'a Times) -> Self {
        Self {
            previous_status: step.from.map_or("", Status::as_str),
            new_status: step.to.as_str(),
            timestamp: times.show(step.at),
            who: Text(step.who()),
            reason: step.reason(),
        }
    }
}
