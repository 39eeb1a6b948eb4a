//! The composition root: the only place that plugs concrete things together, and that knows the system's clock.

mod bridge;
mod check;
mod clock;
mod engine;
mod error;
mod recovery;
mod serve;

pub use check::{CheckError, Finding, Report, check};
pub use clock::SystemClock;
pub use engine::{Engine, OpenError};
pub use error::Error;
pub use recovery::RecoveryError;
pub use serve::{Server, Started, import, serve};
