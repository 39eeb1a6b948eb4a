//! Which orders are listed: `?search=`, `?status=`, `?delayed=`, `?customer=`, `?product=`, `?from=` and `?to=`.

use chrono_tz::Tz;

use crate::domain::calendar::beginning;
use crate::domain::ids::ProductId;
use crate::domain::order::Status;
use crate::view::{OrderFilter, Term};
use crate::web::error::Error;
use crate::web::list::Query;

/// Every order is compared with every term.
const TERMS_MAX: usize = 16;

/// The orders that `query` asks for, with its days as they are in `zone`.
pub(crate) fn filter(query: &Query, zone: Tz) -> Result<OrderFilter, Error> {
    let mut filter = OrderFilter { delayed: query.flag("delayed")?, ..OrderFilter::default() };
    for word in query.all("status") {
        if word.trim().eq_ignore_ascii_case("delayed") {
            filter.delayed = Some(true);
        } else {
            let status = Status::parse(word).ok_or_else(|| unknown_status(word))?;
            filter.status = Some(filter.status.unwrap_or_default().with(status));
        }
    }
    filter.terms = terms(query.get("search").unwrap_or_default())?;
    filter.customer = query.get("customer").map(str::trim).filter(|text| !text.is_empty()).map(Term::new);
    filter.product = query.id("product")?.map(ProductId);
    let (from, to) = (query.day("from")?, query.day("to")?);
    if let Some((from, to)) = from.zip(to).filter(|(from, to)| from > to) {
        let text = format!("from is {from}, which is after to, {to}. Give the earlier day as from.");
        return Err(Error::field("from", text));
    }
    filter.placed_from = from.map(|day| beginning(day, zone));
    // The day itself is among them. There is none after the last one that can be written.
    filter.placed_before = to.and_then(|day| day.succ_opt()).map(|day| beginning(day, zone));
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
