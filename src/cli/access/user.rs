//! `packhorse user`: add, list, disable, enable, passwd, role.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::{explained, name, password, role, settings};
use crate::app;
use crate::domain::access::{AccessCommand, AccessName, AccessOutcome, Role};
use crate::secret::hash_password;
use crate::telemetry;

/// The flags of `user`.
#[derive(Debug, Args)]
pub(in crate::cli) struct UserCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct Place {
    /// Data directory, which no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: String,
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
        let (place, command) = match self.what {
            What::List(place) => return list(place),
            What::Add { user, role } => {
                let password = hash_password(&password::read()?)?;
                (user.place, AccessCommand::AddUser { name: user.name, role, password })
            }
            What::Passwd(user) => {
                let password = hash_password(&password::read()?)?;
                (user.place, AccessCommand::SetPassword { name: user.name, password })
            }
            What::Disable(user) => (user.place, AccessCommand::DisableUser(user.name)),
            What::Enable(user) => (user.place, AccessCommand::EnableUser(user.name)),
            What::Role { user, role } => (user.place, AccessCommand::SetRole { name: user.name, role }),
        };
        let settings = settings(place.data_dir)?;
        telemetry::start()?;
        if let AccessOutcome::User(user) = app::change_access(&settings, command).map_err(explained)? {
            let state = if user.disabled { "disabled" } else { "enabled" };
            writeln!(io::stdout(), "{} {} {state}", user.name, user.role)?;
        }
        Ok(())
    }
}

fn list(place: Place) -> anyhow::Result<()> {
    let settings = settings(place.data_dir)?;
    telemetry::start()?;
    let access = app::read_access(&settings).map_err(explained)?;
    let mut stdout = io::stdout().lock();
    for user in access.users() {
        let state = if user.disabled { "disabled" } else { "enabled" };
        writeln!(stdout, "{} {} {state} since {}", user.name, user.role, user.changed_at)?;
    }
    Ok(())
}
