//! The engine on disk: sled 0.34.7, with what was learned about it.
//!
//! - A kill while it opens can leave `snap.*.generating`, and every later open fails until that file is gone.
//! - Opening and reading damaged files may panic. Panics are contained here and become [`StoreError::Damaged`]; after
//!   the first one the engine answers nothing more, because nobody knows what the panic left behind.
//! - `flush` calls `sync_file_range`, which does not reach the disk's own cache: an `fdatasync` follows it.
//! - After a write that failed on one of its threads, `flush` may wait for ever. So its settings are asked whether one
//!   failed: only then is a flush given up on. One that is slow is waited for, and the log says so.
//! - A write that fails, such as on a full disk, stops every later one until the files are opened anew. So there has to
//!   be room before a checkpoint is begun, and [`Kv::renew`] opens them again.
//! - Garbage is collected by the thread that flushes periodically, so that thread stays on.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel;
use parking_lot::RwLock;
use sled::{Config, Db, Mode, Tree};

use super::error::{Place, StoreError};
use super::in_use;
use super::kv::{Batch, Direction, Kv, Range, Visit};
use super::schema::Table;
use crate::room;

/// How the engine on disk is tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much of the files is kept in memory, in bytes. Default: 64 MiB; at least 1 MiB is used.
    pub cache_bytes: u64,
}

impl Options {
    const CACHE_BYTES_MIN: u64 = 1 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20 }
    }
}

/// How the disk is waited for: longer than any takes that still takes entries.
const PATIENCE: Patience =
    Patience { look: Duration::from_secs(1), say: Duration::from_secs(10), max: Duration::from_mins(10) };
/// How files are closed that nobody trusts any more.
const IMPATIENCE: Patience = Patience { max: Duration::from_secs(5), ..PATIENCE };
/// So much has to be free on the disk before a checkpoint is begun, in bytes.
const ROOM_MIN: u64 = 8 << 20;

/// A key-value engine in a directory of its own. One process at a time can open it.
pub struct SledKv {
    directory: PathBuf,
    options: Options,
    /// There unless opening anew failed, until the drop, which takes it out because dropping sled may panic as well.
    open: RwLock<Option<Files>>,
    /// A panic: nothing is read or written any more.
    stopped: AtomicBool,
    /// A write failed: sled takes no further one.
    failed: AtomicBool,
}

struct Files {
    db: Db,
    /// What `db` was opened with: it knows of writes that failed on a thread of sled's own.
    config: Config,
    trees: [Tree; Table::ALL.len()],
    file: Arc<File>,
    /// Each flush under way has a clone.
    flushing: Arc<()>,
}

/// How what waits for the disk is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// How often it is looked whether a write failed.
    look: Duration,
    /// How often the log says what is waited for.
    say: Duration,
    /// How long it is waited at most.
    max: Duration,
}

impl SledKv {
    /// Opens the engine in `directory`, or makes one there.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the files are not what sled left; [`StoreError::Io`] when the system refuses,
    /// which says nothing about the files.
    pub fn open(directory: &Path, options: Options) -> Result<Self, StoreError> {
        let open = RwLock::new(Some(Files::open(directory, options)?));
        let (stopped, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { directory: directory.to_owned(), options, open, stopped, failed })
    }

    /// Runs `operation` unless an earlier one panicked, and remembers when this one does, or is refused by the disk.
    fn guarded<T>(
        &self,
        action: &'static str,
        operation: impl FnOnce(&Files) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(StoreError::files("an earlier operation panicked, and nothing is read or written since"));
        }
        let open = self.open.read_recursive();
        let Some(open) = &*open else {
            let source = io::Error::other("it could not be opened again after the disk had refused something");
            return Err(StoreError::Io { action, source });
        };
        let result = contain(action, || operation(open));
        match &result {
            Err(StoreError::Damaged { place: Place::Files, .. }) => self.stopped.store(true, Ordering::Release),
            Err(StoreError::Io { .. }) => self.failed.store(true, Ordering::Release),
            Ok(_) | Err(_) => {}
        }
        result
    }
}

/// Refuses a store with a pipe or a device among its files: sled would wait for it for ever.
///
/// # Errors
/// [`StoreError::Io`], which names the file.
pub fn expect_regular_files(directory: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { action: "list its files", source };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => expect_regular_files(&path)?,
            Ok(found) if !found.is_file() => {
                let source = io::Error::other(format!("{} is no regular file; move it away", path.display()));
                return Err(StoreError::Io { action: "be opened", source });
            }
            // What cannot be looked at is for sled to say.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Refuses a file of sled's that this user may not write to, or nobody: sled's own error does not name it.
fn expect_permitted(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let source = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            Err(StoreError::Io { action: "be opened", source })
        }
        // Whatever else is wrong with it is for sled to say.
        Ok(_) | Err(_) => Ok(()),
    }
}

