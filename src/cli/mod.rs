//! The command line: one file per command. Data goes to stdout, everything else to stderr.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | failed, or damage found |
//! | 2 | wrong usage: flags or settings |
//! | 3 | another process uses the data directory |
//! | 130, 143 | a check, or what asks for a password, was ended by SIGINT, by SIGTERM |
//! | 129 | what asks for a password was ended by SIGHUP |

mod access;
mod backup;
mod catalogue;
mod check;
mod completions;
mod config;
mod demo;
mod exit;
mod export;
mod import;
mod load;
mod pipe;
mod plain;
mod private;
mod restore;
mod serve;
mod settings;
mod table;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use catalogue::{CatalogueError, CatalogueFile};

use crate::app;
use exit::Exit;
use plain::plain_lines;

/// An order-fulfilment engine in one binary with one data directory.
#[derive(Debug, Parser)]
#[command(name = "packhorse", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the REST API until SIGINT or SIGTERM.
    Serve(serve::Serve),
    /// Read a data directory or a backup without changing it, and compare everything in it with the journal.
    Check(check::Check),
    /// Copy everything that is durable, while a server runs or not, to a new directory or archive.
    Backup(backup::Backup),
    /// Make a data directory of a backup, as it was at the end or earlier.
    Restore(restore::Restore),
    /// Write orders, their history, the movements of stock or the audit log as CSV or JSON lines.
    Export(export::Export),
    /// Take a catalogue with its opening stock into a data directory: all of it, or nothing.
    Import(import::Import),
    /// Offer orders to a running server, measure its answers, and compare its numbers with what it acknowledged.
    Load(load::Load),
    /// Add, list and change users: who signs in. In a data directory while its server is stopped, or by a running
    /// server.
    User(access::UserCommand),
    /// Make, list and revoke API keys: what programs call with. In a data directory, or by a running server.
    Key(access::KeyCommand),
    /// Print the settings in force, as a settings file; or all of them with what they mean.
    Config(config::Config),
    /// Print a script that teaches a shell to complete this command line.
    Completions(completions::Completions),
}

/// Carries out the command line `args`, the name of the program first.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    private::keep();
    match Cli::try_parse_from(args) {
        Ok(cli) => carry_out(cli.command).into(),
        Err(error) => {
            // Where stdout and stderr are closed, the exit code alone has to tell.
            let printed = pipe::unless_closed(error.print());
            match Exit::of_usage(&error) {
                Exit::Done if printed.is_err() => Exit::Failed,
                exit => exit,
            }
            .into()
        }
    }
}

impl Command {
    fn run(self) -> anyhow::Result<()> {
        if !matches!(self, Self::Load(_) | Self::Config(_) | Self::Completions(_)) {
            app::expect_right_clock()?;
        }
        match self {
            Self::Serve(serve) => serve.run(),
            Self::Check(check) => check.run(),
            Self::Backup(backup) => backup.run(),
            Self::Restore(restore) => restore.run(),
            Self::Export(export) => export.run(),
            Self::Import(import) => import.run(),
            Self::Load(load) => load.run(),
            Self::User(user) => user.run(),
            Self::Key(key) => key.run(),
            Self::Config(config) => config.run(),
            Self::Completions(completions) => completions.run(),
        }
    }
}

fn carry_out(command: Command) -> Exit {
    match command.run() {
        Ok(()) => Exit::Done,
        Err(error) => {
            // Where stderr is closed, the exit code alone has to tell.
            drop(writeln!(std::io::stderr(), "error: {}", plain_lines(&said(&error))));
            Exit::of(&error)
        }
    }
}

