//! Restoring a backup: verify all of it, cut it where it is wanted, write it, read it back, make it a data directory.

use std::path::Path;

use super::content::Backup;
use super::error::BackupError;
use super::later::Later;
use super::{Backed, Restored};
use crate::app::offline::{self, State};
use crate::domain::entry::Entry;
use crate::journal::{Cut, Options, Reader, Restoring, Until};
use crate::telemetry::Progress;

/// Makes the data directory `to` of the backup `from`, up to the last entry that `until` takes in, and behind it the
/// later changes of users and keys where they are kept.
pub(super) fn restore(from: &Path, to: &Path, until: Until, keeps_access: bool) -> Result<Restored, BackupError> {
    // Said at once, and not after all of the backup was read.
    Restoring::refuse_content(to)?;
    let backup = Backup::open(from)?;
    if let Until::Sequence(wanted) = until
        && wanted > backup.last()
    {
        let (path, last) = (backup.path().to_owned(), backup.last());
        return Err(BackupError::BehindTheEnd { path, wanted, last });
    }
    backup.verify()?;
    let reader = backup.reader()?;
    let progress = Progress::start("reading the journal", reader.progress().bytes_total);
    let cut = Cut::find(reader, until, |read| progress.set(read.bytes_read))?;
    drop(progress);
    if cut.sequence == 0
        && until != Until::End
        && let Some(first) = backup.reader()?.skip()?
    {
        return Err(BackupError::NothingBefore { path: backup.path().to_owned(), first_at: first.at });
    }
    let later =
        if cut.sequence < backup.last() { Later::find(backup.reader()?, cut.sequence)? } else { Later::default() };
    let is_kept = keeps_access && !later.entries.is_empty();
    // What is appended may need one more segment, which wants some room beside itself.
    let beside = cut.segments.last().filter(|_| is_kept).map_or(0, |segment| segment.size + segment.size / 4);
    let restoring = Restoring::begin(to)?;
    // Only now, when what an interrupted restore left is out of the way.
    cut.look_for_room(to, beside).map_err(BackupError::NoRoom)?;
    let progress = Progress::start("writing the journal", cut.bytes());
    cut.write(&restoring.journal(), |done| progress.set(done))?;
    drop(progress);
    let mut written = written(&restoring)?;
    if (written.sequence, written.chain) != (cut.sequence, cut.chain) {
        return Err(BackupError::NotAsWritten { found: written.sequence, wanted: cut.sequence });
    }
    if is_kept {
        let wanted = cut.sequence + later.entries.len() as u64;
        append(&restoring, &cut, later.entries)?;
        written = self::written(&restoring)?;
        if written.sequence != wanted {
            return Err(BackupError::NotAsWritten { found: written.sequence, wanted });
        }
    }
    restoring.finish()?;
    let bytes = written.content_bytes();
    let backed = Backed { sequence: written.sequence, chain: written.chain, last_entry_at: written.at, bytes };
    Ok(Restored { backed, until: cut.sequence, later: later.rows, is_kept })
}

/// All that was written so far, read back.
fn written(restoring: &Restoring) -> Result<Cut, BackupError> {
    let reader = Reader::open(&restoring.journal(), None)?;
    let progress = Progress::start("verifying the journal", reader.progress().bytes_total);
    Ok(Cut::find(reader, Until::End, |read| progress.set(read.bytes_read))?)
}

fn append(restoring: &Restoring, cut: &Cut, entries: Vec<Entry>) -> Result<(), BackupError> {
    let (_, tail) = State::read(Reader::open(&restoring.journal(), None)?)?;
    let mut options = Options::default();
    options.segment_bytes = cut.segments.last().map_or(options.segment_bytes, |segment| segment.size);
    offline::append(&restoring.journal(), &options, &tail, entries)
        .map_err(|error| BackupError::Later(error.to_string()))
}
