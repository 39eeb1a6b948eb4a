//! `/`: where to go from here, for a browser and for a program.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, web};

use crate::web::answer::{Answer, ok};
use crate::web::error::Error;

const LINKS: &[u8] = concat!(
    r#"{"api":"/api/inventory/","docs":"/docs/","openapi":"/openapi.json","postman":"/postman.json","#,
    r#""console":"/admin/","ready":"/readyz"}"#
)
.as_bytes();

/// The path and what it answers to.
pub(super) fn resource() -> Resource {
    let not_allowed = async |request: HttpRequest| {
        let allow = HeaderValue::from_static("GET, HEAD");
        Answer::Err(Error::not_allowed(request.method().as_str(), allow))
    };
    let start = || web::to(start);
    let routes = [start().method(actix_web::http::Method::GET), start().method(actix_web::http::Method::HEAD)];
    let resource = web::resource("/").default_service(web::to(not_allowed));
    routes.into_iter().fold(resource, Resource::route)
}

/// A browser is sent to the console; a program gets links.
async fn start(request: HttpRequest) -> HttpResponse {
    let accepted = request.headers().get(header::ACCEPT).map_or(&b""[..], HeaderValue::as_bytes);
    let is_browser = accepted.windows(b"text/html".len()).any(|part| part.eq_ignore_ascii_case(b"text/html"));
    let mut answer = if is_browser {
        HttpResponse::SeeOther().insert_header((header::LOCATION, "/admin/")).finish()
    } else {
        ok(LINKS.to_vec())
    };
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    answer
}