impl Files {
    fn open(directory: &Path, options: Options) -> Result<Self, StoreError> {
        fs::create_dir_all(directory).map_err(|source| StoreError::Io { action: "make its directory", source })?;
        expect_regular_files(directory)?;
        expect_permitted(&directory.join("db"))?;
        remove_unfinished_snapshots(directory)?;
        let config = Config::new()
            .path(directory)
            .mode(Mode::HighThroughput)
            .cache_capacity(options.cache_bytes.max(Options::CACHE_BYTES_MIN))
            .use_compression(false);
        let opened = contain("open", || {
            let db = config.open().map_err(|error| from_sled("open", error))?;
            let mut trees = Vec::with_capacity(Table::ALL.len());
            for table in Table::ALL {
                trees.push(db.open_tree([table as u8]).map_err(|error| from_sled("open a table", error))?);
            }
            let trees = trees.try_into().unwrap_or_else(|_| unreachable!("one tree was opened for each table"));
            Ok((db, trees))
        });
        let (db, trees) = opened?;
        let file = File::open(directory.join("db"))
            .map_err(|source| StoreError::Io { action: "open its file for syncing", source })?;
        Ok(Self { db, config, trees, file: Arc::new(file), flushing: Arc::new(()) })
    }

    fn tree(&self, table: Table) -> &Tree {
        &self.trees[table as usize - 1]
    }

    /// Returns when everything applied before is on the disk.
    fn flush(&self, patience: Patience) -> Result<(), StoreError> {
        const ACTION: &str = "flush";
        let (db, file, flushing) = (self.db.clone(), self.file.clone(), self.flushing.clone());
        within(patience, ACTION, &self.config, move || {
            let flushed = db.flush().map(drop).map_err(|error| from_sled(ACTION, error));
            drop((db, flushing));
            flushed?;
            file.sync_data().map_err(|source| StoreError::Io { action: ACTION, source })
        })
    }

    /// Whether a flush that was given up on is still under way, with the files in its hands.
    fn is_flushing(&self) -> bool {
        Arc::strong_count(&self.flushing) > 1
    }

    /// Closes the files. Answers whether everything is on the disk.
    fn close(self, patience: Patience) -> bool {
        const ACTION: &str = "close";
        let Self { db, config, trees, file, flushing: _ } = self;
        let closed = within(patience, ACTION, &config, move || {
            let flushed = db.flush().map(drop).map_err(|error| from_sled(ACTION, error));
            drop((trees, db));
            flushed?;
            file.sync_all().map_err(|source| StoreError::Io { action: ACTION, source })
        });
        if let Err(error) = &closed {
            tracing::warn!(%error, "sled was not closed well");
        }
        closed.is_ok()
    }
}

impl Drop for SledKv {
    fn drop(&mut self) {
        let is_sound = !*self.stopped.get_mut() && !*self.failed.get_mut();
        let patience = if is_sound { PATIENCE } else { IMPATIENCE };
        let is_closed = self.open.get_mut().take().is_some_and(|open| open.close(patience));
        if is_sound
            && is_closed
            && let Err(error) = in_use::end(&self.directory)
        {
            // Where nobody noted that it is in use, there is nothing to take back.
            tracing::debug!(%error, "it still says that the store is in use");
        }
    }
}

