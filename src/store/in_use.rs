//! Whether the machine stopped while the store was in use.
//!
//! sled counts on the page cache: it reuses space before what replaced it is on the disk, whatever is synced after it.
//! A killed process leaves the cache whole. A machine that lost power, or was reset, does not, and what is then found
//! may be a mixture of old and new records, each of them whole. So a file says in which boot of the machine the store
//! was opened, until it was closed and synced; found in a later boot, the store is not trusted, and is made anew from
//! the journal.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::regular;

/// The file. It holds the boot's id as the system tells it.
pub(super) const IN_USE: &str = "IN_USE";
/// It is much shorter.
const BYTES_MAX: u64 = 4 << 10;
/// Where Linux tells it: another one for each boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The id of this boot; empty where the system does not tell, which is then no reason to trust anything.
fn boot() -> Vec<u8> {
    fs::read(BOOT_ID).unwrap_or_default()
}

/// Whether the machine was started again since the store in `directory` was opened, and not closed.
pub(super) fn was_cut_off(directory: &Path) -> io::Result<bool> {
    match regular::read(&directory.join(IN_USE), BYTES_MAX) {
        Ok(opened) => Ok(opened.is_empty() || opened != boot()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes that the store in `directory` is in use from now on, unless that stands there. Waits for the disk.
pub(super) fn begin(directory: &Path) -> io::Result<()> {
    let boot = boot();
    if !boot.is_empty() && regular::read(&directory.join(IN_USE), BYTES_MAX).is_ok_and(|opened| opened == boot) {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    let mut file = regular::replace(&directory.join(IN_USE))?;
    file.write_all(&boot)?;
    file.sync_all()?;
    File::open(directory)?.sync_all()
}

/// Notes that the store in `directory` is closed, and all of it on the disk.
pub(super) fn end(directory: &Path) -> io::Result<()> {
    fs::remove_file(directory.join(IN_USE))
}
