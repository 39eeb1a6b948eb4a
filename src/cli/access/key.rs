//! `packhorse key`: add, list, revoke.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

use super::change::NewKey;
use super::place::Place;
use super::{new_name, role, row, scope};
use crate::app;
use crate::cli::pipe::{NOT_WRITTEN, print, unless_closed};
use crate::domain::access::{AccessName, Role, Scope};
use crate::domain::calendar::{NOT_WRITABLE, is_writable};

/// The flags of `key`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    packhorse key add root --role admin --data-dir data-dir\n  \
    packhorse key add shop --role operator --scope orders --expires-in 90days --url http://127.0.0.1:8080\n  \
    packhorse key revoke 2 --url http://127.0.0.1:8080")]
pub(in crate::cli) struct KeyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an API key, and print its secret: once, and never again
    Add {
        /// The key's name: letters, digits and . _ @ + -
        #[arg(value_parser = new_name)]
        name: AccessName,
        /// viewer (reads), operator (orders and stock) or admin (everything)
        #[arg(long, value_parser = role)]
        role: Role,
        /// What the role holds for: all, orders or catalogue
        #[arg(long, value_parser = scope, default_value = "all")]
        scope: Scope,
        /// When it ends, from now, such as 90days; without it, never
        #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
        #[command(flatten)]
        place: Place,
    },
    /// List all keys, without their secrets
    List(Place),
    /// End a key for good
    Revoke {
        /// The key's id, as `list` shows it
        id: u64,
        #[command(flatten)]
        place: Place,
    },
}

impl KeyCommand {
    /// Carries it out, and prints the key as it stands; the secret alone goes to the standard output of `add`.
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Add { name, role, scope, expires_in, place } => {
                let expires_at = expires_in.map(|span| app::now().plus(span));
                ensure!(expires_at.is_none_or(is_writable), "--expires-in leads too far. {NOT_WRITABLE}");
                let key = place.find(true)?.add_key(NewKey { name, role, scope, expires_at })?;
                let secret =
                    key.secret.as_deref().context("the key was made, but its secret is not known; revoke it")?;
                unless_closed(writeln!(io::stderr(), "{key}; its secret, which is not shown again:"))?;
                // Nobody has the secret where nobody read it.
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{secret}")
                    .and_then(|()| stdout.flush())
                    .context(NOT_WRITTEN)
                    .context("the key was made, but its secret could not be shown; revoke it")?;
            }
            What::List(place) => {
                print(&row::keys(&place.find(false)?.keys()?, app::now()))?;
            }
            What::Revoke { id, place } => {
                let revoked = place.find(false)?.revoke_key(id)?;
                print(&format!("{revoked}\n")).context("the change was made")?;
            }
        }
        Ok(())
    }
}
