//! Small files that somebody may have put something else in the place of: a pipe, a device, a disk image.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the regular file at `path`. A pipe that nobody writes to is refused and not waited for.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        let text = format!("{} is no regular file", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(file)
}

/// Refuses a `path` that is a link to something that is not there, as where a volume is not mounted.
pub(crate) fn expect_no_dangling_link(path: &Path) -> io::Result<()> {
    if !path.is_symlink() || path.exists() {
        return Ok(());
    }
    let text = format!("{} is a link to something that is not there (is a volume not mounted?)", path.display());
    Err(io::Error::other(text))
}

/// Makes an empty file at `path`, in the place of what is there. Where that is a link, nothing happens to what it leads
/// to.
pub(crate) fn replace(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(_) if path.is_dir() => {
            return Err(io::Error::other(format!("{} is a directory; move it away", path.display())));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Reads the regular file at `path`, which has at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more: what grows meanwhile is too large as well.
    open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let text = format!("{} has more than {max} bytes, the most that such a file can have", path.display());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_regular_file_or_too_large_is_refused_at_once() {
        let home = tempfile::tempdir().unwrap();
        let (file, pipe, large) = (home.path().join("file"), home.path().join("pipe"), home.path().join("large"));
        fs::write(&file, "12345678").unwrap();
        assert_eq!(read(&file, 8).unwrap(), b"12345678");
        assert_eq!(read(&file, 7).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for other in [pipe.as_path(), home.path(), Path::new("/dev/zero")] {
            let error = read(other, 8).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{}: {error}", other.display());
        }
        File::create(&large).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&large, 8).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&home.path().join("missing"), 8).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
