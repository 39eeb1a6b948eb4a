//! `packhorse export`: orders, history or movements, for spreadsheets and programs.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::check::source;
use super::pipe::{is_closed, unless_closed};
use crate::app;
use crate::domain::count::counted;
use crate::telemetry;

/// The flags of `export`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["data_dir", "from"])))]
#[command(after_help = "Examples:\n  \
    packhorse export --data-dir data-dir --format csv --what orders --to orders.csv\n  \
    packhorse export --from backup.tar --format ndjson --what movements")]
pub(super) struct Export {
    /// Data directory to read; a server may be using it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Backup to read instead
    #[arg(long, value_name = "DIR|FILE")]
    from: Option<PathBuf>,
    /// Form of the rows
    #[arg(long)]
    format: Format,
    /// What the rows are
    #[arg(long)]
    what: What,
    /// Begin a CSV file with a byte order mark, by which Excel knows that it is UTF-8
    #[arg(long)]
    bom: bool,
    /// Write every text into a CSV file as it is, also one that a spreadsheet takes for a formula
    #[arg(long)]
    raw: bool,
    /// File to write, which must not exist yet; stdout without it
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A JSON object on each line, every text as it is: for programs
    Ndjson,
    /// A header and rows; a text that a spreadsheet would take for a formula gets an apostrophe in front
    Csv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Every order as it stands, by id
    Orders,
    /// Every transition of an order and every change of its contact, in journal order
    History,
    /// Every change of stock, in journal order
    Movements,
    /// Every change of users, keys and catalogue, in journal order
    Audit,
}

impl Export {
    /// Writes the rows, and says on stderr how many there are.
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start()?;
        let format = match self.format {
            Format::Ndjson => app::Format::Ndjson,
            Format::Csv => app::Format::Csv(app::Csv { has_bom: self.bom, is_raw: self.raw }),
        };
        let what = match self.what {
            What::Orders => app::What::Orders,
            What::History => app::What::History,
            What::Movements => app::What::Movements,
            What::Audit => app::What::Audit,
        };
        let source = source(self.data_dir, self.from);
        let exported = match app::export(&source, what, format, self.to.as_deref()) {
            // Only writing to the standard output ends so.
            Err(app::ExportError::Output(error)) if is_closed(&error) => return Ok(()),
            exported => exported.map_err(app::Error::from)?,
        };
        let rows = counted(exported.rows, "row", "rows");
        let told = writeln!(io::stderr(), "exported {rows}, up to entry {}", exported.sequence);
        Ok(unless_closed(told)?)
    }
}
