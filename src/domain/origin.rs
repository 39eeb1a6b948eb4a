//! Who did something: written beside every history row and every stock movement.

use std::sync::Arc;

/// The origin of a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A stage's timer ran out.
    Timer,
    /// A caller of the open API, whom nobody asked for a name.
    Client,
    /// A signed-in user, by name.
    User(Arc<str>),
    /// An API key, by name.
    Key(Arc<str>),
    /// The command line on the data directory itself (`import`, `--demo`).
    Cli,
}

impl Origin {
    /// The kind of origin, in one word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Client => "client",
            Self::User(_) => "user",
            Self::Key(_) => "key",
            Self::Cli => "cli",
        }
    }

    /// The name behind the kind, where there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User(name) | Self::Key(name) => Some(name),
            Self::Timer | Self::Client | Self::Cli => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{}:{name}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}
