//! `packhorse check`: is what lies in a data directory, or in a backup, sound?

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use clap::{ArgGroup, Args};

use super::pipe::print;
use crate::app::{self, Report, Source};
use crate::domain::order::Stage;
use crate::telemetry;

/// The flags of `check`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["data_dir", "from"])))]
#[command(after_help = "Examples:\n  packhorse check --data-dir data-dir\n  packhorse check --from backup.tar")]
pub(super) struct Check {
    /// Data directory to read; nothing in it is changed, and no server may be using it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Backup to read instead: every file of it is compared with its manifest
    #[arg(long, value_name = "DIR|FILE")]
    from: Option<PathBuf>,
}

impl Check {
    /// Prints what was found; an error when it is damaged.
    pub(super) fn run(self) -> anyhow::Result<()> {
        telemetry::start()?;
        let checked = match source(self.data_dir, self.from) {
            Source::DataDirectory(path) => app::check_until_interrupted(&path),
            Source::Backup(path) => app::check_backup(&path),
        };
        let report = checked.map_err(app::Error::from)?;
        print(&render(&report))?;
        if report.findings.is_empty() {
            return Ok(());
        }
        let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        bail!("damage found:\n{}", findings.join("\n"))
    }
}

/// What `--data-dir` and `--from` name, of which exactly one is there.
pub(super) fn source(data_dir: Option<PathBuf>, from: Option<PathBuf>) -> Source {
    let data_dir = data_dir.map(Source::DataDirectory);
    data_dir.or(from.map(Source::Backup)).expect("a command line without --data-dir has --from")
}

/// One `name: value` per line.
fn render(report: &Report) -> String {
    let checkpoint = report.checkpoint.map_or_else(|| "none".to_owned(), |sequence| sequence.to_string());
    let hash = format!("{:032x}", u128::from_be_bytes(report.chain));
    let open: u64 = Stage::ALL.into_iter().map(|stage| report.orders[stage.status()]).sum();
    let lines: [(&str, &dyn std::fmt::Display); 9] = [
        ("last sequence", &report.sequence),
        ("journal hash", &hash),
        ("unfinished bytes behind it", &report.torn_bytes),
        ("checkpoint at", &checkpoint),
        ("categories", &report.catalogue.0),
        ("products", &report.catalogue.1),
        ("orders", &report.orders.values().sum::<u64>()),
        ("orders open", &open),
        ("verdict", if report.findings.is_empty() { &"sound" } else { &"damaged" }),
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
    use crate::app::Finding;

    #[test]
    fn a_report_is_one_fact_per_line() {
        let sound = Report {
            sequence: 9,
            chain: [0xab; 16],
            torn_bytes: 0,
            catalogue: (1, 2),
            orders: crate::domain::order::PerStatus::from_array([1, 1, 1, 1, 0]),
            checkpoint: Some(5),
            findings: Vec::new(),
        };
        assert_eq!(
            render(&sound),
            "last sequence: 9\njournal hash: abababababababababababababababab\nunfinished bytes behind it: 0\n\
             checkpoint at: 5\ncategories: 1\nproducts: 2\norders: 4\norders open: 3\nverdict: sound\n"
        );
        let damaged = Report { findings: vec![Finding("order 1".into())], checkpoint: None, ..sound };
        assert!(render(&damaged).contains("checkpoint at: none\n"));
        assert!(render(&damaged).ends_with("verdict: damaged\n"));
    }
}
