//! What the process tells the people who run it: logs, progress, counters.

pub mod counters;
mod logs;
mod progress;

pub use logs::{FilterError, start};
pub use progress::Progress;
