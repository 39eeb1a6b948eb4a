//! How the process ends, as a number for scripts.

use std::process::ExitCode;

use super::catalogue::CatalogueError;
use super::load::NotLoopback;
use crate::app;
use crate::config::SettingsError;
use crate::telemetry::FilterError;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything was done.
    Done = 0,
    /// It failed, or damage was found.
    Failed = 1,
    /// The flags or the settings were wrong; nothing was begun.
    Usage = 2,
    /// Another process uses the data directory.
    InUse = 3,
}

impl Exit {
    /// The exit code for a command line that clap did not carry on with: help and version count as such.
    pub(super) fn of_usage(error: &clap::Error) -> Self {
        if error.exit_code() == 0 { Self::Done } else { Self::Usage }
    }

    /// The exit code for `error`.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        if error.downcast_ref().is_some_and(app::Error::is_in_use) {
            return Self::InUse;
        }
        let wrong_file = matches!(error.downcast_ref(), Some(CatalogueError::UnknownFormat { .. }));
        let wrong_usage = error.is::<SettingsError>() || error.is::<FilterError>() || error.is::<NotLoopback>();
        if wrong_file || wrong_usage { Self::Usage } else { Self::Failed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;
    use crate::config::Problem;
    use crate::journal::DirectoryError;

    fn in_use() -> app::Error {
        app::Error::Check(DirectoryError::InUse { path: "d".into(), pid: None }.into())
    }

    #[test]
    fn each_kind_of_error_has_its_code() {
        let check = |error: anyhow::Error, exit| assert_eq!(Exit::of(&error.context("while testing")), exit);
        check(anyhow::anyhow!("disk on fire"), Exit::Failed);
        check(in_use().into(), Exit::InUse);
        check(CatalogueError::UnknownFormat { path: "x.doc".into() }.into(), Exit::Usage);
        let problem = Problem::FileUnreadable { path: "x".into(), cause: "gone".into() };
        check(SettingsError { problems: vec![problem] }.into(), Exit::Usage);
        let wrapped = Err::<(), _>(in_use()).context("a").context("b");
        assert_eq!(Exit::of(&wrapped.unwrap_err()), Exit::InUse);
    }
}
