//! `packhorse user` and `packhorse key`: who may call, on a data directory that no server uses.

mod key;
mod password;
mod user;

use std::env;

pub(super) use key::KeyCommand;
pub(super) use user::UserCommand;

use crate::app;
use crate::config::{Flag, Settings, SettingsError, Sources};
use crate::domain::access::{AccessName, AccessNameError, Role, Scope};

fn settings(data_dir: String) -> Result<Settings, SettingsError> {
    Settings::load(Sources {
        flags: vec![Flag { flag: "--data-dir", name: "data_dir", value: data_dir }],
        environment: env::vars_os().collect(),
        file: None,
    })
}

/// The error, and what to do where a server has the directory.
fn explained(error: app::Error) -> anyhow::Error {
    let in_use = error.is_in_use();
    let error = anyhow::Error::from(error);
    if in_use { error.context("stop the server first, or change users and keys through it") } else { error }
}

fn name(text: &str) -> Result<AccessName, AccessNameError> {
    AccessName::parse(text)
}

fn role(word: &str) -> Result<Role, &'static str> {
    Role::parse(word).ok_or("a role is viewer, operator or admin")
}

fn scope(word: &str) -> Result<Scope, &'static str> {
    Scope::parse(word).ok_or("a scope is all, orders or catalogue")
}
