//! `POST products/`.

use actix_web::http::StatusCode;

use super::super::answer::{Answer, replayable};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::fields::Presence;
use super::input::{self, ProductInput};
use super::rendered;
use crate::domain::catalogue::ProductDetails;

/// Creates a product with what is given as its opening stock.
pub(crate) async fn create(call: Call, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    let input = input::product(&body, Presence::Full, call.view().products())?;
    let opening = input.stock.unwrap_or(0);
    let made = call.engine.create_product(request, details(input), opening).await.map_err(error::product)?;
    Ok(replayable(StatusCode::CREATED, rendered(&made.value), made.replayed))
}

fn details(input: ProductInput) -> ProductDetails {
    ProductDetails {
        name: input.name.expect("a full product has a name"),
        description: input.description.unwrap_or_default(),
        price: input.price.expect("a full product has a price"),
        expiry_date: input.expiry_date.flatten(),
        category: input.category.expect("a full product has a category"),
        archived: input.archived.unwrap_or(false),
    }
}
