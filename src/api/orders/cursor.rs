//! The cursor of a list of orders: the place at which the page before ended, with the value that it was sorted by then.

use std::fmt;

use form_urlencoded::byte_serialize;

use super::super::error::Error;
use super::super::list::Query;
use crate::domain::ids::OrderId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::view::{Place, SortField, SortKey, View};

/// What a client is given: `17` in a list by id, else `total_price.1999~17`.
pub(super) struct Cursor(pub(super) SortField, pub(super) Place);

/// As it stands in a query.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sort, Place { key, id }) = self;
        let name = name(*sort);
        match key {
            SortKey::Id => write!(f, "{id}"),
            SortKey::At(at) => write!(f, "{name}.{}~{id}", at.0),
            SortKey::Total(total) => write!(f, "{name}.{}~{id}", total.minor()),
            SortKey::Text(text) => {
                write!(f, "{name}.")?;
                byte_serialize(text.as_bytes()).try_for_each(|part| f.write_str(part))?;
                write!(f, "~{id}")
            }
        }
    }
}

/// Where the page before ended, in a list of orders of `view` by `sort`.
pub(super) fn after(query: &Query, sort: SortField, view: &View) -> Result<Option<Place>, Error> {
    if sort == SortField::Id {
        let Some(id) = query.cursor_id()?.map(OrderId) else { return Ok(None) };
        return if view.has_order(id) { Ok(Some(Place { key: SortKey::Id, id })) } else { Err(Error::bad_cursor()) };
    }
    query.cursor(|text| place(text, sort))
}

fn place(text: &str, sort: SortField) -> Option<Place> {
    let value = text.strip_prefix(name(sort))?.strip_prefix('.')?;
    let (value, id) = value.rsplit_once('~')?;
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
    use form_urlencoded::parse;

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let check = |sort: SortField, key: SortKey, text: &str| {
            let written = Cursor(sort, Place { key: key.clone(), id: OrderId(17) }).to_string();
            assert_eq!(written, text);
            let read = parse(format!("cursor={written}").as_bytes()).next().unwrap().1.into_owned();
            assert_eq!(place(&read, sort), Some(Place { key, id: OrderId(17) }));
        };
        check(SortField::UpdatedAt, SortKey::At(Timestamp(-5)), "updated_at.-5~17");
        check(SortField::Total, SortKey::Total(Money::from_minor(1_999).unwrap()), "total_price.1999~17");
        check(SortField::Status, SortKey::Text("pending".into()), "status.pending~17");
        check(SortField::CustomerName, SortKey::Text("A~1 & Ü>\"".into()), "customer_name.A%7E1+%26+%C3%9C%3E%22~17");
        for wrong in
            ["", "17", "total_price.1999", "total_price.~17", "total_price.+1~17", "total_price.1~0", "status.x~1"]
        {
            assert_eq!(place(wrong, SortField::Total), None, "{wrong}");
        }
    }
}
