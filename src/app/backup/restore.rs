//! Restoring a backup: verify all of it, cut it where it is wanted, write it, read it back, make it a data directory.

use std::path::Path;

use super::Backed;
use super::content::Backup;
use super::error::BackupError;
use crate::journal::{Cut, Reader, Restoring, Until};
use crate::telemetry::Progress;

/// Makes the data directory `to` of the backup `from`, up to the last entry that `until` takes in.
pub(super) fn restore(from: &Path, to: &Path, until: Until) -> Result<Backed, BackupError> {
    // Said at once, and not after all of the backup was read.
    Restoring::refuse_content(to)?;
    let backup = Backup::open(from)?;
    backup.verify()?;
    let reader = backup.reader()?;
    let progress = Progress::start("reading the journal", reader.progress().bytes_total);
    let cut = Cut::find(reader, until, |read| progress.set(read.bytes_read))?;
    drop(progress);
    if cut.sequence == 0 && until != Until::End {
        return Err(BackupError::NothingBefore { path: backup.path().to_owned() });
    }
    let restoring = Restoring::begin(to)?;
    let progress = Progress::start("writing the journal", cut.bytes());
    cut.write(&restoring.journal(), |done| progress.set(done))?;
    drop(progress);
    let reader = Reader::open(&restoring.journal(), None)?;
    let progress = Progress::start("verifying the journal", reader.progress().bytes_total);
    let written = Cut::find(reader, Until::End, |read| progress.set(read.bytes_read))?;
    if (written.sequence, written.chain) != (cut.sequence, cut.chain) {
        return Err(BackupError::NotAsWritten { found: written.sequence, wanted: cut.sequence });
    }
    restoring.finish()?;
    Ok(Backed { sequence: cut.sequence, chain: cut.chain, last_entry_at: cut.at, bytes: cut.content_bytes() })
}
