//! How far a long piece of work has come: a bar on a terminal, a line in the log every few seconds elsewhere.

use std::io::{self, IsTerminal};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;

/// Every bar on the terminal. Log lines are written around them.
pub(super) static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// A bar is shown for work that takes longer than this.
const BAR_AFTER: Duration = Duration::from_millis(500);
/// How often a line is logged where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A piece of work of known size, measured in bytes. It ends when this is dropped.
#[derive(Debug)]
pub struct Progress {
    work: &'static str,
    total: u64,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    /// Not before it takes long enough to be read.
    Bar {
        begun: Instant,
        bar: OnceLock<ProgressBar>,
    },
    Lines(Mutex<Pace>),
}

impl Progress {
    /// Begins `work` on `total` bytes.
    #[must_use]
    pub fn start(work: &'static str, total: u64) -> Self {
        let shown = if io::stderr().is_terminal() {
            Shown::Bar { begun: Instant::now(), bar: OnceLock::new() }
        } else {
            Shown::Lines(Mutex::new(Pace::start(Instant::now())))
        };
        Self { work, total, shown }
    }

    /// Says that `done` bytes of the total are done. Cheap enough to be called for every record.
    pub fn set(&self, done: u64) {
        match &self.shown {
            Shown::Bar { begun, bar } => {
                if bar.get().is_some() || begun.elapsed() >= BAR_AFTER {
                    bar.get_or_init(|| self.bar()).set_position(done);
                }
            }
            Shown::Lines(pace) => {
                if pace.lock().is_due(Instant::now()) {
                    tracing::info!(work = self.work, done_bytes = done, total_bytes = self.total, "in progress");
                }
            }
        }
    }
}

impl Progress {
    fn bar(&self) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        BARS.add(ProgressBar::new(self.total).with_style(style).with_message(self.work))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &self.shown {
            Shown::Bar { bar, .. } => {
                if let Some(bar) = bar.get() {
                    bar.finish_and_clear();
                    BARS.remove(bar);
                }
            }
            Shown::Lines(_) => {}
        }
    }
}

/// When the last line was logged.
#[derive(Debug)]
struct Pace {
    last: Instant,
}

impl Pace {
    fn start(now: Instant) -> Self {
        Self { last: now }
    }

    /// Whether a line is due at `now`; if so, the next one is due an interval later.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.last) >= LINE_INTERVAL;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_every_five_seconds() {
        let start = Instant::now();
        let mut pace = Pace::start(start);
        let due: Vec<_> = [0, 4_999, 5_000, 5_001, 9_999, 10_000, 60_000, 60_001]
            .into_iter()
            .filter(|ms| pace.is_due(start + Duration::from_millis(*ms)))
            .collect();
        assert_eq!(due, [5_000, 10_000, 60_000]);
    }
}
