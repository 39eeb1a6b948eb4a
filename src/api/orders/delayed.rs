//! `GET orders/delayed/`.

use super::listed;
use crate::view::{OrderFilter, OrderQuery, QueryOrdering, SortField};
use crate::web::answer::Answer;
use crate::web::list::Query;
use crate::web::request::ApiRequest;

/// Lists the orders that outstayed their stage, longest in it last.
pub(crate) async fn delayed(call: ApiRequest, query: Query) -> Answer {
    let orders = OrderQuery {
        filter: OrderFilter { delayed: Some(true), ..OrderFilter::default() },
        sort: SortField::MovedAt,
        direction: QueryOrdering::Descending,
        after: None,
        limit: query.limit(&call.app)?,
    };
    listed(&call, &query, orders).await
}
