//! Users: adding one, giving one another role or password, keeping one out.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::Form;
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest};
use super::super::show::escaped;
use super::{name, refused, role, roles};
use crate::domain::access::{AccessCommand, AccessName, PasswordHash};
use crate::secret;
use crate::web::error::sentence;

/// `GET users/`.
pub(crate) async fn users(request: PageRequest) -> Answer {
    page(&request, None, "", &Form::default())
}

/// `POST users/`: adds one.
pub(crate) async fn add_user(request: PageRequest, form: Form) -> Answer {
    let added = async {
        let (name, role) = (name(form.get("name"))?, role(form.get("role"))?);
        let password = hashed(&request, form.raw("password")).await?;
        let command = AccessCommand::AddUser { name: name.clone(), role, password };
        request.engine.access(request.plain(), command).await.map_err(refused)?;
        Ok::<_, PageError>(name)
    };
    match added.await {
        Ok(name) => request.go(&format!("/admin/users/?note=added&name={}", escaped(name.as_str()))),
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), "", &form),
        Err(fault) => Err(fault),
    }
}

/// `POST users/<name>/`: does what the button says.
pub(crate) async fn change_user(request: PageRequest, form: Form) -> Answer {
    let user = AccessName::parse(request.http.match_info().get("name").unwrap_or_default());
    let user = user.map_err(|_| PageError::missing("user"))?;
    let changed = async {
        let user = user.clone();
        let (command, note) = match form.get("do") {
            "role" => (AccessCommand::SetRole { name: user, role: role(form.get("role"))? }, "role"),
            "password" => {
                let password = hashed(&request, form.raw("password")).await?;
                (AccessCommand::SetPassword { name: user, password }, "password")
            }
            "disable" => (AccessCommand::DisableUser(user), "disabled"),
            "enable" => (AccessCommand::EnableUser(user), "enabled"),
            _ => return Err(PageError::bad_request("Choose what to do.")),
        };
        request.engine.access(request.plain(), command).await.map_err(refused)?;
        Ok(note)
    };
    match changed.await {
        Ok(note) => request.tell(&format!("/admin/users/?note={note}&name={}", escaped(user.as_str()))),
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), user.as_str(), &form),
        Err(fault) => Err(fault),
    }
}

/// What is kept of `password`. Takes long on purpose, so that it is done where it holds up nobody.
async fn hashed(request: &PageRequest, password: &str) -> Result<PasswordHash, PageError> {
    let password = password.to_owned();
    let hashed = request.scan(move |_| secret::hash_password(&password)).await?;
    request.expect_right()?;
    hashed.map_err(|error| PageError::field("password", sentence(&error)))
}

/// The page; `which` is the user whose form was not taken, nothing for that of a new one.
fn page(request: &PageRequest, fault: Option<PageError>, which: &str, form: &Form) -> Answer {
    let access = request.view().access();
    let own = request.caller.who.name().unwrap_or_default();
    let rows: Vec<Value> = access
        .users()
        .map(|user| {
            context! {
                name => user.name.as_str(),
                role => user.role.as_str(),
                disabled => user.disabled,
                created_at => user.created_at.0,
                changed_at => user.changed_at.0,
                is_own => user.name.as_str() == own,
            }
        })
        .collect();
    // A password is never sent back.
    let context = context! {
        users => rows,
        is_open => access.is_open(),
        roles => roles(),
        which,
        values => form.values_without("password"),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        note => request.text("note"),
        is_told => request.is_told(),
        name => request.text("name"),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "users.html", context)
}
