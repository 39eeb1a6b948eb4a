//! `POST products/`.

use actix_web::http::StatusCode;

use super::{changed, input};
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::request::ApiRequest;
use crate::wire::fields::Presence;

/// Creates a product with what is given as its opening stock.
pub(crate) async fn create(call: ApiRequest, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    let input = call.read(&body, |body| {
        let input = input::product(body, Presence::Full, call.view().products())?;
        // There is nothing yet that somebody could have seen.
        let beside = [("expected", input.expected), ("on_hand", input.seen), ("reserved", input.seen)];
        beside.into_iter().filter(|(_, given)| given.is_some()).for_each(|(name, _)| body.noting.note(name));
        Ok(input)
    })?;
    let opening = input.stock.unwrap_or(0);
    let made = call.engine.create_product(request, input.details(), opening).await.map_err(error::product)?;
    Ok(changed(StatusCode::CREATED, &made.value, made.replayed))
}
