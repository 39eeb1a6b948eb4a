//! `GET orders/<id>/`.

use super::shown;
use crate::domain::ids::OrderId;
use crate::web::answer::Answer;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Shows an order, archived or not.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    Ok(shown(&call, &order))
}
