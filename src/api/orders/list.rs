//! `GET orders/`, in the order of `?ordering=`.

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::error::Error;
use super::super::list::Query;
use super::{filter, listed};
use crate::domain::ids::OrderId;
use crate::view::{OrderQuery, QueryOrdering, SortField};

/// Lists orders, newest first unless asked otherwise.
pub(crate) async fn list(call: Call, query: Query) -> Answer {
    let (sort, direction) = query.get("ordering").and_then(ordering).unwrap_or_default();
    let query = OrderQuery {
        filter: filter(&query, call.gate.zone())?,
        sort,
        direction,
        after: after(&call, &query)?,
        limit: query.limit(&call.gate)?,
    };
    listed(&call, query).await
}

/// The order that the page before ended with.
pub(super) fn after(call: &Call, query: &Query) -> Result<Option<OrderId>, Error> {
    let Some(id) = query.cursor_id()?.map(OrderId) else { return Ok(None) };
    call.engine.order(id)?.map(|order| Some(order.id)).ok_or_else(Error::bad_cursor)
}

/// The first field of a list that one can sort by; unknown ones are passed over.
fn ordering(text: &str) -> Option<(SortField, QueryOrdering)> {
    text.split(',').map(str::trim).find_map(|word| match word.strip_prefix('-') {
        Some(name) => Some((field(name)?, QueryOrdering::Descending)),
        None => Some((field(word)?, QueryOrdering::Ascending)),
    })
}

fn field(name: &str) -> Option<SortField> {
    match name {
        // Ids are given out in the order of placing.
        "id" | "created_at" => Some(SortField::Id),
        "updated_at" => Some(SortField::UpdatedAt),
        "last_transition_time" => Some(SortField::MovedAt),
        "total_price" => Some(SortField::Total),
        "status" => Some(SortField::Status),
        "customer_name" => Some(SortField::CustomerName),
        _ => None,
    }
}
