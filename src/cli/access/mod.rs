//! `packhorse user` and `packhorse key`: who may call. Either on a data directory that no server uses (`directory`), or
//! by the API of a running one (`server`); what is printed is the same.

mod change;
mod directory;
mod key;
mod password;
mod place;
mod row;
mod server;
mod user;

pub(super) use key::KeyCommand;
pub(super) use user::UserCommand;

use crate::domain::access::{AccessName, AccessNameError, Role, Scope};

fn name(text: &str) -> Result<AccessName, AccessNameError> {
    AccessName::parse(text)
}

fn new_name(text: &str) -> Result<AccessName, AccessNameError> {
    AccessName::parse_new(text)
}

fn role(word: &str) -> Result<Role, &'static str> {
    Role::parse(word).ok_or("a role is viewer, operator or admin")
}

fn scope(word: &str) -> Result<Scope, &'static str> {
    Scope::parse(word).ok_or("a scope is all, orders or catalogue")
}
