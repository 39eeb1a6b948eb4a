//! `GET orders/`: `?search=`, `?status=`, `?ordering=`.

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::error::Error;
use super::super::list::Query;
use super::listed;
use crate::domain::ids::OrderId;
use crate::domain::order::Status;
use crate::view::{OrderFilter, OrderQuery, QueryOrdering, SortField, Term};

/// Every order is compared with every term.
const TERMS_MAX: usize = 16;

/// Lists orders, newest first unless asked otherwise.
pub(crate) async fn list(call: Call, query: Query) -> Answer {
    let (sort, direction) = query.get("ordering").and_then(ordering).unwrap_or_default();
    let query = OrderQuery {
        filter: filter(&query)?,
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

fn filter(query: &Query) -> Result<OrderFilter, Error> {
    let mut filter = OrderFilter::default();
    match query.get("status") {
        None => {}
        Some(word) if word.trim().eq_ignore_ascii_case("delayed") => filter.delayed = true,
        Some(word) => filter.status = Some(Status::parse(word).ok_or_else(|| unknown_status(word))?),
    }
    filter.terms = terms(query.get("search").unwrap_or_default())?;
    Ok(filter)
}

/// The terms of a search, between white space and commas; what stands in quotes is one term.
pub(crate) fn terms(mut search: &str) -> Result<Vec<Term>, Error> {
    let between = |c: char| c == ',' || c.is_whitespace();
    let mut terms = Vec::new();
    loop {
        search = search.trim_start_matches(between);
        let Some(first) = search.chars().next() else { return Ok(terms) };
        let quoted = search.strip_prefix(['"', '\'']).and_then(|rest| rest.split_once(first));
        let (term, rest) = quoted.unwrap_or_else(|| search.split_at(search.find(between).unwrap_or(search.len())));
        if terms.len() == TERMS_MAX {
            return Err(Error::field("search", format!("At most {TERMS_MAX} terms can be searched for at once.")));
        }
        if !term.is_empty() {
            terms.push(Term::new(term));
        }
        search = rest;
    }
}

fn unknown_status(word: &str) -> Error {
    let allowed = Status::ALL.map(Status::as_str).join(", ");
    Error::field("status", format!("\"{word}\" is not a valid choice. Use one of: {allowed}, delayed."))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_split_as_the_predecessor_did() {
        let check = |search: &str, expected: &[&str]| {
            let found = terms(search).unwrap();
            assert_eq!(found.iter().map(Term::as_str).collect::<Vec<_>>(), expected, "{search}");
        };
        check("", &[]);
        check("  bob , ann,eve ", &["bob", "ann", "eve"]);
        check("\"van dyke\" pending", &["van dyke", "pending"]);
        check("'a b'c", &["a b", "c"]);
        check("o'neil \"open", &["o'neil", "\"open"]);
        check("\"\"", &[]);
        assert!(terms(&"x ".repeat(16)).is_ok());
        assert!(terms(&"x ".repeat(17)).is_err());
    }
}
