//! `PUT` and `PATCH categories/<id>/`.

use super::{input, rendered};
use crate::domain::ids::CategoryId;
use crate::domain::text::CategoryName;
use crate::web::answer::{Answer, ok};
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;
use crate::wire::fields::Presence;

/// Replaces a category.
pub(crate) async fn put(call: ApiRequest, Path(id): Path<CategoryId>, Body(body, _lease): Body) -> Answer {
    call.category(id)?;
    let name = call.read(&body, |body| input::name(body, Presence::Full))?;
    update(call, id, name).await
}

/// Changes what is given of a category.
pub(crate) async fn patch(call: ApiRequest, Path(id): Path<CategoryId>, Body(body, _lease): Body) -> Answer {
    call.category(id)?;
    let name = call.read(&body, |body| input::name(body, Presence::Partial))?;
    update(call, id, name).await
}

async fn update(call: ApiRequest, id: CategoryId, name: Option<CategoryName>) -> Answer {
    let category = match name {
        Some(name) => call.engine.rename_category(call.plain(), id, name).await.map_err(error::category)?.value,
        None => call.category(id)?,
    };
    Ok(ok(rendered(&category)))
}
