//! `GET orders/<id>/`.

use super::super::answer::Answer;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::shown;
use crate::domain::ids::OrderId;

/// Shows an order, archived or not.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    Ok(shown(&call, &order))
}
