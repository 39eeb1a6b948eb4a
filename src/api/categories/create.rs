//! `POST categories/`.

use actix_web::http::StatusCode;

use super::super::answer::{Answer, replayable};
use super::super::body::Body;
use super::super::error;
use super::super::fields::Presence;
use super::super::request::ApiRequest;
use super::{input, rendered};

/// Creates a category.
pub(crate) async fn create(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    let name = call.read(&body, |body| input::name(body, Presence::Full))?.expect("a full category has a name");
    let made = call.engine.create_category(request, name).await.map_err(error::category)?;
    Ok(replayable(StatusCode::CREATED, rendered(&made.value), made.replayed))
}
