//! Rows on their way out, as JSON lines or as comma-separated values.

use std::io::{self, Write};

use serde::Serialize;

use super::{Csv, Format, csv};

/// What rows are written to.
pub(super) struct Sheet<'a> {
    output: Output<'a>,
    rows: u64,
}

enum Output<'a> {
    Ndjson(&'a mut dyn Write),
    Csv(&'a mut dyn Write),
}

impl<'a> Sheet<'a> {
    /// Begins a sheet. `columns` are the names of the fields of its rows, in their order.
    pub(super) fn begin(output: &'a mut dyn Write, format: Format, columns: &[&str]) -> io::Result<Self> {
        let output = match format {
            Format::Ndjson => Output::Ndjson(output),
            Format::Csv(Csv { has_bom, .. }) => {
                if has_bom {
                    output.write_all("\u{FEFF}".as_bytes())?;
                }
                // The header is there also when no row is.
                writeln!(output, "{}", columns.join(","))?;
                Output::Csv(output)
            }
        };
        Ok(Self { output, rows: 0 })
    }

    /// Writes a row.
    pub(super) fn row(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.rows += 1;
        match &mut self.output {
            Output::Ndjson(output) => {
                serde_json::to_writer(&mut **output, row)?;
                output.write_all(b"\n")
            }
            Output::Csv(output) => csv::write(*output, row),
        }
    }

    /// Ends the sheet, and says how many rows it has.
    pub(super) fn finish(self) -> io::Result<u64> {
        match self.output {
            Output::Ndjson(output) | Output::Csv(output) => output.flush()?,
        }
        Ok(self.rows)
    }
}
