//! `packhorse user`: add, list, disable, enable, passwd, role.

use anyhow::Context;
use clap::{Args, Subcommand};

use super::change::UserChange;
use super::place::Place;
use super::{name, new_name, password, role, row};
use crate::cli::pipe::print;
use crate::domain::access::{AccessName, Role};

/// The flags of `user`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    packhorse user add ann --role admin --data-dir data-dir\n  \
    packhorse user add bob --role operator --url http://127.0.0.1:8080\n  \
    packhorse user list --data-dir data-dir")]
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
        let (OneUser { name, place }, change) = match self.what {
            What::List(place) => {
                return print(&row::users(&place.find(false)?.users()?));
            }
            What::Add { user, role } => {
                new_name(user.name.as_str())?;
                (user, UserChange::Add { role, password: password::read()? })
            }
            What::Passwd(user) => (user, UserChange::Password(password::read()?)),
            What::Disable(user) => (user, UserChange::Disabled(true)),
            What::Enable(user) => (user, UserChange::Disabled(false)),
            What::Role { user, role } => (user, UserChange::Role(role)),
        };
        let begins = matches!(change, UserChange::Add { .. });
        let user = place.find(begins)?.change_user(name, change)?;
        print(&format!("{user}\n")).context("the change was made")
    }
}