impl Kv for SledKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        const ACTION: &str = "read a record";
        self.guarded(ACTION, |open| {
            let found = open.tree(table).get(key).map_err(|error| from_sled(ACTION, error))?;
            Ok(found.map(|value| value.to_vec()))
        })
    }

    fn apply(&self, table: Table, batch: Batch) -> Result<(), StoreError> {
        const ACTION: &str = "write a batch";
        let mut changes = sled::Batch::default();
        for (key, value) in batch.into_changes() {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        self.guarded(ACTION, |open| open.tree(table).apply_batch(changes).map_err(|error| from_sled(ACTION, error)))
    }

    fn scan(&self, table: Table, range: &Range, direction: Direction, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        const ACTION: &str = "read a range of records";
        let Some(bounds) = range.bounds() else { return Ok(()) };
        // Held to the end: an iterator keeps the files open.
        let _open = self.open.read_recursive();
        let mut records = self.guarded(ACTION, |open| Ok(open.tree(table).range::<&[u8], _>(bounds)))?;
        loop {
            // The visitor is called outside: what it makes of a record says nothing about the files.
            let next = self.guarded(ACTION, |_| {
                let next = match direction {
                    Direction::Forward => records.next(),
                    Direction::Backward => records.next_back(),
                };
                next.transpose().map_err(|error| from_sled(ACTION, error))
            })?;
            let Some((key, value)) = next else { return Ok(()) };
            if let ControlFlow::Break(()) = visit(&key, &value)? {
                return Ok(());
            }
        }
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        const ACTION: &str = "clear a table";
        self.guarded(ACTION, |open| open.tree(table).clear().map_err(|error| from_sled(ACTION, error)))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.guarded("flush", |open| open.flush(PATIENCE))
    }

    fn renew(&self) -> Result<bool, StoreError> {
        let looked = room::look(&self.directory, ROOM_MIN, "beginning one");
        looked.map_err(|source| StoreError::Io { action: "write a checkpoint", source })?;
        in_use::begin(&self.directory).map_err(noting)?;
        if !self.failed.load(Ordering::Acquire) {
            return Ok(false);
        }
        let mut open = self.open.write();
        if let Some(stuck) = open.as_ref().filter(|open| open.is_flushing()) {
            // A further flush wakes those up that sled left waiting for a write that failed.
            if let Err(error) = stuck.flush(IMPATIENCE) {
                tracing::debug!(%error, "a store that failed was flushed once more");
            }
            if stuck.is_flushing() {
                // As it is it can be read; opened anew it could not, before that flush lets go of the files.
                return Err(StoreError::Slow { action: "end an earlier flush", waited: IMPATIENCE.max });
            }
        }
        if let Some(open) = open.take() {
            open.close(IMPATIENCE);
        }
        *open = Some(Files::open(&self.directory, self.options)?);
        self.failed.store(false, Ordering::Release);
        tracing::info!("the store was opened again after the disk had refused something");
        Ok(true)
    }
}

/// It could not be noted that the store is in use.
pub(super) fn noting(source: io::Error) -> StoreError {
    StoreError::Io { action: "note that it is in use", source }
}

/// Runs `operation` on a thread of its own, and waits for it with `patience`. It is given up on when it takes longer,
/// or when a write failed that it may be waiting for: with what it holds it stays where it is then.
fn within<T: Send + 'static>(
    patience: Patience,
    action: &'static str,
    config: &Config,
    operation: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, result) = channel::bounded(1);
    let run = move || {
        // Nobody waits any more where it took too long.
        sender.send(contain(action, operation)).ok();
    };
    let failed = |source| StoreError::Io { action, source };
    thread::Builder::new().name("store".into()).spawn(run).map_err(failed)?;
    let begun = Instant::now();
    let (mut say_at, mut failure) = (patience.say, None);
    loop {
        // Its end is heard of without a look where it comes at once.
        if let Ok(result) = result.recv_timeout(patience.look.min(patience.max)) {
            if say_at > patience.say {
                tracing::info!(action, waited = ?begun.elapsed(), "what the store was waited for is done");
            }
            return result;
        }
        // It had one more turn to hear of the failure by itself.
        if let Some(failure) = failure {
            return Err(failure);
        }
        failure = config.global_error().err().map(|error| from_sled(action, error));
        let waited = begun.elapsed();
        if waited >= patience.max {
            return Err(failure.unwrap_or(StoreError::Slow { action, waited: patience.max }));
        }
        if waited >= say_at {
            say_at += patience.say;
            tracing::warn!(
                action,
                waited = %humantime::format_duration(Duration::from_secs(waited.as_secs())),
                "the disk is slow: it is waited for the store. Nothing is lost: the journal has all that was acknowledged"
            );
        }
    }
}

/// Runs `operation`; a panic in it becomes damage, or what the system refused where that is what it speaks of.
fn contain<T>(action: &'static str, operation: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // After a panic nothing of what `operation` touched is used again: opening gives up, an open engine is stopped.
    catch_unwind(AssertUnwindSafe(operation)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("without a word");
        if speaks_of_the_system(text) {
            return Err(StoreError::Io { action, source: io::Error::other(text.to_owned()) });
        }
        Err(StoreError::files(format!("to {action}: sled panicked: {text}")))
    })
}

/// Whether a panic with this text says nothing about the files: sled unwraps the error of a clock that shows a time
/// before 1970, and that of a thread which cannot be had.
fn speaks_of_the_system(text: &str) -> bool {
    text.contains("SystemTimeError") || text.contains("failed to spawn thread") || text.contains("kind: WouldBlock")
}

fn from_sled(action: &'static str, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) if speaks_of_the_files(&source) => StoreError::files(format!("to {action}: {source}")),
        sled::Error::Io(source) => StoreError::Io { action, source },
        other => StoreError::files(format!("to {action}: {other}")),
    }
}

