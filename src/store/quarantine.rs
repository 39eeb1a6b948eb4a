//! Opening the store, and setting aside one that cannot be trusted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Store;
use super::checkpoint::{Head, Loaded};
use super::error::StoreError;
use super::in_use;
use super::sled::{Options, SledKv, noting};
use crate::{regular, room};

/// How many stores that were set aside are kept, the newest ones, for somebody to look at: each may be large.
const KEPT: usize = 1;
/// The file that asks for a rebuild; it holds the reason.
const MARKER: &str = "REBUILD";
/// How much of the reason is read back, in bytes.
const REASON_BYTES_MAX: u64 = 4096;

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Its checkpoint; `None` in a new store, which has to be filled from the journal.
    pub loaded: Option<Loaded>,
    /// What was set aside to make room for a new one.
    pub quarantined: Option<Quarantined>,
}

/// A store that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is now.
    pub path: PathBuf,
    /// Why, as a sentence.
    pub why: String,
}

/// Opens the store in `directory` and reads its checkpoint. One that is missing is made; one that is damaged, was
/// marked for a rebuild, or was in use when the machine stopped, is moved to `<directory>.damaged-<n>` and a new one
/// made in its place.
///
/// # Errors
/// What the system refuses without there being anything wrong with the store: permissions, space, a second process. And
/// what a newer version wrote.
pub fn open_or_quarantine(directory: &Path, options: Options) -> Result<Opened, StoreError> {
    open_if_certain(directory, options, |_| Ok(()))
}

/// As [`open_or_quarantine`], but before anything is moved or made anew, `certain` is asked whether the journal has all
/// that is needed. It is told the head that the old store says to have: whatever else is wrong with that store, such an
/// entry was there.
///
/// # Errors
/// Those of [`open_or_quarantine`], and those of `certain`.
pub fn open_if_certain<E: From<StoreError>>(
    directory: &Path,
    options: Options,
    certain: impl FnOnce(Option<Head>) -> Result<(), E>,
) -> Result<Opened, E> {
    expect_no_dangling_link(directory)?;
    if fs::symlink_metadata(directory).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        certain(None)?;
        let (store, loaded) = open_for_use(directory, options)?;
        return Ok(Opened { store, loaded, quarantined: None });
    }
    let is_shared = is_shared(directory);
    let why = match reason_to_rebuild(directory)? {
        _ if is_shared => {
            "its file has another name, in a copy of this directory that was made of hard links".to_owned()
        }
        Some(reason) => reason,
        None => match open_for_use(directory, options) {
            Ok((store, loaded)) => return Ok(Opened { store, loaded, quarantined: None }),
            Err(error @ StoreError::Damaged { .. }) => error.to_string(),
            Err(error) => return Err(error.into()),
        },
    };
    // What another directory wrote into a shared file says nothing of this journal.
    certain(if is_shared { None } else { head_held(directory, options)? })?;
    let path = set_aside(directory)?;
    tracing::error!(
        store.moved_to = %path.display(),
        store.bytes = bytes_in(&path),
        reason = why,
        "the store cannot be used and was set aside; a new one is built from the journal. It can be removed when nobody \
         wants to look at it; the next one that is set aside replaces it"
    );
    let (store, loaded) = open_for_use(directory, options)?;
    Ok(Opened { store, loaded, quarantined: Some(Quarantined { path, why }) })
}

/// Whether somebody else may write into the store's file under another name.
fn is_shared(directory: &Path) -> bool {
    fs::metadata(directory.join("db")).is_ok_and(|found| found.is_file() && found.nlink() > 1)
}

/// Refuses a `directory` that is a link to something that is not there: a volume that is not mounted may hold the
/// store.
pub fn expect_no_dangling_link(directory: &Path) -> Result<(), StoreError> {
    regular::expect_no_dangling_link(directory).map_err(|source| StoreError::Io { action: "be opened", source })
}

/// Sets the store in `directory` aside, because the journal is going to be shorter than it says. Says where it is now.
pub fn give_up(directory: &Path) -> Result<Option<PathBuf>, StoreError> {
    if fs::symlink_metadata(directory).is_err() {
        return Ok(None);
    }
    set_aside(directory).map(Some)
}

/// The head of a store that is not trusted; none where that cannot be read.
fn head_held(directory: &Path, options: Options) -> Result<Option<Head>, StoreError> {
    if !is_directory_or_missing(directory) {
        return Ok(None);
    }
    match SledKv::open(directory, options).and_then(|kv| Store::over(Arc::new(kv))) {
        Ok(store) => Ok(store.writer.lock().held.clone()),
        Err(error @ StoreError::Newer { .. }) => Err(error),
        Err(error) => {
            tracing::debug!(%error, "the store that is set aside does not say which entries it contains");
            Ok(None)
        }
    }
}

