//! `users/` and `users/<name>/`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{self, UserInput};
use crate::domain::access::{AccessCommand, AccessName, AccessOutcome, User};
use crate::web::answer::{Answer, json, ok};
use crate::web::body::Body;
use crate::web::error::{self, Error};
use crate::web::list::{Mark, Query, cut, page};
use crate::web::request::ApiRequest;
use crate::wire::fields::{Ignored, Presence};
use crate::wire::render::{self, List, RoleWord, Time, Times};

const USER_BYTES: usize = 192;

/// A user, without anything of the password.
#[derive(Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "name": "ann", "role": "operator", "disabled": false, "created_at": "2026-11-22T10:00:00.123456+06:00",
    "changed_at": "2026-11-22T10:00:00.123456+06:00",
}))]
pub(crate) struct UserBody<'a> {
    name: &'a str,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// Whether they may not sign in.
    disabled: bool,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time<'a>,
    /// When password, role or `disabled` changed last, which ended the sessions.
    #[schema(value_type = String, format = "date-time")]
    changed_at: Time<'a>,
}

impl<'a> UserBody<'a> {
    fn new(user: &'a User, times: &'a Times) -> Self {
        Self {
            name: user.name.as_str(),
            role: user.role.as_str(),
            disabled: user.disabled,
            created_at: times.show(user.created_at),
            changed_at: times.show(user.changed_at),
        }
    }
}

fn rendered(call: &ApiRequest, user: &User) -> Vec<u8> {
    render::json(&UserBody::new(user, &call.times()), USER_BYTES)
}

/// Lists users by name.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("users", ());
    let after = query.cursor(mark, |text| AccessName::parse(text).ok())?;
    let access = call.view().access();
    let is_next = |user: &&Arc<User>| after.as_ref().is_none_or(|after| user.name > *after);
    let mut users: Vec<_> = access.users().filter(is_next).take(limit + 1).collect();
    let next = cut(&mut users, limit, |user| mark.at(user.name.clone()));
    let times = call.times();
    let rows = List(|| users.iter().map(|user| UserBody::new(user, &times)));
    Ok(page(&call.http, render::json(&rows, users.len() * USER_BYTES), next))
}

/// Adds a user.
pub(crate) async fn create(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let input = read(&call, body, Presence::Full).await?;
    let UserInput { name: Some(name), role: Some(role), password: Some(password), .. } = input else {
        return Err(Error::fault("a full user has name, role and password"));
    };
    let user = run(&call, AccessCommand::AddUser { name, role, password }).await?;
    Ok(json(StatusCode::CREATED, rendered(&call, &user)))
}

/// Shows a user.
pub(crate) async fn retrieve(call: ApiRequest) -> Answer {
    let user = named(&call)?;
    Ok(ok(rendered(&call, &user)))
}

/// Changes role, whether a user may sign in, and password. What may be refused comes first, so that a change that is
/// refused changes nothing. Each change ends the user's sessions.
pub(crate) async fn patch(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let mut user = named(&call)?;
    let input = read(&call, body, Presence::Partial).await?;
    let name = || user.name.clone();
    let disabling = |disabled: bool| {
        if disabled { AccessCommand::DisableUser(name()) } else { AccessCommand::EnableUser(name()) }
    };
    let commands = [
        input.role.map(|role| AccessCommand::SetRole { name: name(), role }),
        input.disabled.map(disabling),
        input.password.map(|password| AccessCommand::SetPassword { name: name(), password }),
    ];
    for command in commands.into_iter().flatten() {
        user = run(&call, command).await?;
    }
    Ok(ok(rendered(&call, &user)))
}

async fn read(call: &ApiRequest, body: Bytes, presence: Presence) -> Result<UserInput, Error> {
    let (input, ignored) = web::block(move || {
        let ignored = Ignored::default();
        (input::user(ignored.of(&body), presence), ignored)
    })
    .await
    .map_err(Error::fault)?;
    call.expect_right()?;
    let noted = call.note(&ignored);
    let input = input?;
    noted.map(|()| input)
}

fn named(call: &ApiRequest) -> Result<Arc<User>, Error> {
    let name = call.http.match_info().get("name").and_then(|name| AccessName::parse(name).ok());
    let user = name.and_then(|name| call.view().access().user(&name).cloned());
    user.ok_or_else(|| Error::no_match("User"))
}

async fn run(call: &ApiRequest, command: AccessCommand) -> Result<Arc<User>, Error> {
    match call.engine.access(call.plain(), command).await.map_err(error::access)?.value {
        AccessOutcome::User(user) => Ok(user),
        AccessOutcome::Key(_) => Err(Error::fault("a command on a user ended with a key")),
    }
}
