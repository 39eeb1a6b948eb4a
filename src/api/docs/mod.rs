//! What the API says of itself: `/openapi.json`, `/postman.json` and Swagger UI at `/docs/`.
//!
//! The document is made once, from the types of `render` and the table in `operations`. A test compares it with the
//! route table, and another one sends every example to a server.

mod answers;
mod document;
mod inputs;
mod operations;
mod postman;
mod problems;
mod security;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use utoipa_swagger_ui::Config;

use crate::web::answer::{Answer, ok};
use crate::web::error::Error;

static DOCUMENT: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&document::document()).expect("a document is JSON"));

static POSTMAN: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&postman::collection(&document::document())).expect("a collection is JSON"));

/// Nothing from elsewhere. The page sets styles by attributes, and shows images that are in its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Answer {
    Ok(ok(DOCUMENT.clone()))
}

/// `GET /postman.json`.
pub(super) async fn postman() -> Answer {
    Ok(ok(POSTMAN.clone()))
}

/// `GET /docs/`. Its links are absolute: the path is served without its slash too.
pub(super) async fn page() -> Answer {
    Ok(file("text/html; charset=utf-8", include_bytes!("index.html").to_vec()))
}

/// `GET /docs/{file}`.
pub(super) async fn asset(request: HttpRequest) -> Answer {
    let name = request.match_info().get("file").unwrap_or_default();
    // These two are ours, in place of those that come with it.
    match name {
        "swagger-initializer.js" => {
            return Ok(file("text/javascript", include_bytes!("swagger-initializer.js").to_vec()));
        }
        "index.css" => return Ok(file("text/css", include_bytes!("index.css").to_vec())),
        _ => {}
    }
    match utoipa_swagger_ui::serve(name, Arc::new(Config::default())).map_err(Error::fault)? {
        Some(found) => Ok(file(&found.content_type, found.bytes.into_owned())),
        None => Err(Error::not_found()),
    }
}

fn file(kind: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponseBuilder::new(StatusCode::OK)
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(body)
}
