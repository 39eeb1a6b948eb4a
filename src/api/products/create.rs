//! `POST products/`.

use actix_web::http::StatusCode;

use super::super::answer::{Answer, replayable};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::fields::Presence;
use super::input;
use super::rendered;

/// Creates a product with what is given as its opening stock.
pub(crate) async fn create(call: Call, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    let input = input::product(&body, Presence::Full, call.view().products())?;
    let opening = input.stock.unwrap_or(0);
    let made = call.engine.create_product(request, input.details(), opening).await.map_err(error::product)?;
    Ok(replayable(StatusCode::CREATED, rendered(&made.value), made.replayed))
}
