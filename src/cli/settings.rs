//! The settings of a command: its flags over the environment over a settings file, as for `serve`.

use std::env;
use std::path::PathBuf;

use crate::config::{Flag, Settings, SettingsError, Sources};

/// The settings that hold for a command with these flags and this settings file.
pub(super) fn load(flags: impl IntoIterator<Item = Flag>, config: Option<PathBuf>) -> Result<Settings, SettingsError> {
    Settings::load(Sources { flags: flags.into_iter().collect(), environment: env::vars_os().collect(), file: config })
}

/// The flag that names the data directory.
pub(super) fn data_dir(value: String) -> Flag {
    Flag { flag: "--data-dir", name: "data_dir", value }
}
