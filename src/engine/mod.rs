//! The pure glue between a command and the journal: one command becomes one entry, and the entry the new state.
//!
//! Deliberately absent: who carries it out, and when. Nothing here waits, and nothing knows a clock.

mod step;
mod waiting;

pub use step::{Command, Outcome, Rejection, Step, entry_for_order, outcome_of, step};
pub use waiting::{Release, Waiting};
