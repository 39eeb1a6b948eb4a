//! `packhorse backup`: a copy of what is durable, of a running or a stopped engine.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::pipe::print;
use crate::app::{self, Backed};
use crate::telemetry;

/// The flags of `backup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    packhorse backup --data-dir data-dir --to backup.tar\n  \
    packhorse backup --data-dir data-dir --to backups/monday")]
pub(super) struct Backup {
    /// Data directory to back up; a server may be using it, and notices nothing
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Where the backup goes, which must not exist yet: a name that ends in .tar becomes one archive, any other a
    /// directory
    #[arg(long, value_name = "DIR|FILE")]
    to: PathBuf,
}

impl Backup {
    /// Makes the backup, reads it back, and says how far it reaches.
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start()?;
        let made = app::backup(&self.data_dir, &self.to).map_err(app::Error::from)?;
        print(&render(&made)).with_context(|| format!("the backup {} is made and whole", self.to.display()))
    }
}

/// One `name: value` per line.
pub(super) fn render(backed: &Backed) -> String {
    let hash = format!("{:032x}", u128::from_be_bytes(backed.chain));
    let at = backed.last_entry_at.map_or_else(|| "none".to_owned(), |at| at.to_string());
    let lines: [(&str, &dyn std::fmt::Display); 4] = [
        ("last sequence", &backed.sequence),
        ("last entry at", &at),
        ("journal hash", &hash),
        ("journal bytes", &backed.bytes),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        writeln!(text, "{name}: {value}").expect("writing to a string never fails");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_backup_is_one_fact_per_line() {
        let at = Some(Timestamp(1_795_320_000_123_456));
        let backed = Backed { sequence: 9, chain: [0xab; 16], last_entry_at: at, bytes: 4_096 };
        assert_eq!(
            render(&backed),
            "last sequence: 9\nlast entry at: 2026-11-22T04:00:00.123456Z\n\
             journal hash: abababababababababababababababab\njournal bytes: 4096\n"
        );
        assert!(render(&Backed { last_entry_at: None, ..backed }).contains("last entry at: none\n"));
    }
}
