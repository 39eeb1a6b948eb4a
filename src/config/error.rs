//! Why the settings were refused: which key, where it came from, what was found, and what is allowed.

use std::fmt;
use std::path::PathBuf;

/// Everything that is wrong with the settings, so that one start shows it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// What is wrong, at least one thing.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file could not be read.
    #[error("the settings file {} cannot be read: {cause}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is no TOML.
    #[error("the settings file {} is not valid TOML: {cause}", path.display())]
    FileMalformed {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the place.
        cause: String,
    },
    /// No setting has this name.
    #[error("{origin}: there is no setting {}; known here: {known}", Named(name))]
    Unknown {
        /// The name that was found.
        name: String,
        /// Where it was found.
        origin: Origin,
        /// The names that it could have been.
        known: String,
    },
    /// The value is not allowed.
    #[error("{origin}: {name} is {found}; allowed: {allowed}")]
    Refused {
        /// The setting.
        name: String,
        /// Where the value was found.
        origin: Origin,
        /// The value.
        found: String,
        /// What would be allowed.
        allowed: String,
    },
    /// Two settings, each allowed, do not go together.
    #[error("{first} is less than {second}; allowed: at least as much")]
    Contradiction {
        /// The setting that is too small.
        first: &'static str,
        /// The setting that it has to reach.
        second: &'static str,
    },
    /// A setting makes no sense without another one.
    #[error("{given} is set and {missing} is not; allowed: both or neither")]
    Missing {
        /// The setting that is there.
        given: &'static str,
        /// The setting that goes with it.
        missing: &'static str,
    },
    /// A flag would let everybody in where somebody wrote down that nobody is let in.
    #[error(
        "flag {flag} lets everybody in, and {origin} says access = \"required\", which lets nobody in without a key or \
         session; leave out {flag}, or set access to \"open\" there"
    )]
    Opposed {
        /// The flag.
        flag: &'static str,
        /// Where access is required.
        origin: Origin,
    },
}

/// The name of a setting that is none.
struct Named<'a>(&'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line break in it would make two lines of one problem.
        if self.0.is_empty() { f.write_str("without a name") } else { write!(f, "{}", self.0.escape_debug()) }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the settings file, counted from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
