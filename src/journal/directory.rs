//! The data directory: `FORMAT`, `LOCK`, `journal/`, `store/`.
//!
//! Invariants: a directory that is refused is left exactly as it was. `FORMAT` is written last when one is made, so
//! that where it is, `journal/` has been, with the first segment in it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::directory_error::{DirectoryError, FORMAT_VERSION};
pub(super) use super::directory_error::{FORMAT, JOURNAL};
pub(super) use super::lock::Lock;
use super::lock::LockError;
use super::prepare;
use super::segment::{self, sync_directory};
use super::witness::{WITNESS, WITNESS_UNFINISHED, Witness};
use crate::regular;

/// It holds a number.
const FORMAT_BYTES_MAX: u64 = 1 << 10;
const FORMAT_UNFINISHED: &str = "FORMAT.tmp";
/// What a directory has in the place of [`FORMAT`] while a journal is being restored into it.
pub(super) const RESTORING: &str = "RESTORING";
const LOCK: &str = "LOCK";
const STORE: &str = "store";
const LISTING: &str = "listing its journal";
/// What may lie in a directory that is as good as empty: what a start leaves that was killed before it wrote
/// [`FORMAT`], and what a fresh file system brings.
const NOTHING: [&str; 5] = [LOCK, FORMAT_UNFINISHED, WITNESS, WITNESS_UNFINISHED, "lost+found"];

/// A data directory that this process alone uses, until the value is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: Lock,
}

impl DataDirectory {
    /// Takes the data directory at `path`; makes it when it does not exist or is empty, with a first segment of
    /// `segment_bytes`.
    pub fn open(path: &Path, segment_bytes: u64) -> Result<Self, DirectoryError> {
        make(path).map_err(failed(path, "making it"))?;
        // Before the lock: a directory that is not ours gets no lock file.
        check_format(path)?;
        check_owner(path)?;
        let mut lock = lock(path)?;
        // And under it: another process may have written the format in between.
        if check_format(path)? == Content::Nothing {
            make(&path.join(JOURNAL)).map_err(failed(path, "making the journal's directory"))?;
            lock_journal(path, &mut lock)?;
            begin(path, segment_bytes)?;
            write_format(path).map_err(failed(path, "writing its format"))?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Gives up what the journal at `path` has lost at its end, as somebody asked for: from now on it is what is there.
    pub fn accept_shorter(path: &Path, segment_bytes: u64) -> Result<Self, DirectoryError> {
        match check_format(path) {
            Ok(_) | Err(DirectoryError::JournalMissing { .. }) => {}
            Err(error) => return Err(error),
        }
        check_owner(path)?;
        let mut lock = lock(path)?;
        make(&path.join(JOURNAL)).map_err(failed(path, "making the journal's directory"))?;
        lock_journal(path, &mut lock)?;
        match fs::remove_file(path.join(WITNESS)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(path, "removing the journal's witness")(error));
            }
            Ok(()) | Err(_) => {}
        }
        begin(path, segment_bytes)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Takes the data directory at `path`, which somebody else has made. Writes nothing but the lock file.
    pub fn open_existing(path: &Path) -> Result<Self, DirectoryError> {
        if check_format(path)? == Content::Nothing {
            return Err(DirectoryError::Missing { path: path.to_owned() });
        }
        check_owner(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock(path)? })
    }

