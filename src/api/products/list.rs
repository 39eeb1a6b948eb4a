//! `GET products/`: `?search=`, `?category=`, `?archived=`, `?available_max=`.

use actix_web::http::StatusCode;

use crate::api::orders::terms;
use crate::domain::ids::{CategoryId, ProductId};
use crate::view::{Product, ProductFilter};
use crate::web::answer::Answer;
use crate::web::error::Error;
use crate::web::list::{Mark, Query, cut, leading_on};
use crate::web::parts;
use crate::web::request::ApiRequest;
use crate::wire::render::{self, ProductBody};

/// Lists products, archived ones included unless asked otherwise, by id.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let filter = filter(&query)?;
    let mark = Mark::of("products", &filter);
    let after = ProductId(query.cursor_id(mark)?.unwrap_or(0));
    let mut products = if filter == ProductFilter::default() {
        call.view().products().page(after, limit + 1)
    } else {
        let engine = call.engine.clone();
        call.app.scan(move || engine.view().products().find(&filter, after, limit + 1)).await?
    };
    let next = cut(&mut products, limit, |product| mark.at(product.revision.product));
    let write = |product: Product, part: &mut Vec<u8>| render::push(part, &ProductBody::from(&product));
    Ok(leading_on(&call.http, parts::list(StatusCode::OK, products, write), next))
}

fn filter(query: &Query) -> Result<ProductFilter, Error> {
    let available_max = query.number("available_max", 0..=u64::from(u32::MAX))?;
    Ok(ProductFilter {
        terms: terms(query.get("search").unwrap_or_default())?,
        category: query.id("category")?.map(CategoryId),
        archived: query.flag("archived")?,
        available_max: available_max.and_then(|max| u32::try_from(max).ok()),
    })
}
