//! What came of reading the journal's files again while the engine runs.

use parking_lot::Mutex;

use crate::domain::time::Timestamp;

/// The journal's files, as they were last read from front to back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// When all of it was last found sound; `None` before the first time.
    pub sound_at: Option<Timestamp>,
    /// Whether it was found damaged the last time. Which file, and where, is in the log.
    pub is_damaged: bool,
}

/// The latest result, for whoever asks.
#[derive(Debug, Default)]
pub(super) struct Latest(Mutex<Verified>);

impl Latest {
    pub(super) fn get(&self) -> Verified {
        *self.0.lock()
    }

    pub(super) fn note_sound(&self, at: Timestamp) {
        *self.0.lock() = Verified { sound_at: Some(at), is_damaged: false };
    }

    pub(super) fn note_damaged(&self) {
        self.0.lock().is_damaged = true;
    }
}