/// How much room the files in `path` take, as far as can be seen.
fn bytes_in(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |found| found.len()) };
    entries.filter_map(Result::ok).map(|entry| bytes_in(&entry.path())).sum()
}

/// Opens a copy of a store that nobody uses, to look at it, whatever became of the original.
///
/// # Errors
/// As [`open_or_quarantine`], and [`StoreError::Damaged`] where that would set it aside.
pub fn look_at(directory: &Path, options: Options) -> Result<(Store, Option<Loaded>), StoreError> {
    match marked(directory)? {
        Some(reason) => Err(StoreError::files(reason)),
        None => open(directory, options),
    }
}

/// Marks the store in `directory` as damaged, so that the next [`open_or_quarantine`] sets it aside.
pub fn mark_for_rebuild(directory: &Path, why: &str) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { action: "mark itself for a rebuild", source };
    fs::create_dir_all(directory).map_err(failed)?;
    let mut file = regular::replace(&directory.join(MARKER)).map_err(failed)?;
    file.write_all(why.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    sync_directory(directory).map_err(failed)
}

/// Opens what will be written to.
fn open_for_use(directory: &Path, options: Options) -> Result<(Store, Option<Loaded>), StoreError> {
    if is_directory_or_missing(directory)
        && let Err(error) = in_use::begin(directory)
    {
        // A full disk is no reason not to serve: it is noted before the first checkpoint then.
        if !room::is_lacking(&error) {
            return Err(noting(error));
        }
        tracing::warn!(%error, "it could not be noted that the store is in use");
    }
    open(directory, options)
}

fn is_directory_or_missing(directory: &Path) -> bool {
    fs::symlink_metadata(directory).map_or(true, |found| found.is_dir() || found.is_symlink())
}

/// Refuses a file in the place of `directory`.
pub fn expect_directory(directory: &Path) -> Result<(), StoreError> {
    if is_directory_or_missing(directory) {
        return Ok(());
    }
    Err(StoreError::files("there is a file where the store's directory should be"))
}

fn open(directory: &Path, options: Options) -> Result<(Store, Option<Loaded>), StoreError> {
    expect_directory(directory)?;
    let mut store = Store::over(Arc::new(SledKv::open(directory, options)?))?;
    store.directory = Some(directory.to_owned());
    let loaded = store.load()?;
    Ok((store, loaded))
}

fn reason_to_rebuild(directory: &Path) -> Result<Option<String>, StoreError> {
    let failed = |source| StoreError::Io { action: "read whether it was in use", source };
    if in_use::was_cut_off(directory).map_err(failed)? {
        return Ok(Some("the machine stopped while it was in use".into()));
    }
    marked(directory)
}

/// Why the store was marked for a rebuild, if it was.
fn marked(directory: &Path) -> Result<Option<String>, StoreError> {
    let failed = |source| StoreError::Io { action: "read its mark for a rebuild", source };
    let file = match regular::open(&directory.join(MARKER)) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let mut reason = Vec::new();
    file.take(REASON_BYTES_MAX).read_to_end(&mut reason).map_err(failed)?;
    Ok(Some(format!("it was marked for a rebuild: {}", String::from_utf8_lossy(&reason))))
}

/// Moves `directory` out of the way and says where to. Of those moved before, the oldest are removed.
fn set_aside(directory: &Path) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::Io { action: "be set aside", source };
    let mut before = set_aside_before(directory).map_err(failed)?;
    let number = before.last().map_or(1, |(number, _)| number.saturating_add(1));
    let path = numbered(directory, number);
    fs::rename(directory, &path).map_err(failed)?;
    before.push((number, path.clone()));
    let parent = path.parent().unwrap_or(Path::new(""));
    sync_directory(parent).map_err(failed)?;
    for (_, old) in before.iter().rev().skip(KEPT) {
        let removed = if old.is_dir() { fs::remove_dir_all(old) } else { fs::remove_file(old) };
        if let Err(error) = removed {
            tracing::warn!(path = %old.display(), %error, "an old store that was set aside could not be removed");
        }
    }
    Ok(path)
}

/// What was set aside before, oldest first.
fn set_aside_before(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let prefix = numbered_prefix(directory);
    let parent = parent_of(directory);
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)).and_then(|number| number.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

fn numbered_prefix(directory: &Path) -> String {
    let name = directory.file_name().map_or_else(|| "store".into(), |name| name.to_string_lossy().into_owned());
    format!("{name}.damaged-")
}

fn numbered(directory: &Path, number: u64) -> PathBuf {
    directory.with_file_name(format!("{}{number}", numbered_prefix(directory)))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}
