//! The composition root: the only place that plugs concrete things together, and that knows the system's clock.

mod access;
mod backup;
mod bridge;
mod check;
mod clock;
mod demo;
mod engine;
mod error;
mod export;
mod memory;
mod recovery;
mod serve;
mod tls;
mod unfinished;
mod verify;

pub use access::{change_access, read_access};
pub use backup::{Backed, BackupError, backup, restore};
pub use check::{CheckError, Finding, Report, check, check_backup};
pub use clock::{SystemClock, now};
pub use demo::{DEMO_USER, DemoUser};
pub use engine::{Engine, OpenError};
pub use error::Error;
pub use export::{Csv, ExportError, Exported, Format, Source, What, export};
pub use memory::MemoryEngine;
pub use recovery::RecoveryError;
pub use serve::{Server, Started, import, serve};
pub use unfinished::TargetError;

pub use crate::journal::Until;
