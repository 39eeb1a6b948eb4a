//! The cursor of a list of orders: the place at which the page before ended, with the value that it was sorted by then.

use std::fmt;

use crate::domain::ids::OrderId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::view::{OrderQuery, Place, SortField, SortKey, View};
use crate::web::error::Error;
use crate::web::list::{Mark, Query};

/// A place, as it stands behind the mark of its list: `17` in a list by id, else `1999~17`.
pub(super) struct Written(pub(super) Place);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Place { key, id }) = self;
        match key {
            SortKey::Id => write!(f, "{id}"),
            SortKey::At(at) => write!(f, "{}~{id}", at.0),
            SortKey::Total(total) => write!(f, "{}~{id}", total.minor()),
            SortKey::Text(text) => write!(f, "{text}~{id}"),
        }
    }
}

/// Of the list that `orders` asks for.
pub(super) fn mark(orders: &OrderQuery) -> Mark {
    Mark::of("orders", (&orders.filter, orders.sort, orders.direction))
}

/// Where the page before ended, in the list of `mark`, which is one of `view` by `sort`.
pub(super) fn after(query: &Query, mark: Mark, sort: SortField, view: &View) -> Result<Option<Place>, Error> {
    if sort == SortField::Id {
        let Some(id) = query.cursor_id(mark)?.map(OrderId) else { return Ok(None) };
        return if view.has_order(id) { Ok(Some(Place { key: SortKey::Id, id })) } else { Err(Error::bad_cursor()) };
    }
    query.cursor(mark, |text| place(text, sort))
}

fn place(text: &str, sort: SortField) -> Option<Place> {
    let (value, id) = text.rsplit_once('~')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let id = OrderId(digits(id).filter(|id| *id >= 1)?);
    let key = match sort {
        SortField::Id => SortKey::Id,
        SortField::UpdatedAt | SortField::MovedAt => SortKey::At(Timestamp(value.parse().ok()?)),
        SortField::Total => SortKey::Total(Money::from_minor(digits(value)?)?),
        SortField::Status | SortField::CustomerName => SortKey::Text(value.into()),
    };
    Some(Place { key, id })
}

/// What a client calls `sort`.
fn name(sort: SortField) -> &'static str {
    match sort {
        SortField::Id => "id",
        SortField::UpdatedAt => "updated_at",
        SortField::MovedAt => "last_transition_time",
        SortField::Total => "total_price",
        SortField::Status => "status",
        SortField::CustomerName => "customer_name",
    }
}

/// The field that a client calls `name`.
pub(super) fn field(text: &str) -> Option<SortField> {
    let fields = [
        SortField::Id,
        SortField::UpdatedAt,
        SortField::MovedAt,
        SortField::Total,
        SortField::Status,
        SortField::CustomerName,
    ];
    // Ids are given out in the order of placing.
    let text = if text == "created_at" { "id" } else { text };
    fields.into_iter().find(|field| name(*field) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let check = |sort: SortField, key: SortKey, text: &str| {
            let place_of = Place { key, id: OrderId(17) };
            assert_eq!(Written(place_of.clone()).to_string(), text);
            assert_eq!(place(text, sort), Some(place_of));
        };
        check(SortField::UpdatedAt, SortKey::At(Timestamp(-5)), "-5~17");
        check(SortField::Total, SortKey::Total(Money::from_minor(1_999).unwrap()), "1999~17");
        check(SortField::Status, SortKey::Text("pending".into()), "pending~17");
        check(SortField::CustomerName, SortKey::Text("A~1 & Ü>\"".into()), "A~1 & Ü>\"~17");
        for wrong in ["", "17", "1999", "~17", "+1~17", "1~0", "x~1"] {
            assert_eq!(place(wrong, SortField::Total), None, "{wrong}");
        }
    }
}
