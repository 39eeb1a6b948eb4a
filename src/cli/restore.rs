//! `packhorse restore`: a data directory out of a backup, as it was at its end or earlier.

use std::io::{self, Write};
use std::path::PathBuf;

use chrono::DateTime;
use clap::Args;

use super::backup::render;
use crate::app::{self, Until};
use crate::domain::time::Timestamp;
use crate::telemetry;

/// The flags of `restore`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// Backup to restore; all of it is verified before anything is written
    #[arg(long, value_name = "DIR|FILE")]
    from: PathBuf,
    /// Data directory to make, which must not exist yet or be empty
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Last moment to restore: the number of an entry, or a time such as 2026-11-22T04:00:00Z. What came later is left
    /// out. Ids that were given out later are given out again, and a request that had its effect later has it again
    #[arg(long, value_name = "SEQ|TIME", value_parser = until)]
    until: Option<Until>,
}

impl Restore {
    /// Restores, reads the journal back, and says how far it reaches.
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start()?;
        let until = self.until.unwrap_or(Until::End);
        let restored = app::restore(&self.from, &self.data_dir, until).map_err(app::Error::from)?;
        io::stdout().write_all(render(&restored).as_bytes())?;
        Ok(())
    }
}

fn until(text: &str) -> Result<Until, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        let sequence = text.parse().ok().filter(|sequence| *sequence > 0);
        return sequence.map(Until::Sequence).ok_or_else(|| "the first entry has number 1".to_owned());
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
        assert_eq!(until("2026-11-22T04:00:00Z"), instant(1_795_320_000_000_000));
        assert_eq!(until("2026-11-22T10:00:00.123456+06:00"), instant(1_795_320_000_123_456));
        for text in ["0", "", "-1", "2026-11-22", "2026-11-22T04:00:00", "yesterday", "99999999999999999999"] {
            assert!(until(text).is_err(), "{text}");
        }
    }
}
