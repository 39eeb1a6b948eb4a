//! The files that were uploaded last, in memory: a few of each caller, and not more than fit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;

use super::contents::Contents;
use super::file::Kind;
use super::identity::Earlier;
use crate::domain::ids::OrderId;
use crate::domain::money::Money;
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

/// Files that are kept of one caller; a further one takes the place of the oldest that is not being placed.
const FILES_MAX: usize = 4;
/// Room for all of them.
const BYTES_MAX: usize = 256 << 20;
/// A file that was uploaded so long ago makes room for whoever needs it.
const FRESH: Duration = Duration::from_hours(1);
/// What is counted for a row beside its bytes in the file.
const ROW_BYTES: usize = 512;
/// And for each line of it.
const LINE_BYTES: usize = 40;

/// The files that were uploaded last.
#[derive(Default)]
pub(in super::super) struct Uploads(Mutex<VecDeque<Arc<Upload>>>);

/// A file, and what became of it.
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) at: Timestamp,
    /// The same moment, by the clock that ages are told by.
    pub(super) since: Instant,
    pub(super) who: Origin,
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

/// Why a file is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    /// As many of the caller's as are kept are being placed.
    #[error("{FILES_MAX} files of yours are being placed. Wait until one of them is done, then try again.")]
    BeingPlaced,
    /// It alone takes more than there is.
    #[error("This file has too many lines to be kept. Nothing was placed. Split it.")]
    TooLarge,
    /// Others, who have no more than the caller, take the rest.
    #[error(
        "The files of others leave no room for one of this size now. Nothing was placed. Split it, or try again later: \
         a file makes room an hour after it was uploaded."
    )]
    Others,
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
    /// It was on its way in this round when the run ended, and nobody knows what became of it. Its key does: to place
    /// it again in the same round places it once.
    Unknown(u8),
}