    /// As [`DataDirectory::open_existing`], to read only. Where nothing can be written, not even the lock file is.
    pub fn open_to_read(path: &Path) -> Result<Self, DirectoryError> {
        if check_format(path)? == Content::Nothing {
            return Err(DirectoryError::Missing { path: path.to_owned() });
        }
        let is_own = check_owner(path).is_ok();
        let mut lock = Lock::take_to_read(&path.join(LOCK), is_own).map_err(not_locked(path))?;
        lock_journal(path, &mut lock)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where the journal of the data directory at `path` is, which another process may be using. Writes nothing, and
    /// takes no lock: only for [`Reader::open_live`](super::Reader::open_live).
    pub fn journal_beside(path: &Path) -> Result<PathBuf, DirectoryError> {
        match check_format(path)? {
            Content::Nothing => Err(DirectoryError::Missing { path: path.to_owned() }),
            Content::Packhorse => Ok(path.join(JOURNAL)),
        }
    }

    /// The data directory that `path`, which need not exist, lies in.
    #[must_use]
    pub fn around(path: &Path) -> Option<PathBuf> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent.canonicalize().ok()?;
        let is_one = |path: &&Path| path.join(FORMAT).is_file() && path.join(JOURNAL).is_dir();
        parent.ancestors().find(is_one).map(Path::to_owned)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether other users of this machine can read what is in it, or put something else in the place of it.
    pub fn is_open_to_others(&self) -> io::Result<bool> {
        let is_open = |path: &Path| match fs::metadata(path) {
            Ok(found) => Ok(found.permissions().mode() & 0o077 != 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let is_writable = fs::metadata(&self.path)?.permissions().mode() & 0o022 != 0;
        Ok(is_writable || is_open(&self.path)? && (is_open(&self.journal())? || is_open(&self.store())?))
    }

    /// Where the journal is; the directory exists.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The last segment of the journal; the journal's directory where that cannot be told.
    #[must_use]
    pub fn last_segment(&self) -> PathBuf {
        let journal = self.journal();
        let last = segment::list(&journal).ok().and_then(Result::ok).and_then(|segments| segments.last().copied());
        last.map_or_else(|| journal.clone(), |first| journal.join(segment::file_name(first)))
    }

    /// Where the store is; the store makes its directory itself.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }
}

/// Makes the first segment where there is none, and the witness of it.
fn begin(path: &Path, segment_bytes: u64) -> Result<(), DirectoryError> {
    let journal = path.join(JOURNAL);
    if !has_segment(&journal).map_err(failed(path, LISTING))? {
        let header =
            prepare::begin_journal(&journal, segment_bytes).map_err(failed(path, "making the first segment"))?;
        Witness::of([header]).write(&journal).map_err(failed(path, "writing the journal's witness"))?;
    }
    Ok(())
}

/// Whether `journal` holds a segment, or what calls itself one. Only what is not there is gone: a directory that cannot
/// be listed says nothing.
fn has_segment(journal: &Path) -> io::Result<bool> {
    match segment::list(journal) {
        Ok(listed) => Ok(listed.map_or(true, |segments| !segments.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the lock on the data directory at `path`, and on its journal where that exists.
pub(super) fn lock(path: &Path) -> Result<Lock, DirectoryError> {
    let mut lock = Lock::take(&path.join(LOCK)).map_err(not_locked(path))?;
    lock_journal(path, &mut lock)?;
    Ok(lock)
}

fn lock_journal(path: &Path, lock: &mut Lock) -> Result<(), DirectoryError> {
    lock.cover(&path.join(JOURNAL)).map_err(not_locked(path))
}

fn not_locked(path: &Path) -> impl Fn(LockError) -> DirectoryError {
    move |error| match error {
        LockError::Held(pid) => DirectoryError::InUse { path: path.to_owned(), pid },
        LockError::Io(error) => failed(path, "locking it by its file LOCK")(error),
    }
}

/// What is in a directory that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Nothing,
    Packhorse,
}

fn check_format(path: &Path) -> Result<Content, DirectoryError> {
    let file = path.join(FORMAT);
    let bytes = match regular::read(&file, FORMAT_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return check_empty(path),
        Err(error) => return Err(failed(path, "reading its format")(error)),
    };
    let content = String::from_utf8_lossy(&bytes);
    match content.trim().parse::<u32>() {
        Ok(FORMAT_VERSION) if has_segment(&path.join(JOURNAL)).map_err(failed(path, LISTING))? => {
            Ok(Content::Packhorse)
        }
        Ok(FORMAT_VERSION) => Err(DirectoryError::JournalMissing { path: path.to_owned() }),
        Ok(found) if found > FORMAT_VERSION => Err(DirectoryError::Newer { path: path.to_owned(), found }),
        Ok(_) | Err(_) => Err(DirectoryError::Unreadable { file, content: content.chars().take(40).collect() }),
    }
}

/// Refuses what root would do in the directory of another user. Who else is no owner is refused by the system.
fn check_owner(path: &Path) -> Result<(), DirectoryError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    match fs::metadata(path.join(FORMAT)) {
        Ok(found) if found.uid() != 0 => {
            Err(DirectoryError::OthersDirectory { path: path.to_owned(), owner: found.uid() })
        }
        // One that is not made yet is root's from the beginning.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn check_empty(path: &Path) -> Result<Content, DirectoryError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(DirectoryError::Missing { path: path.to_owned() });
        }
        Err(error) => return Err(failed(path, "listing it")(error)),
    };
    if path.join(RESTORING).exists() {
        return Err(DirectoryError::RestoreUnfinished { path: path.to_owned() });
    }
    for entry in entries {
        let name = entry.map_err(failed(path, "listing it"))?.file_name();
        let is_nothing = NOTHING.iter().any(|nothing| name == OsStr::new(nothing));
        let is_new_journal = name == OsStr::new(JOURNAL) && prepare::is_beginning(&path.join(name));
        if !is_nothing && !is_new_journal {
            if path.join(WITNESS).exists() && has_segment(&path.join(JOURNAL)).map_err(failed(path, LISTING))? {
                return Err(DirectoryError::FormatMissing { path: path.to_owned() });
            }
            return Err(DirectoryError::Foreign { path: path.to_owned() });
        }
    }
    Ok(Content::Nothing)
}

/// What is in the directory `path` beside what an interrupted start or restore left, if anything is.
pub(super) fn in_the_way_of_a_restore(path: &Path) -> io::Result<Option<OsString>> {
    let is_left_over = path.join(RESTORING).exists();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let is_nothing = NOTHING.iter().any(|nothing| name == OsStr::new(nothing));
        let is_of_restore = name == OsStr::new(RESTORING)
            || name == OsStr::new(JOURNAL) && (is_left_over || is_empty_directory(&path.join(&name)));
        if !is_nothing && !is_of_restore {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn is_empty_directory(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Writes the format so that it is there as a whole or not at all, whenever the power fails.
fn write_format(path: &Path) -> io::Result<()> {
    let unfinished = path.join(FORMAT_UNFINISHED);
    let mut file = regular::replace(&unfinished)?;
    writeln!(file, "{FORMAT_VERSION}")?;
    file.sync_all()?;
    fs::rename(unfinished, path.join(FORMAT))?;
    sync_directory(path)
}

/// Makes a directory that lasts, with those around it, unless it exists. Only its owner may look into it: it holds
/// customers' addresses and hashes of passwords.
pub(super) fn make(path: &Path) -> io::Result<()> {
    regular::expect_no_dangling_link(path)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            // Where the one around it is there, nothing would become of trying again.
            Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
                make(parent)?;
                return make(path);
            }
            Some(_) | None => return Err(error),
        },
        Err(error) => return Err(error),
    }
    path.canonicalize()?.parent().map_or(Ok(()), sync_directory)
}

pub(super) fn failed(path: &Path, operation: &'static str) -> impl FnOnce(io::Error) -> DirectoryError {
    move |error| DirectoryError::Io { path: path.to_owned(), operation, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 8_192;

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn makes_a_directory_and_opens_it_again() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b/data");
        let opened = DataDirectory::open(&path, SIZE).unwrap();
        assert_eq!(names(&path), ["FORMAT", "LOCK", "WITNESS", "journal"]);
        assert_eq!(names(&path.join("journal")), ["00000000000000000001.seg"]);
        assert_eq!(fs::read_to_string(path.join("FORMAT")).unwrap(), "1\n");
        assert_eq!((opened.journal(), opened.store()), (path.join("journal"), path.join("store")));
        drop(opened);
        DataDirectory::open_existing(&path).unwrap();
        // Also where nobody set the mask of the process, as in a program that uses the library.
        for made in [path.join("journal"), path.clone(), temporary.path().join("a/b")] {
            let mode = fs::metadata(&made).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700, "{}", made.display());
        }
    }

    #[test]
    fn the_second_process_is_told_who_has_it() {
        let temporary = tempfile::tempdir().unwrap();
        let _first = DataDirectory::open(temporary.path(), SIZE).unwrap();
        let text = DataDirectory::open(temporary.path(), SIZE).unwrap_err().to_string();
        let (path, pid) = (temporary.path().display(), std::process::id());
        assert_eq!(text, format!("the data directory {path} is in use by process {pid}"));
    }

    #[test]
    fn a_lock_file_that_was_removed_or_another_name_of_the_journal_lets_nobody_else_in() {
        let temporary = tempfile::tempdir().unwrap();
        let (one, other) = (temporary.path().join("one"), temporary.path().join("other"));
        drop(DataDirectory::open(&one, SIZE).unwrap());
        // Both ways of taking it: one that is made, and one that is there.
        for held in [DataDirectory::open(&temporary.path().join("new"), SIZE), DataDirectory::open(&one, SIZE)] {
            let held = held.unwrap();
            fs::remove_file(held.path().join(LOCK)).unwrap();
            for opened in [DataDirectory::open(held.path(), SIZE), DataDirectory::open_existing(held.path())] {
                assert!(matches!(opened, Err(DirectoryError::InUse { .. })), "{opened:?}");
            }
        }
        let _held = DataDirectory::open(&one, SIZE).unwrap();
        fs::create_dir(&other).unwrap();
        fs::copy(one.join(FORMAT), other.join(FORMAT)).unwrap();
        std::os::unix::fs::symlink(one.join(JOURNAL), other.join(JOURNAL)).unwrap();
        let opened = DataDirectory::open(&other, SIZE);
        assert!(matches!(opened, Err(DirectoryError::InUse { .. })), "{opened:?}");
    }

    #[test]
    fn root_makes_nothing_in_the_directory_of_another_user() {
        let temporary = tempfile::tempdir().unwrap();
        drop(DataDirectory::open(temporary.path(), SIZE).unwrap());
        if !rustix::process::geteuid().is_root() {
            // Nobody else can give a file away, and the system refuses them what they may not do.
            return assert!(check_owner(temporary.path()).is_ok());
        }
        fs::remove_file(temporary.path().join(LOCK)).unwrap();
        for name in ["", FORMAT, WITNESS, JOURNAL] {
            std::os::unix::fs::chown(temporary.path().join(name), Some(65_534), Some(65_534)).unwrap();
        }
        let before = names(temporary.path());
        let accepted = DataDirectory::accept_shorter(temporary.path(), SIZE);
        let existing = DataDirectory::open_existing(temporary.path());
        for opened in [DataDirectory::open(temporary.path(), SIZE), existing, accepted] {
            let text = opened.unwrap_err().to_string();
            assert!(text.contains("sudo -u '#65534'"), "{text}");
        }
        DataDirectory::open_to_read(temporary.path()).unwrap();
        assert_eq!(names(temporary.path()), before);
    }

    #[test]
    fn a_journal_that_cannot_be_listed_is_not_one_that_is_gone() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        drop(DataDirectory::open(&path, SIZE).unwrap());
        let before = fs::read(path.join(WITNESS)).unwrap();
        fs::rename(path.join(JOURNAL), path.join("elsewhere")).unwrap();
        fs::write(path.join(JOURNAL), "no directory").unwrap();
        let accepted = DataDirectory::accept_shorter(&path, SIZE);
        for opened in [DataDirectory::open(&path, SIZE), DataDirectory::open_existing(&path), accepted] {
            let text = opened.unwrap_err().to_string();
            assert!(text.contains(LISTING) && !text.contains("--accept-shorter-journal"), "{text}");
        }
        assert_eq!(fs::read(path.join(WITNESS)).unwrap(), before);
    }

    #[test]
    fn refuses_what_is_not_its_own_and_leaves_it_untouched() {
        let check = |name: &str, content: &str, fragment: &str| {
            let temporary = tempfile::tempdir().unwrap();
            let file = temporary.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
            for opened in [DataDirectory::open(temporary.path(), SIZE), DataDirectory::open_existing(temporary.path())]
            {
                let text = opened.unwrap_err().to_string();
                assert!(text.contains(fragment), "{text}");
            }
            assert_eq!(names(temporary.path()), [name.split('/').next().unwrap()]);
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
        };
        check("holiday.jpg", "", "is not a Packhorse data directory");
        check("journal/00000000000000000001.seg", "", "is not a Packhorse data directory");
        check("FORMAT", "1\n", "has lost its journal");
        check("FORMAT", "2\n", "has format 2, and this program knows formats up to 1");
        check("FORMAT", "0\n", "should hold the number of a format, but holds \"0\\n\"");
        check("FORMAT", "one", "should hold the number of a format, but holds \"one\"");
    }

    #[test]
    fn refuses_a_directory_that_should_exist() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("missing");
        assert!(matches!(DataDirectory::open_existing(&path), Err(DirectoryError::Missing { .. })));
        assert!(!path.exists());
        assert!(matches!(DataDirectory::open_existing(temporary.path()), Err(DirectoryError::Missing { .. })));
        assert_eq!(names(temporary.path()), [""; 0]);
    }

    #[test]
    fn goes_on_where_a_first_start_was_killed() {
        let temporary = tempfile::tempdir().unwrap();
        for name in NOTHING {
            fs::write(temporary.path().join(name), "").unwrap();
        }
        fs::create_dir(temporary.path().join(JOURNAL)).unwrap();
        DataDirectory::open(temporary.path(), SIZE).unwrap();
        assert!(names(temporary.path()).contains(&"FORMAT".to_owned()));
    }
}