/// The error with its causes, but for those whose text it has already.
fn said(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_declaration_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_cause_of_an_error_is_said_once() {
        let output = app::ExportError::Output(io::Error::other("no room"));
        let error = Err::<(), _>(app::Error::from(output)).context("in the night").unwrap_err();
        assert_eq!(said(&error), "in the night: cannot write the export: no room");
    }

    #[test]
    fn takes_the_documented_command_lines() {
        let check = |line: &str| assert!(parse(line).is_ok(), "{line}");
        check("packhorse serve");
        check("packhorse serve --listen 127.0.0.1:0 --data-dir d --config c.toml --demo");
        check("packhorse serve --listen=127.0.0.1:0");
        check("packhorse check --data-dir d");
        check("packhorse check --from backup.tar");
        check("packhorse backup --data-dir d --to backup.tar");
        check("packhorse restore --from backup.tar --data-dir d");
        check("packhorse restore --from b --data-dir d --until 17");
        check("packhorse restore --from b --data-dir d --until 2026-11-22T04:00:00+06:00");
        check("packhorse export --data-dir d --format csv --what orders");
        check("packhorse export --from b --format ndjson --what movements --to rows.ndjson");
        check("packhorse import --data-dir d catalogue.csv");
        check("packhorse load --url http://127.0.0.1:8080 --orders 10");
        check(
            "packhorse load --url http://[::1]:80/ --orders 10 --bulk 5 --connections 2 --rate 100 --product 1 --json",
        );
        check("packhorse user add ann --role admin --data-dir d");
        check("packhorse user role ann viewer --data-dir d --config c.toml");
        check("packhorse import --data-dir d --config c.toml --dry-run --allow-duplicates catalogue.csv");
        check("packhorse user passwd ann --data-dir d");
        check("packhorse user list --data-dir d");
        check("packhorse key add shop --role operator --scope orders --expires-in 90days --data-dir d");
        check("packhorse key revoke 1 --data-dir d");
        check("packhorse export --data-dir d --format csv --what audit");
        check("packhorse config --config c.toml --data-dir d --listen 127.0.0.1:1");
        check("packhorse config --example");
        check("packhorse restore --from b --data-dir d --until 17 --no-keep-access");
        check("packhorse completions bash");
    }

    #[test]
    fn refuses_other_command_lines() {
        let check = |line: &str, kind| assert_eq!(parse(line).unwrap_err().kind(), kind, "{line}");
        check("packhorse", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
        check("packhorse fly", ErrorKind::InvalidSubcommand);
        check("packhorse serve --port 1", ErrorKind::UnknownArgument);
        check("packhorse serve --listen a --listen b", ErrorKind::ArgumentConflict);
        check("packhorse check", ErrorKind::MissingRequiredArgument);
        check("packhorse check --data-dir d --from b", ErrorKind::ArgumentConflict);
        check("packhorse backup --data-dir d", ErrorKind::MissingRequiredArgument);
        check("packhorse restore --from b", ErrorKind::MissingRequiredArgument);
        check("packhorse restore --from b --data-dir d --until noon", ErrorKind::ValueValidation);
        check("packhorse export --format csv --what orders", ErrorKind::MissingRequiredArgument);
        check("packhorse export --data-dir d --from b --format csv --what orders", ErrorKind::ArgumentConflict);
        check("packhorse export --data-dir d --format xml --what orders", ErrorKind::InvalidValue);
        check("packhorse import --data-dir d", ErrorKind::MissingRequiredArgument);
        check("packhorse import catalogue.csv", ErrorKind::MissingRequiredArgument);
        check("packhorse load --orders 10", ErrorKind::MissingRequiredArgument);
        check("packhorse load --url https://127.0.0.1 --orders 10", ErrorKind::ValueValidation);
        check("packhorse load --url http://127.0.0.1 --orders 0", ErrorKind::ValueValidation);
        check("packhorse load --url http://127.0.0.1 --orders 10 --bulk 0", ErrorKind::ValueValidation);
        check("packhorse user add ann --role boss --data-dir d", ErrorKind::ValueValidation);
        check("packhorse user add a/b --role admin --data-dir d", ErrorKind::ValueValidation);
        check("packhorse user add ann --role admin --password x --data-dir d", ErrorKind::UnknownArgument);
        check("packhorse key add shop --data-dir d", ErrorKind::MissingRequiredArgument);
        check("packhorse completions klingon", ErrorKind::InvalidValue);
        check("packhorse --version", ErrorKind::DisplayVersion);
    }

    #[test]
    fn help_that_was_asked_for_is_no_wrong_usage() {
        let check = |line: &str, exit| assert_eq!(Exit::of_usage(&parse(line).unwrap_err()), exit, "{line}");
        check("packhorse --help", Exit::Done);
        check("packhorse serve --help", Exit::Done);
        check("packhorse --version", Exit::Done);
        check("packhorse", Exit::Usage);
        check("packhorse fly", Exit::Usage);
    }
}
