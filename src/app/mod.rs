//! The composition root: the only place that plugs concrete things together, and that knows the system's clock.

mod backup;
mod bridge;
mod check;
mod clock;
mod connections;
mod demo;
mod engine;
mod error;
mod export;
mod memory;
mod offline;
mod open_files;
mod recovery;
mod serve;
mod signals;
mod tls;
mod unfinished;
mod verify;

pub use backup::{Backed, BackupError, Restored, backup, restore, restore_keeping_access, restore_undoing_access};
pub use check::{CheckError, Finding, Report, check, check_backup, check_until_interrupted};
pub use clock::{SystemClock, WrongClock, expect_right_clock, now};
pub use demo::{DEMO_USER, DemoUser};
pub use engine::{Engine, OpenError};
pub use error::Error;
pub use export::{Csv, ExportError, Exported, Format, Source, What, export};
pub use memory::MemoryEngine;
pub use offline::{change_access, import, read_access};
pub use recovery::RecoveryError;
pub use serve::{Server, Started, outlive_signals, serve};
pub use signals::end_at_signals;
pub use unfinished::TargetError;

pub use crate::journal::Until;
