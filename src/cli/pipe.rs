//! What becomes of a command whose output nobody reads to its end, as in `packhorse ... | head -1`.

use std::io::{self, Write};

use anyhow::Context;

/// What is said where the standard output takes nothing.
pub(in crate::cli) const NOT_WRITTEN: &str = "cannot write to the standard output";

/// Writes `text` to the standard output.
///
/// # Errors
/// When that takes nothing, but for a closed pipe.
pub(in crate::cli) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    unless_closed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())).context(NOT_WRITTEN)
}

/// What a write to the standard output or the standard error came to, where a closed pipe is no error: the reader has
/// what it wanted.
pub(in crate::cli) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if is_closed(&error) => Ok(()),
        other => other,
    }
}

/// Whether `error`, which came of writing to a pipe, says that nobody reads from it.
pub(in crate::cli) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_is_no_error() {
        assert!(unless_closed(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(unless_closed(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
