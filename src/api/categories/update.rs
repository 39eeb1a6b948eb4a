//! `PUT` and `PATCH categories/<id>/`.

use super::super::answer::{Answer, ok};
use super::super::body::Body;
use super::super::error;
use super::super::fields::Presence;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::{input, rendered};
use crate::domain::ids::CategoryId;
use crate::domain::text::CategoryName;

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
