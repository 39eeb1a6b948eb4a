//! Logs: for people on a terminal, as JSON lines elsewhere, always on stderr, chosen by `RUST_LOG`.

use std::env;
use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::progress::BARS;

/// What is logged where `RUST_LOG` says nothing.
///
/// The HTTP server below logs at ERROR what any stranger can cause, once for each time: bytes that are no HTTP.
const DEFAULT: &str = "warn,packhorse=info,actix_http::h1::dispatcher=off";

/// `RUST_LOG` is no filter.
#[derive(Debug, thiserror::Error)]
#[error(
    "environment variable RUST_LOG is {found:?}: {cause}; allowed: levels (error, warn, info, debug, trace, off) and \
     targets with levels, separated by commas, such as \"{DEFAULT}\""
)]
pub struct FilterError {
    /// What it is.
    found: String,
    /// What is wrong with it.
    cause: ParseError,
}

/// Starts to log. A second call changes nothing: the first one, be it a test's, stays in force.
pub fn start() -> Result<(), FilterError> {
    let filter = filter(&env::var_os("RUST_LOG").unwrap_or_default().to_string_lossy())?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let started = if io::stderr().is_terminal() {
        let colours = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        builder.with_ansi(colours).with_writer(|| Lossy(Terminal)).try_init()
    } else {
        builder.json().flatten_event(true).with_writer(|| Lossy(io::stderr())).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
    Ok(())
}

fn filter(text: &str) -> Result<EnvFilter, FilterError> {
    let text = if text.trim().is_empty() { DEFAULT } else { text };
    EnvFilter::builder().parse(text).map_err(|cause| FilterError { found: text.into(), cause })
}

/// Writes what can be written. A line that cannot, because nobody reads any more or the disk with the log is full, is
/// lost: no request may fail for it, and the server goes on.
struct Lossy<W>(W);

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).ok();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().ok();
        Ok(())
    }
}

/// Stderr, with progress bars taken away while a line is written.
struct Terminal;

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_filter_our_own_lines_are_shown_from_info_on() {
        let shown = filter("").unwrap().to_string();
        assert!(shown.contains("packhorse=info") && shown.contains("actix_http::h1::dispatcher=off"), "{shown}");
        assert_eq!(filter("debug").unwrap().to_string(), "debug");
    }

    #[test]
    fn a_line_that_cannot_be_written_is_no_error() {
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert!(full.write_all(b"line").is_err());
        let mut log = Lossy(full);
        assert!(log.write_all(b"line").is_ok() && log.flush().is_ok());
    }

    #[test]
    fn a_bad_filter_is_refused_by_name() {
        let text = filter("packhorse=loud").unwrap_err().to_string();
        assert!(text.starts_with("environment variable RUST_LOG is \"packhorse=loud\": "), "{text}");
    }
}
