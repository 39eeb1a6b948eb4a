//! `packhorse key`: add, list, revoke.

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{explained, name, role, scope, settings};
use crate::app;
use crate::domain::access::{AccessCommand, AccessName, AccessOutcome, ApiKey, KeyId, Role, Scope};
use crate::secret::new_key;
use crate::telemetry;

/// The flags of `key`.
#[derive(Debug, Args)]
pub(in crate::cli) struct KeyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct Place {
    /// Data directory, which no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an API key, and print its secret: once, and never again
    Add {
        /// The key's name: letters, digits and . _ @ + -
        #[arg(value_parser = name)]
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
                let settings = settings(place.data_dir)?;
                telemetry::start()?;
                let (secret, digest) = new_key();
                let expires_at = expires_in.map(|span| app::now().plus(span));
                let command = AccessCommand::AddKey { name, role, scope, digest, expires_at };
                if let AccessOutcome::Key(key) = app::change_access(&settings, command).map_err(explained)? {
                    writeln!(io::stderr(), "{}; its secret, which is not shown again:", shown(&key))?;
                    writeln!(io::stdout(), "{}", secret.reveal())?;
                }
            }
            What::List(place) => {
                let settings = settings(place.data_dir)?;
                telemetry::start()?;
                let access = app::read_access(&settings).map_err(explained)?;
                let mut stdout = io::stdout().lock();
                for key in access.keys() {
                    writeln!(stdout, "{}", shown(key))?;
                }
            }
            What::Revoke { id, place } => {
                let settings = settings(place.data_dir)?;
                telemetry::start()?;
                let command = AccessCommand::RevokeKey(KeyId(id));
                if let AccessOutcome::Key(key) = app::change_access(&settings, command).map_err(explained)? {
                    writeln!(io::stdout(), "{}", shown(&key))?;
                }
            }
        }
        Ok(())
    }
}

fn shown(key: &ApiKey) -> String {
    let head = format!("key {} {} {} {}", key.id, key.name, key.role, key.scope);
    let moments = [("expires", key.expires_at), ("revoked", key.revoked_at), ("used", key.used_at)];
    let moments = moments.into_iter().filter_map(|(what, at)| Some(format!("{what} {}", at?)));
    [head].into_iter().chain(moments).collect::<Vec<_>>().join(", ")
}
