//! `packhorse import`: a catalogue and its opening stock, from a file into a data directory.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::catalogue::{CatalogueFile, openings};
use crate::app;
use crate::config::{Flag, Settings, Sources};
use crate::telemetry;

/// The flags of `import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Data directory that takes the catalogue, made when it is missing
    #[arg(long, value_name = "DIR")]
    data_dir: String,
    /// File to read: .csv with a header, or .json with a list of objects. Columns or keys: `category`, `name`, `price`,
    /// `stock`, and if wanted `description` and `expiry_date` (YYYY-MM-DD)
    file: PathBuf,
}

impl Import {
    /// Takes in the whole file as one entry, or nothing of it.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::load(Sources {
            flags: vec![Flag { flag: "--data-dir", name: "data_dir", value: self.data_dir }],
            environment: env::vars_os().collect(),
            file: None,
        })?;
        telemetry::start()?;
        let file = CatalogueFile::load(&self.file)?;
        app::import(&settings, |catalogue| openings(&file, catalogue))?;
        let pieces: u64 = file.rows.iter().map(|row| u64::from(row.stock)).sum();
        writeln!(io::stdout(), "imported {} products with {pieces} pieces in stock", file.rows.len())?;
        Ok(())
    }
}
