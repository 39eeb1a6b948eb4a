//! Who did something.

use bincode::{BorrowDecode, Encode};

use crate::domain::who::Who;

/// The stored form of [`Who`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub enum WhoV1<'a> {
    /// A timer.
    Timer,
    /// A caller without a name.
    Client,
    /// A user.
    User(&'a str),
    /// An API key.
    Key(&'a str),
    /// The command line.
    Cli,
}

impl<'a> From<&'a Who> for WhoV1<'a> {
    fn from(who: &'a Who) -> Self {
        match who {
            Who::Timer => Self::Timer,
            Who::Client => Self::Client,
            Who::User(name) => Self::User(name),
            Who::Key(name) => Self::Key(name),
            Who::Cli => Self::Cli,
        }
    }
}

impl WhoV1<'_> {
    /// The domain's value.
    #[must_use]
    pub fn restore(self) -> Who {
        match self {
            Self::Timer => Who::Timer,
            Self::Client => Who::Client,
            Self::User(name) => Who::User(name.into()),
            Self::Key(name) => Who::Key(name.into()),
            Self::Cli => Who::Cli,
        }
    }
}
