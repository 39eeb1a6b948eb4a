//! `GET categories/`.

use super::super::answer::Answer;
use super::super::list::{Mark, Query, cut, page};
use super::super::render::{self, CategoryBody, List};
use super::super::request::ApiRequest;
use super::CATEGORY_BYTES;
use crate::domain::ids::CategoryId;

/// Lists categories, by id.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("categories", ());
    let after = CategoryId(query.cursor_id(mark)?.unwrap_or(0));
    let mut categories = call.view().products().categories(after, limit + 1);
    let next = cut(&mut categories, limit, |category| mark.at(category.id));
    let rows = List(|| categories.iter().map(CategoryBody::from));
    let out = render::json(&rows, categories.len() * CATEGORY_BYTES);
    Ok(page(&call.http, out, next))
}
