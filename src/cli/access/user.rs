//! `packhorse user`: add, list, disable, enable, passwd, role.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::place::{Place, UserChange};
use super::{name, password, role};
use crate::domain::access::{AccessName, Role};

/// The flags of `user`.
#[derive(Debug, Args)]
pub(in crate::cli) struct UserCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct OneUser {
    /// The user's name: letters, digits and . _ @ + -
    #[arg(value_parser = name)]
    name: AccessName,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a user; the password is read from the terminal, or a line of standard input
    Add {
        #[command(flatten)]
        user: OneUser,
        /// viewer (reads), operator (orders and stock) or admin (everything)
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// List all users
    List(Place),
    /// Keep a user out
    Disable(OneUser),
    /// Let a user in again
    Enable(OneUser),
    /// Give a user another password, read from the terminal, or a line of standard input
    Passwd(OneUser),
    /// Give a user another role
    Role {
        #[command(flatten)]
        user: OneUser,
        /// viewer, operator or admin
        #[arg(value_parser = role)]
        role: Role,
    },
}

impl UserCommand {
    /// Carries it out, and prints the user as they stand.
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        let (OneUser { name, place }, change) = match self.what {
            What::List(place) => {
                for user in place.find(false)?.users()? {
                    writeln!(stdout, "{user}")?;
                }
                return Ok(());
            }
            What::Add { user, role } => (user, UserChange::Add { role, password: password::read()? }),
            What::Passwd(user) => (user, UserChange::Password(password::read()?)),
            What::Disable(user) => (user, UserChange::Disabled(true)),
            What::Enable(user) => (user, UserChange::Disabled(false)),
            What::Role { user, role } => (user, UserChange::Role(role)),
        };
        let begins = matches!(change, UserChange::Add { .. });
        let user = place.find(begins)?.change_user(name, change)?;
        writeln!(stdout, "{user}")?;
        Ok(())
    }
}
