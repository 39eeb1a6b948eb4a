//! `packhorse import`: a catalogue and its opening stock, from a file into a data directory.

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::catalogue::{CatalogueFile, openings};
use super::pipe::print;
use super::settings;
use crate::app;
use crate::domain::count::counted;
use crate::telemetry;

/// The flags of `import`.
#[derive(Debug, Args)]
#[command(after_help = "A file:\n  \
    category,name,price,stock,expiry_date\n  \
    Tea,Assam,4.50,120,2034-06-30\n\n\
    Examples:\n  \
    packhorse import --data-dir data-dir --dry-run catalogue.csv\n  \
    packhorse import --data-dir data-dir catalogue.csv")]
pub(super) struct Import {
    /// Data directory that takes the catalogue, made when it is missing; no server may be using it
    #[arg(long, value_name = "DIR")]
    data_dir: String,
    /// Settings file (TOML) that the server of the data directory uses
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say what would be imported, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Make products whose name is in their category already once more
    #[arg(long)]
    allow_duplicates: bool,
    /// File to read: .csv with a header, or .json with a list of objects. Columns or keys: `category`, `name`, `price`,
    /// `stock`, and if wanted `description` and `expiry_date` (YYYY-MM-DD)
    file: PathBuf,
}

impl Import {
    /// Takes in the whole file as one entry, or nothing of it.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = settings::load([settings::data_dir(self.data_dir)], self.config)?;
        telemetry::start()?;
        let file = CatalogueFile::load(&self.file)?;
        let commands = Cell::new(0);
        app::import(&settings, self.dry_run, |catalogue| {
            let openings = openings(&file, catalogue, self.allow_duplicates)?;
            commands.set(openings.len());
            anyhow::Ok(openings)
        })?;
        let units: u64 = file.rows.iter().map(|row| u64::from(row.stock)).sum();
        let (products, categories) = (file.rows.len(), commands.get() - file.rows.len());
        let (begin, end) = if self.dry_run { ("would import", "; nothing was changed") } else { ("imported", "") };
        let text = format!(
            "{begin} {} with {units} units in stock, and {}{end}\n",
            counted(products, "product", "products"),
            counted(categories, "new category", "new categories")
        );
        print(&text).with_context(|| if self.dry_run { "nothing was changed" } else { "the import was taken" })
    }
}
