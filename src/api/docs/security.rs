//! Who may: the ways to say who calls, and what each operation asks of its caller, as the route table has it.

use actix_web::http::Method;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{RefOr, Response};

use super::super::routes::routes;
use super::answers::refusal;
use crate::access::{Area, Need, SESSION_COOKIE};
use crate::domain::access::Role;

/// The ways to say who calls, by name. One of them is enough.
pub(super) fn schemes() -> [(String, SecurityScheme); 3] {
    let header = ApiKeyValue::with_description("X-Api-Key", "The secret of an API key.");
    let cookie = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "The session of the console. Whoever changes something by it also sends X-Csrf-Token.",
    );
    [
        ("bearer".into(), SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("key".into(), SecurityScheme::ApiKey(ApiKey::Header(header))),
        ("session".into(), SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
    ]
}

/// What `method` of `path` asks of its caller.
pub(super) fn need(path: &str, method: &Method) -> Need {
    let found = routes().into_iter().find(|route| route.0 == path && route.1 == *method);
    found.expect("what is documented has a route").2
}

/// `operation` with what it asks of its caller, and a `note` for people.
pub(super) fn guarded(mut operation: OperationBuilder, need: Need, note: &str) -> OperationBuilder {
    let mut statuses = vec![403, 429];
    let text = match (need.role, need.area) {
        (None, _) => "Everybody may.".to_owned(),
        (Some(role), Area::Common) => format!("Needs the role {role}; a key of any scope does."),
        (Some(role), Area::Orders) => format!("Needs the role {role}; of a key, the scope all or orders."),
        (Some(Role::Viewer), Area::Catalogue) => "Needs the role viewer; a key of any scope does.".to_owned(),
        (Some(role), Area::Catalogue) => format!("Needs the role {role}; of a key, the scope all or catalogue."),
        (Some(role), Area::Administration) => format!("Needs the role {role}; of a key, the scope all."),
    };
    operation = operation.description(Some(text + note));
    if need.role.is_some() {
        statuses.push(401);
        for (name, _) in schemes() {
            operation = operation.security(SecurityRequirement::new::<_, [&str; 0], _>(name, []));
        }
    } else {
        operation = operation.securities(Some([]));
    }
    for status in statuses {
        operation = operation.response(status.to_string(), RefOr::<Response>::Ref(refusal(status)));
    }
    operation
}
