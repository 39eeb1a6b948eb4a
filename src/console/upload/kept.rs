//! The files that were uploaded last, in memory: a few of each caller, and not more than fit.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::file::{Contents, Kind};
use super::identity::Earlier;
use crate::domain::ids::OrderId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::domain::who::Who;

/// Files that are kept of one caller; a further one takes the place of the oldest.
const FILES_MAX: usize = 4;
/// Room for all of them. The newest is kept in any case.
const BYTES_MAX: usize = 256 << 20;
/// What is counted for a row beside its bytes in the file.
const ROW_BYTES: usize = 512;

/// The files that were uploaded last.
#[derive(Default)]
pub(in super::super) struct Uploads(Mutex<VecDeque<Arc<Upload>>>);

/// A file, and what became of it.
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) at: Timestamp,
    pub(super) who: Who,
    pub(super) kind: Kind,
    pub(super) bytes: Bytes,
    pub(super) contents: Contents,
    pub(super) state: Mutex<State>,
}

/// How far it came.
#[derive(Default)]
pub(super) struct State {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) phase: Phase,
    /// Orders that are to be placed in this run, and that were tried so far.
    pub(super) wanted: usize,
    pub(super) done: usize,
    /// Why it ended early.
    pub(super) stopped: Option<String>,
}

impl State {
    /// Whether a run may begin.
    pub(super) fn may_run(&self) -> bool {
        match self.phase {
            Phase::Tried => true,
            Phase::Running => false,
            Phase::Over => self.stopped.is_some(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Tried,
    Running,
    Over,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Running => "running",
            Self::Over => "over",
        }
    }
}

/// What would become, or became, of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It can be placed.
    Good(Money),
    /// It was placed before, or another order with the same text in `order` was.
    Earlier(Earlier),
    Refused(Arc<str>),
    Placed(OrderId),
}

impl Upload {
    fn weight(&self) -> usize {
        self.bytes.len() + self.contents.rows.len() * ROW_BYTES
    }

    fn is_running(&self) -> bool {
        self.state.lock().phase == Phase::Running
    }
}

impl Uploads {
    pub(super) fn find(&self, key: &str) -> Option<Arc<Upload>> {
        self.0.lock().iter().find(|upload| upload.key == key).cloned()
    }

    /// All of them, the newest first.
    pub(super) fn recent(&self) -> Vec<Arc<Upload>> {
        self.0.lock().iter().rev().cloned().collect()
    }

    /// Keeps `upload` in place of an earlier one with its content, but not of one that is being placed.
    pub(super) fn keep(&self, upload: Upload) {
        let mut uploads = self.0.lock();
        if uploads.iter().any(|other| other.key == upload.key && other.is_running()) {
            return;
        }
        uploads.retain(|other| other.key != upload.key);
        while uploads.iter().filter(|other| other.who == upload.who).count() >= FILES_MAX {
            let oldest = uploads.iter().position(|other| other.who == upload.who);
            drop(oldest.and_then(|at| uploads.remove(at)));
        }
        let mut weight = upload.weight() + uploads.iter().map(|other| other.weight()).sum::<usize>();
        while weight > BYTES_MAX
            && let Some(oldest) = uploads.pop_front()
        {
            weight -= oldest.weight();
        }
        uploads.push_back(Arc::new(upload));
    }
}
