//! Exports: orders, their history, the movements of stock, or the audit log, row by row out of the journal.
//!
//! The journal is read from its front and folded; what the fold needs is all that memory holds: every order for an
//! export of orders, the open ones for the others. It is read as a backup reads it, beside a process that serves.
//! Deliberately absent: `is_delayed` and `allowed_actions`, which are no facts but follow from settings and the time.

mod csv;
mod fold;
mod row;
mod sheet;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fold::Fold;
use row::{AUDIT, AuditLine, HISTORY, HistoryRow, MOVEMENTS, MovementRow, ORDERS, OrderRow};
use sheet::Sheet;

use super::backup::{Backup, BackupError};
use super::unfinished::{TargetError, Unfinished};
use crate::domain::effects::OrderEffect;
use crate::domain::order::timeline;
use crate::journal::{DataDirectory, DirectoryError, ReadError, Reader};
use crate::telemetry::Progress;
use crate::wire::render::Times;

/// How much is written at once, in bytes.
const BUFFER: usize = 1 << 20;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A data directory, whether a process uses it or not.
    DataDirectory(PathBuf),
    /// A backup.
    Backup(PathBuf),
}

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Every order as it stands, by id.
    Orders,
    /// Every transition of an order and every change of its contact, in the order in which they happened.
    History,
    /// Every row of the stock ledger, in the order in which they happened.
    Movements,
    /// Every change of users, keys and catalogue, in the order in which they happened.
    Audit,
}

/// How they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object on each line.
    Ndjson,
    /// Comma-separated values with a header, for spreadsheets.
    Csv(Csv),
}

/// How comma-separated values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Csv {
    /// Begins with a byte order mark, by which Excel knows UTF-8.
    pub has_bom: bool,
    /// Writes every text as it is, also one that a spreadsheet takes for a formula.
    pub is_raw: bool,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many rows.
    pub rows: u64,
    /// The last entry that they contain.
    pub sequence: u64,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The backup is damaged, or cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The journal is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The file cannot be written.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The rows cannot be written to the standard output.
    #[error("cannot write the export: {0}")]
    Output(#[from] io::Error),
}

/// Exports `what` of `source` as `format` into the file `to`, which does not exist, or to the standard output.
///
/// # Errors
/// When the journal is damaged, or the rows cannot be written. A file is there as a whole or not at all.
pub fn export(source: &Source, what: What, format: Format, to: Option<&Path>) -> Result<Exported, ExportError> {
    let Some(to) = to else {
        return write(source, what, format, &mut io::stdout().lock());
    };
    let (unfinished, mut file) = Unfinished::file(to)?;
    let written = write(source, what, format, &mut file);
    let exported = written.map_err(|error| match error {
        ExportError::Output(error) => TargetError::io(unfinished.path())(error).into(),
        other => other,
    })?;
    file.sync_all().map_err(TargetError::io(unfinished.path()))?;
    unfinished.publish()?;
    Ok(exported)
}

fn write(source: &Source, what: What, format: Format, to: &mut impl Write) -> Result<Exported, ExportError> {
    let reader = match source {
        Source::DataDirectory(path) => Reader::open_live(&DataDirectory::journal_beside(path)?)?,
        Source::Backup(path) => {
            let backup = Backup::open(path)?;
            backup.verify()?;
            backup.reader()?
        }
    };
    let mut output = BufWriter::with_capacity(BUFFER, to);
    let columns = match what {
        What::Orders => ORDERS,
        What::History => HISTORY,
        What::Movements => MOVEMENTS,
        What::Audit => AUDIT,
    };
    let mut sheet = Sheet::begin(&mut output, format, columns)?;
    let sequence = rows(reader, what, format, &mut sheet)?;
    let rows = sheet.finish()?;
    output.flush()?;
    Ok(Exported { rows, sequence })
}

/// Writes all rows, and answers with the last entry.
fn rows(mut reader: Reader, what: What, format: Format, sheet: &mut Sheet<'_>) -> Result<u64, ExportError> {
    let times = Times::new(chrono_tz::UTC);
    let progress = Progress::start("reading the journal", reader.progress().bytes_total);
    let mut fold = Fold::new(what);
    while let Some(durable) = reader.next(&fold)? {
        let effects = fold.apply(&durable);
        match what {
            What::Orders => {}
            What::History => {
                for OrderEffect { before, after } in &effects.orders {
                    let known = before.as_ref().map_or(0, |before| timeline(&before.history).count());
                    for happening in timeline(&after.history).skip(known) {
                        sheet.row(&HistoryRow::new(after.id, happening, format, &times))?;
                    }
                }
            }
            What::Movements => {
                for (product, movement) in &effects.movements {
                    sheet.row(&MovementRow::new(*product, movement, format, &times))?;
                }
            }
            What::Audit => {
                for row in &effects.audit {
                    sheet.row(&AuditLine::new(row, format, &times))?;
                }
            }
        }
        progress.set(reader.progress().bytes_read);
    }
    drop(progress);
    for order in fold.into_orders().values() {
        sheet.row(&OrderRow::new(order, format, &times))?;
    }
    Ok(reader.sequence())
}
