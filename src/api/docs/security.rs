//! Who may: the ways to say who calls, and what each operation asks of its caller, as the route table has it.

use actix_web::http::Method;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{RefOr, Response};

use super::super::routes::routes;
use super::answers::refusal;
use crate::access::{Need, SESSION_COOKIE};
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

/// The least role for `method` of `path`; for OPTIONS the least of the path. `None` lets everybody in.
pub(super) fn role(path: &str, method: &Method) -> Option<Role> {
    let needs: Vec<(Method, Need)> =
        routes().into_iter().filter(|route| route.0 == path).map(|(_, method, need)| (method, need)).collect();
    let exact = needs.iter().find(|(known, _)| known == method).map(|(_, need)| need.role);
    exact.or_else(|| needs.iter().map(|(_, need)| need.role).min()).expect("what is documented has a route")
}

/// `operation` with what it asks of its caller.
pub(super) fn guarded(mut operation: OperationBuilder, role: Option<Role>) -> OperationBuilder {
    let mut statuses = vec![403, 429];
    if let Some(role) = role {
        statuses.push(401);
        operation = operation.description(Some(format!("Needs the role {role}.")));
        for (name, _) in schemes() {
            operation = operation.security(SecurityRequirement::new::<_, [&str; 0], _>(name, []));
        }
    }
    for status in statuses {
        operation = operation.response(status.to_string(), RefOr::<Response>::Ref(refusal(status)));
    }
    operation
}
