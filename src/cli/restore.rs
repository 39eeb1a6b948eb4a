//! `packhorse restore`: a data directory out of a backup, as it was at its end or earlier.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use chrono::DateTime;
use clap::Args;

use super::backup::render;
use super::pipe::{print, unless_closed};
use crate::app::{self, Restored, Until};
use crate::domain::count::counted;
use crate::domain::time::Timestamp;
use crate::telemetry;

/// How many changes are listed; the rest is only counted.
const SHOWN_MAX: usize = 100;

/// The flags of `restore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    packhorse restore --from backup.tar --data-dir restored\n  \
    packhorse restore --from backup.tar --data-dir restored --until 2026-11-22T04:00:00Z")]
pub(super) struct Restore {
    /// Backup to restore; all of it is verified before anything is written
    #[arg(long, value_name = "DIR|FILE")]
    from: PathBuf,
    /// Data directory to make, which must not exist yet or be empty
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Last moment to restore: the number of an entry, or a time such as 2026-11-22T04:00:00Z. What came later is left
    /// out, but for changes of users and keys. Ids that were given out later are given out again, and a request that
    /// had its effect later has it again
    #[arg(long, value_name = "SEQ|TIME", value_parser = until)]
    until: Option<Until>,
    /// Keep the changes of users and keys that came later, so that what was revoked stays revoked [default]
    #[arg(long, conflicts_with = "no_keep_access")]
    keep_access: bool,
    /// Undo the changes of users and keys that came later too: keys that were revoked and passwords that were changed
    /// hold again
    #[arg(long)]
    no_keep_access: bool,
}

impl Restore {
    /// Restores, reads the journal back, and says how far it reaches.
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start()?;
        let until = self.until.unwrap_or(Until::End);
        let restore = if self.no_keep_access { app::restore_undoing_access } else { app::restore_keeping_access };
        let restored = restore(&self.from, &self.data_dir, until).map_err(app::Error::from)?;
        print(&render(&restored.backed))
            .with_context(|| format!("the data directory {} is restored and whole", self.data_dir.display()))?;
        unless_closed(io::stderr().write_all(access(&restored).as_bytes()))?;
        Ok(())
    }
}

/// What became of the changes of users and keys that came later.
fn access(restored: &Restored) -> String {
    let Restored { until, later, is_kept, .. } = restored;
    if later.is_empty() {
        return String::new();
    }
    let (changes, remedy) = (
        counted(later.len(), "change of users and keys", "changes of users and keys"),
        if *is_kept {
            "kept, behind what was restored (--no-keep-access undoes them)"
        } else {
            "UNDONE: keys that were revoked and passwords that were changed hold again"
        },
    );
    let mut text = format!("{changes} after entry {until}: {remedy}\n");
    for row in later.iter().take(SHOWN_MAX) {
        let (word, subject) = (row.what.word().replace('_', " "), row.what.subject());
        writeln!(text, "  entry {}, {}: {word}: {subject}, by {}", row.id.sequence, row.at, row.who)
            .expect("writing to a string never fails");
    }
    if later.len() > SHOWN_MAX {
        writeln!(text, "  and {} more", later.len() - SHOWN_MAX).expect("writing to a string never fails");
    }
    text
}

fn until(text: &str) -> Result<Until, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return match text.parse() {
            Ok(0) => Err("the first entry has number 1".to_owned()),
            Ok(sequence) => Ok(Until::Sequence(sequence)),
            Err(_) => Err(format!("no entry has so large a number: the last one possible is {}", u64::MAX)),
        };
    }
    let instant = DateTime::parse_from_rfc3339(text).map_err(|error| {
        format!("neither the number of an entry nor a time with its offset, as in 2026-11-22T04:00:00Z ({error})")
    })?;
    Ok(Until::Instant(Timestamp(instant.timestamp_micros())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_entry_and_anything_else_a_time() {
        let instant = |micros| Ok(Until::Instant(Timestamp(micros)));
        assert_eq!(until("17"), Ok(Until::Sequence(17)));
        assert!(until("18446744073709551616").is_err_and(|error| error.contains("no entry has so large a number")));
        assert_eq!(until("0"), Err("the first entry has number 1".to_owned()));
        assert_eq!(until("2026-11-22T04:00:00Z"), instant(1_795_320_000_000_000));
        assert_eq!(until("2026-11-22T10:00:00.123456+06:00"), instant(1_795_320_000_123_456));
        for text in ["0", "", "-1", "2026-11-22", "2026-11-22T04:00:00", "yesterday", "99999999999999999999"] {
            assert!(until(text).is_err(), "{text}");
        }
    }
}
