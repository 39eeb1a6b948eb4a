//! `GET orders/`, in the order of `?ordering=`.

use super::cursor::field;
use super::{filter, listed};
use crate::view::{OrderQuery, QueryOrdering, SortField};
use crate::web::answer::Answer;
use crate::web::list::Query;
use crate::web::request::ApiRequest;
use crate::web::unused;
use crate::wire::fields::Ignored;

/// Lists orders, newest first unless asked otherwise.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let (sort, direction) = match query.get("ordering") {
        None => Default::default(),
        Some(text) => {
            let ignored = Ignored::default();
            let found = ordering(text).unwrap_or_else(|| {
                ignored.note("", "ordering");
                Default::default()
            });
            unused::note(&call.http, &ignored)?;
            found
        }
    };
    let orders = OrderQuery {
        filter: filter(&query, call.app.zone())?,
        sort,
        direction,
        after: None,
        limit: query.limit(&call.app)?,
    };
    listed(&call, &query, orders).await
}

/// The first field of a list that one can sort by; unknown ones are passed over.
fn ordering(text: &str) -> Option<(SortField, QueryOrdering)> {
    text.split(',').map(str::trim).find_map(|word| match word.strip_prefix('-') {
        Some(name) => Some((field(name)?, QueryOrdering::Descending)),
        None => Some((field(word)?, QueryOrdering::Ascending)),
    })
}
