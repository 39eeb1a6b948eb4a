//! Users and API keys: who may do what.

mod keys;
mod users;

pub(super) use keys::{add_key, keys, revoke_key};
pub(super) use users::{add_user, change_user, users};

use actix_web::http::StatusCode;

use super::page_error::PageError;
use super::words;
use crate::actors::Failure;
use crate::domain::access::{AccessName, AccessRejection, Role};
use crate::web::error::sentence;

/// Every role with what it lets somebody do, for a choice.
fn roles() -> minijinja::Value {
    let text = |role: Role| match role {
        Role::Viewer => "viewer: looks, and changes nothing",
        Role::Operator => "operator: places and moves orders, adjusts stock",
        Role::Admin => "admin: everything, with users and keys",
    };
    Role::ALL.map(|role| vec![role.as_str(), text(role)]).to_vec().into()
}

fn name(text: &str) -> Result<AccessName, PageError> {
    AccessName::parse_new(text).map_err(|error| PageError::field("name", sentence(&error)))
}

fn role(text: &str) -> Result<Role, PageError> {
    Role::parse(text).ok_or_else(|| PageError::field("role", "Choose a role."))
}

/// Why nothing became of a command, beside the field that it is about.
fn refused(failure: Failure<AccessRejection>) -> PageError {
    match failure {
        Failure::Rejected(rejection) => {
            let text = sentence(&rejection);
            match rejection {
                AccessRejection::NameTaken(_) | AccessRejection::KeyNameTaken(_) => PageError::field("name", text),
                AccessRejection::ExpiryPassed(_) => PageError::field("days", text),
                AccessRejection::UserMissing(_)
                | AccessRejection::KeyMissing(_)
                | AccessRejection::LastAdmin(_)
                | AccessRejection::AdminFirst
                | AccessRejection::DigestTaken
                | AccessRejection::TooManyUsers { .. }
                | AccessRejection::TooManyKeys { .. } => PageError::new(StatusCode::CONFLICT, text),
            }
        }
        failure => PageError::new(StatusCode::SERVICE_UNAVAILABLE, words::failed(&failure)),
    }
}
