//! `GET categories/`.

use super::CATEGORY_BYTES;
use crate::domain::ids::CategoryId;
use crate::web::answer::Answer;
use crate::web::list::{Mark, Query, cut, page};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, CategoryBody, List};

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