/// Whether what the system answered is about what the files hold, not about permissions, space or the disk.
fn speaks_of_the_files(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    // sled builds errors of its own as `Other`: of those only the one of a lock held elsewhere is harmless.
    let locked = error.to_string().contains("could not acquire lock");
    let shape = matches!(
        error.kind(),
        K::UnexpectedEof | K::InvalidData | K::InvalidInput | K::NotFound | K::IsADirectory | K::NotADirectory
    );
    shape || (error.kind() == K::Other && error.raw_os_error().is_none() && !locked)
}

fn remove_unfinished_snapshots(directory: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { action: "remove an unfinished snapshot", source };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %name, "removing a snapshot of the store that was never finished");
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::kv::suite;
    use super::*;

    #[test]
    fn passes_the_suite() {
        let mut homes = Vec::new();
        suite::run(|| {
            let home = tempfile::tempdir().unwrap();
            let kv = SledKv::open(&home.path().join("store"), Options::default()).unwrap();
            homes.push(home);
            kv
        });
    }

    #[test]
    fn what_is_slow_is_waited_for_up_to_the_bound() {
        let config = Config::new();
        let patience = Patience {
            look: Duration::from_millis(5),
            say: Duration::from_millis(10),
            max: Duration::from_millis(100),
        };
        let (end, wait) = channel::bounded::<()>(0);
        let stuck = within(patience, "flush", &config, move || {
            wait.recv().ok();
            Ok(())
        });
        let error = stuck.unwrap_err();
        assert!(matches!(error, StoreError::Slow { .. }), "{error:?}");
        assert!(error.to_string().contains("flush within 100ms"), "{error}");
        drop(end);
        let slow = || {
            thread::sleep(Duration::from_millis(50));
            Ok(7)
        };
        let patient = Patience { max: Duration::from_mins(1), ..patience };
        assert_eq!(within(patient, "flush", &config, slow).unwrap(), 7);
        assert!(within(PATIENCE, "flush", &config, || -> Result<(), _> { panic!("no") }).unwrap_err().is_damage());
    }

    #[test]
    fn keeps_what_was_flushed_over_a_reopen() {
        let home = tempfile::tempdir().unwrap();
        let mut batch = Batch::default();
        batch.put(b"key".to_vec(), b"value".to_vec());
        let kv = SledKv::open(home.path(), Options::default()).unwrap();
        kv.apply(Table::Pages, batch).unwrap();
        kv.flush().unwrap();
        drop(kv);
        let kv = SledKv::open(home.path(), Options { cache_bytes: 0 }).unwrap();
        assert_eq!(kv.get(Table::Pages, b"key").unwrap(), Some(b"value".to_vec()));
    }

    #[test]
    fn a_second_opener_is_refused_and_the_files_are_not_blamed() {
        let home = tempfile::tempdir().unwrap();
        let _first = SledKv::open(home.path(), Options::default()).unwrap();
        let Err(error) = SledKv::open(home.path(), Options::default()) else { panic!("opened twice") };
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
    }

    #[test]
    fn opens_beside_a_snapshot_that_was_never_finished() {
        let home = tempfile::tempdir().unwrap();
        drop(SledKv::open(home.path(), Options::default()).unwrap());
        let stray = home.path().join("snap.0000000000000ABC.generating");
        std::fs::write(&stray, b"half").unwrap();
        drop(SledKv::open(home.path(), Options::default()).unwrap());
        assert!(!stray.exists());
    }

    #[test]
    fn a_panic_that_says_nothing_about_the_files_is_no_damage() {
        let damage =
            |text: &'static str| contain("open", || -> Result<(), _> { panic!("{text}") }).unwrap_err().is_damage();
        assert!(!damage("called `Result::unwrap()` on an `Err` value: SystemTimeError(315619200s)"));
        let no_thread = r#"failed to spawn thread: Os { code: 11, kind: WouldBlock, message: "Resource unavailable" }"#;
        assert!(!damage(no_thread));
        assert!(damage("assertion failed: the snapshot is whole"));
    }

    #[test]
    fn an_operation_that_panics_stops_the_engine_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let kv = SledKv::open(home.path(), Options::default()).unwrap();
        let error =
            kv.guarded("test", |_| -> Result<(), StoreError> { panic!("as damaged files make it") }).unwrap_err();
        assert!(error.to_string().contains("as damaged files make it"), "{error}");
        assert!(kv.get(Table::Head, b"key").unwrap_err().is_damage());
        assert!(kv.flush().unwrap_err().is_damage());
    }

    #[test]
    fn files_cut_short_are_damage_or_empty_but_never_a_panic() {
        let home = tempfile::tempdir().unwrap();
        drop(SledKv::open(home.path(), Options::default()).unwrap());
        OpenOptions::new().write(true).open(home.path().join("conf")).unwrap().set_len(9).unwrap();
        let Err(error) = SledKv::open(home.path(), Options::default()) else { panic!("opened without its settings") };
        assert!(error.is_damage(), "{error}");
    }
}
