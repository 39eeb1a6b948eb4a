//! Room on a disk, looked at before something large is begun.

use std::io;
use std::path::Path;

/// Refuses what takes `needed` bytes on the disk of `path` when fewer are free for this user; `what` names it in the
/// error, which is one of [`io::ErrorKind::StorageFull`]. Of a path that does not exist yet, the closest folder above
/// counts.
pub(crate) fn look(path: &Path, needed: u64, what: &str) -> io::Result<()> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(there)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < needed {
        let text = format!("No space left on device: {free} bytes are free, and {what} takes {needed}");
        return Err(io::Error::new(io::ErrorKind::StorageFull, text));
    }
    Ok(())
}

/// Whether `error` says that there is no room on the disk, or none for this user, which passes.
pub(crate) fn is_lacking(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers_also_where_nothing_is_yet() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path().to_owned(), directory.path().join("not/there/yet")] {
            assert!(look(&path, 1, "it").is_ok(), "{}", path.display());
            let error = look(&path, 1 << 60, "a journal").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            let text = error.to_string();
            assert!(text.contains("bytes are free, and a journal takes 1152921504606846976"), "{text}");
        }
        assert!(look(Path::new("not-there"), 1, "it").is_ok(), "a name alone is in the current folder");
    }
}
