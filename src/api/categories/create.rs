//! `POST categories/`.

use actix_web::http::StatusCode;

use super::{input, rendered};
use crate::web::answer::{Answer, replayable};
use crate::web::body::Body;
use crate::web::error;
use crate::web::request::ApiRequest;
use crate::wire::fields::Presence;

/// Creates a category.
pub(crate) async fn create(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    let name = call.read(&body, |body| input::name(body, Presence::Full))?.expect("a full category has a name");
    let made = call.engine.create_category(request, name).await.map_err(error::category)?;
    Ok(replayable(StatusCode::CREATED, rendered(&made.value), made.replayed))
}
