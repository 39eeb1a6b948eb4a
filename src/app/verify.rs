//! Reads the whole journal again and again while the engine runs, slowly, so that a disk that loses what it holds is
//! noticed while there still are good backups. A start reads only what lies behind the checkpoint.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;

use crate::actors::{Clock, Fulfillment};
use crate::journal::{ReadError, Reader};

/// How many times a second the reading pauses, and for how long.
const STEPS_PER_SECOND: u64 = 10;
const STEP: Duration = Duration::from_millis(1000 / STEPS_PER_SECOND);

/// How the journal is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How much is read in a second.
    pub(super) bytes_per_second: u64,
    /// How long to wait from one end of the journal to the next beginning.
    pub(super) pause: Duration,
}

/// The thread that reads. Dropping it ends the thread.
pub(super) struct Verifier {
    /// Dropped to ask the thread to stop.
    running: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// Starts to read `journal`, and tells `engine` what comes of it.
    pub(super) fn start(journal: PathBuf, pace: Pace, engine: Fulfillment, clock: Arc<dyn Clock>) -> Self {
        let (running, stop) = mpsc::channel();
        let verify = move || {
            let stop = Stop(stop);
            while let Some(found) = read(&journal, pace, engine.view().applied(), &stop) {
                match found {
                    Found::Sound => engine.note_journal_sound(clock.now()),
                    Found::Damaged(why) => {
                        tracing::error!(
                            why,
                            "the journal on disk is damaged; the server goes on with what is in memory. Keep your \
                             backups, stop the server, and follow `packhorse check` and docs/backup.md"
                        );
                        engine.note_journal_damaged();
                    }
                    Found::Unknown(error) => tracing::warn!(%error, "the journal could not be read again"),
                }
                if stop.within(pace.pause) {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("verify".into()).spawn(verify);
        let thread = thread.inspect_err(|error| tracing::warn!(%error, "old segments are not verified")).ok();
        Self { running: Some(running), thread }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that verifies the journal panicked");
        }
    }
}

/// Fires when the verifier is dropped.
struct Stop(mpsc::Receiver<()>);

impl Stop {
    /// Whether the thread has to stop; waits for that as long as `span`.
    fn within(&self, span: Duration) -> bool {
        self.0.recv_timeout(span) != Err(RecvTimeoutError::Timeout)
    }
}

enum Found {
    Sound,
    Damaged(String),
    /// The process was short of something, which says nothing about the files.
    Unknown(ReadError),
}

/// Reads the journal once, which holds at least `entries`. `None` when it has to stop.
fn read(journal: &Path, pace: Pace, entries: u64, stop: &Stop) -> Option<Found> {
    let step = pace.bytes_per_second / STEPS_PER_SECOND;
    let mut last = 0;
    let found = (|| {
        let mut reader = Reader::open_live(journal)?;
        let mut pause_at = step;
        while let Some(mark) = reader.skip()? {
            last = mark.sequence;
            let read = reader.progress().bytes_read;
            if read >= pause_at {
                pause_at = read + step;
                if stop.within(STEP) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    })();
    // What goes on at the end of a process, such as a directory that is removed, is no news.
    if stop.within(Duration::ZERO) {
        return None;
    }
    Some(match found {
        Ok(true) => return None,
        Ok(false) if last < entries => Found::Damaged(format!(
            "its files end with entry {last}, though entry {entries} was acknowledged: segments are missing"
        )),
        Ok(false) => Found::Sound,
        Err(ReadError::Io { path, error }) if error.kind() == io::ErrorKind::NotFound => {
            Found::Damaged(format!("{} is missing", path.display()))
        }
        Err(ReadError::Io { path, error }) if !is_shortage(&error) => {
            Found::Damaged(format!("{} cannot be read: {error}", path.display()))
        }
        Err(error @ ReadError::Io { .. }) => Found::Unknown(error),
        Err(error) => Found::Damaged(error.to_string()),
    })
}

/// Whether `error` comes of what this process or the machine is short of. Any other means that the file cannot be
/// read: a disk that dies says no more than that.
fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::AGAIN, Errno::INTR];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_damaged_and_a_shortage_says_nothing() {
        let check = |errno: Errno, is_short| assert_eq!(is_shortage(&io::Error::from(errno)), is_short, "{errno}");
        for damage in [Errno::IO, Errno::ISDIR, Errno::NXIO, Errno::NODEV, Errno::ACCESS, Errno::STALE, Errno::LOOP] {
            check(damage, false);
        }
        for shortage in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR, Errno::AGAIN] {
            check(shortage, true);
        }
        assert!(!is_shortage(&io::ErrorKind::UnexpectedEof.into()), "a file was cut short");
    }

    #[test]
    fn a_segment_that_cannot_be_read_is_damage() {
        let directory = tempfile::tempdir().unwrap();
        let segment = directory.path().join("00000000000000000001.seg");
        let pace = Pace { bytes_per_second: 1 << 20, pause: Duration::ZERO };
        let (_running, stop) = mpsc::channel();
        let stop = Stop(stop);
        std::os::unix::fs::symlink(&segment, &segment).unwrap();
        let found = read(directory.path(), pace, 0, &stop);
        let Some(Found::Damaged(why)) = found else { panic!("a link that leads to itself counts as sound") };
        assert!(why.contains("00000000000000000001.seg cannot be read: "), "{why}");
    }

    #[test]
    fn a_verifier_that_is_dropped_ends_at_once() {
        let (running, stop) = mpsc::channel();
        let waiting = thread::spawn(move || Stop(stop).within(Duration::from_hours(1)));
        let begun = Instant::now();
        drop::<mpsc::Sender<()>>(running);
        assert!(waiting.join().unwrap());
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
