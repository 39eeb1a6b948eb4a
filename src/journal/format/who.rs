//! Who did something.

use bincode::{BorrowDecode, Encode};

use crate::domain::origin::Origin;

/// The stored form of [`Origin`].
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

impl<'a> From<&'a Origin> for WhoV1<'a> {
    fn from(who: &'a Origin) -> Self {
        match who {
            Origin::Timer => Self::Timer,
            Origin::Client => Self::Client,
            Origin::User(name) => Self::User(name),
            Origin::Key(name) => Self::Key(name),
            Origin::Cli => Self::Cli,
        }
    }
}

impl WhoV1<'_> {
    /// The domain's value.
    #[must_use]
    pub fn restore(self) -> Origin {
        match self {
            Self::Timer => Origin::Timer,
            Self::Client => Origin::Client,
            Self::User(name) => Origin::User(name.into()),
            Self::Key(name) => Origin::Key(name.into()),
            Self::Cli => Origin::Cli,
        }
    }
}