impl Upload {
    fn weight(&self) -> usize {
        let lines: usize = self.contents.rows.iter().map(|row| row.lines).sum();
        self.bytes.len() + self.contents.rows.len() * ROW_BYTES + lines * LINE_BYTES
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

    /// Keeps `upload` in place of an earlier one of the same caller and content, but not of one that is being placed.
    ///
    /// Where there is no room, whoever takes more than the caller gives it up, then the caller, then whoever has
    /// uploaded long ago. So nobody loses the few that they have to one who has much.
    ///
    /// # Errors
    /// Why it is not kept; nothing is let go then.
    pub(super) fn keep(&self, upload: Upload) -> Result<(), NoRoom> {
        if upload.weight() > BYTES_MAX {
            return Err(NoRoom::TooLarge);
        }
        let mut uploads = self.0.lock();
        let mut kept: Vec<_> = uploads.iter().cloned().collect();
        if let Some(at) = kept.iter().position(|other| other.key == upload.key) {
            if kept[at].is_running() {
                return Ok(());
            }
            kept.remove(at);
        }
        while kept.iter().filter(|other| other.who == upload.who).count() >= FILES_MAX {
            let oldest = kept.iter().position(|other| other.who == upload.who && !other.is_running());
            kept.remove(oldest.ok_or(NoRoom::BeingPlaced)?);
        }
        while upload.weight() + kept.iter().map(|other| other.weight()).sum::<usize>() > BYTES_MAX {
            kept.remove(makes_room(&kept, &upload).ok_or(NoRoom::Others)?);
        }
        kept.push(Arc::new(upload));
        *uploads = kept.into();
        Ok(())
    }
}

/// Which of `kept`, the oldest first, is let go for `upload`.
fn makes_room(kept: &[Arc<Upload>], upload: &Upload) -> Option<usize> {
    let held = |who: &Origin| -> usize { kept.iter().filter(|it| it.who == *who).map(|it| it.weight()).sum() };
    let own = held(&upload.who) + upload.weight();
    let mut idle = kept.iter().enumerate().filter(|(_, other)| !other.is_running()).rev();
    let heavy = idle.clone().filter(|(_, other)| other.who == upload.who || held(&other.who) > own);
    // Of several the last one counts, which is the oldest.
    let heaviest = heavy.max_by_key(|(_, other)| if other.who == upload.who { own } else { held(&other.who) });
    let is_old = |other: &Upload| upload.since.saturating_duration_since(other.since) >= FRESH;
    heaviest.or_else(|| idle.rfind(|(_, other)| is_old(other))).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::contents::LeftOut;
    use super::*;

    const MIB: usize = 1 << 20;

    /// A file `name` of `who` that takes so many MiB.
    fn file(who: &str, name: &str, mib: usize, since: Instant) -> Upload {
        let contents = Contents {
            rows: Vec::new(),
            left_out: LeftOut::default(),
            remarks: Vec::new(),
            delimiter: b',',
            header: 0..0,
        };
        Upload {
            key: format!("{who} {name}"),
            name: name.into(),
            at: Timestamp(0),
            since,
            who: Origin::User(who.into()),
            kind: Kind::Csv,
            bytes: vec![0; mib * MIB].into(),
            contents,
            state: Mutex::default(),
        }
    }

    fn names(uploads: &Uploads) -> Vec<String> {
        uploads.0.lock().iter().map(|upload| upload.key.clone()).collect()
    }

    fn run(uploads: &Uploads, key: &str) {
        uploads.find(key).unwrap().state.lock().phase = Phase::Running;
    }

    #[test]
    fn whoever_has_little_keeps_it_however_much_another_one_uploads() {
        let (uploads, now) = (Uploads::default(), Instant::now());
        uploads.keep(file("op", "a", 1, now)).unwrap();
        for name in ["a", "b", "c", "d", "e"] {
            uploads.keep(file("op2", name, 80, now)).unwrap();
        }
        assert_eq!(names(&uploads), ["op a", "op2 c", "op2 d", "op2 e"]);
        // A third one finds room: whoever has most gives it up.
        uploads.keep(file("op3", "a", 100, now)).unwrap();
        assert_eq!(names(&uploads), ["op a", "op2 e", "op3 a"]);
    }

    #[test]
    fn a_file_that_is_being_placed_is_not_let_go() {
        let (uploads, now) = (Uploads::default(), Instant::now());
        for name in ["a", "b", "c", "d"] {
            uploads.keep(file("op", name, 1, now)).unwrap();
        }
        run(&uploads, "op a");
        uploads.keep(file("op", "e", 1, now)).unwrap();
        assert_eq!(names(&uploads), ["op a", "op c", "op d", "op e"]);
        for key in ["op c", "op d", "op e"] {
            run(&uploads, key);
        }
        assert_eq!(uploads.keep(file("op", "f", 1, now)), Err(NoRoom::BeingPlaced));
        uploads.keep(file("op2", "a", 200, now)).unwrap();
        run(&uploads, "op2 a");
        assert_eq!(uploads.keep(file("op3", "a", 80, now)), Err(NoRoom::Others));
        assert_eq!(names(&uploads), ["op a", "op c", "op d", "op e", "op2 a"]);
    }

    #[test]
    fn files_of_as_much_room_make_room_when_they_are_old() {
        let (uploads, now) = (Uploads::default(), Instant::now());
        uploads.keep(file("op", "a", 110, now)).unwrap();
        uploads.keep(file("op2", "a", 110, now)).unwrap();
        assert_eq!(uploads.keep(file("op3", "a", 110, now)), Err(NoRoom::Others));
        assert_eq!(uploads.keep(file("op3", "a", 257, now)), Err(NoRoom::TooLarge));
        assert_eq!(names(&uploads), ["op a", "op2 a"]);
        uploads.keep(file("op3", "a", 110, now + FRESH)).unwrap();
        assert_eq!(names(&uploads), ["op2 a", "op3 a"]);
    }
}
