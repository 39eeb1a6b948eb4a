//! What a client says of an order.

use smallvec::SmallVec;

use crate::config::Limits;
use crate::domain::count::word;
use crate::domain::ids::ProductId;
use crate::domain::inventory::{LineRequest, OrderRequest};
use crate::domain::order::{Contact, ContactPatch, Field, Line, Status};
use crate::domain::stock::ON_HAND_MAX;
use crate::view::Products;
use crate::web::error::Error;
use crate::wire::fields::{
    Chars, Document, DocumentError, Found, Integer, Members, NULL, Noting, Presence, Problem, REASON, REQUIRED, Raw,
    Texts, choice, email, for_each_row, for_each_row_of, key, members, nullable, optional, required, said_twice, texts,
};

const QUANTITY: Integer = Integer(1..=ON_HAND_MAX as i64);
const ROW: [&str; 5] = ["customer_name", "customer_email", "customer_phone", "delivery_address", "items"];
const LINE: [&str; 2] = ["product_id", "quantity"];
/// What stands before the name of a member of a line.
const ITEMS: &str = "items.";

type Lines = SmallVec<[LineRequest; 2]>;

/// The order in `body`, of products that exist.
pub(crate) fn order<'a>(
    body: impl Into<Document<'a>>,
    products: &Products,
    limits: &Limits,
) -> Result<OrderRequest, Error> {
    Ok(order_row(body, products, limits)??)
}

/// The same; what is wrong with the order, but not with the body as a whole, is told apart.
pub(crate) fn order_row<'a>(
    body: impl Into<Document<'a>>,
    products: &Products,
    limits: &Limits,
) -> Result<Result<OrderRequest, Problem>, Error> {
    let body = body.into();
    let row = members(body, ROW)?;
    Ok(request(row, body.noting, products, limits.order_lines))
}

/// The orders in `body`. What is wrong is told of all of them.
pub(crate) fn bulk(body: Document<'_>, products: &Products, limits: &Limits) -> Result<Vec<OrderRequest>, Error> {
    let BulkRows { mut count, good, mut bad, told } = bulk_rows(body, products, limits)?;
    if bad.is_empty() {
        return Ok(good);
    }
    if told < bad.len() {
        // The list ends where the rows do that are told of; its last row says how many are not.
        let more = bad.len() - told;
        bad.truncate(told);
        let last = bad.last().map_or(0, |(row, _)| *row) + 1;
        let word = word(more, "row has", "rows have");
        bad.push((last, Problem::whole(format!("And {more} more {word} errors; mend those before first."))));
        count = last + 1;
    }
    Err(Problem::Rows { count, bad }.into())
}

/// So many problems of the rows of a bulk are told; further rows are only counted. Each takes a hundred times the
/// memory of the bytes that cause it.
const PROBLEMS_TOLD: usize = 1_000;

/// The rows of a bulk, each as it was read.
pub(crate) struct BulkRows {
    pub(crate) count: usize,
    /// In order.
    pub(crate) good: Vec<OrderRequest>,
    /// By index, in order.
    pub(crate) bad: Vec<(usize, Problem)>,
    /// Of so many of them it is said what is wrong.
    pub(crate) told: usize,
}

/// The rows in `body`; the error is about the body as a whole.
pub(crate) fn bulk_rows(body: Document<'_>, products: &Products, limits: &Limits) -> Result<BulkRows, Error> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    let (mut count, mut told, mut problems) = (0, 0, 0);
    let read = for_each_row(body, ROW, |row| {
        if count < limits.bulk_orders {
            match row.and_then(|row| request(row, body.noting, products, limits.order_lines)) {
                Ok(row) => good.push(row),
                Err(problem) if problems < PROBLEMS_TOLD => {
                    problems += problem.len();
                    told += 1;
                    bad.push((count, problem));
                }
                Err(_) => bad.push((count, Problem::list("This row has errors, too; mend those before first."))),
            }
        }
        count += 1;
    });
    match read {
        Ok(()) => {}
        Err(DocumentError::Kind(_)) => return Err(Error::bad_request("Expected a list of orders.")),
        Err(error @ (DocumentError::Syntax(_) | DocumentError::Twice(_))) => return Err(error.into()),
    }
    if count > limits.bulk_orders {
        let max = limits.bulk_orders;
        return Err(Error::bad_request(&format!("{count} orders are too many: one bulk takes at most {max}.")));
    }
    Ok(BulkRows { count, good, bad, told })
}

fn request(
    row: Members<'_, 5>,
    noting: Noting<'_>,
    products: &Products,
    lines_max: usize,
) -> Result<OrderRequest, Problem> {
    let [name, address, phone, delivery, items] = row;
    let mut found = Found::default();
    let [a, b, c, d] = Field::ALL;
    let a = found.take(a.as_str(), required(name, |raw| text(a, raw)));
    let b = found.take(b.as_str(), required(address, |raw| text(b, raw)));
    let c = found.take(c.as_str(), required(phone, |raw| text(c, raw)));
    let d = found.take(d.as_str(), required(delivery, |raw| text(d, raw)));
    let lines = found.take(
        "items",
        match items {
            None => Err(texts(REQUIRED).into()),
            Some(items) => lines(&items, noting.inside(ITEMS), products, lines_max),
        },
    );
    let ((a, b), ((c, d), lines)) = found.settle(a.zip(b).zip(c.zip(d).zip(lines)))?;
    let contact = Contact::new(&a, &b, &c, &d).map_err(|error| Problem::whole(error.to_string()))?;
    Ok(OrderRequest { contact, lines })
}

fn text(field: Field, raw: Raw<'_>) -> Result<std::borrow::Cow<'_, str>, Texts> {
    match field {
        Field::CustomerEmail => email(raw, Some(field.length_max())),
        Field::CustomerName | Field::CustomerPhone | Field::DeliveryAddress => {
            Chars::up_to(Some(field.length_max())).check(raw)
        }
    }
}

fn lines(items: &Raw<'_>, noting: Noting<'_>, products: &Products, max: usize) -> Result<Lines, Problem> {
    let Raw::List(list) = items else {
        return Err(match items {
            Raw::Null => Problem::list(NULL),
            other => Problem::whole(format!("Expected a list of items but got type \"{}\".", other.type_name())),
        });
    };
    let mut lines = Lines::new();
    let mut bad = Vec::new();
    let mut count = 0;
    let read = for_each_row_of(list, noting, LINE, |row| {
        if count < max {
            match row.and_then(|row| line(row, products)) {
                Ok(line) => lines.push(line),
                Err(problem) => bad.push((count, problem)),
            }
        }
        count += 1;
    });
    match read {
        Ok(()) if count == 0 => Err(Problem::list("This list may not be empty.")),
        Ok(()) if count > max => Err(Problem::list(format!("Ensure this field has no more than {max} elements."))),
        Ok(()) if bad.is_empty() => Ok(lines),
        Ok(()) => Err(Problem::Rows { count, bad }),
        Err(DocumentError::Syntax(text)) => Err(Problem::whole(format!("JSON parse error - {text}"))),
        Err(DocumentError::Twice(name)) => Err(said_twice(name)),
        Err(DocumentError::Kind(kind)) => {
            Err(Problem::whole(format!("Expected a list of items but got type \"{kind}\".")))
        }
    }
}

fn line([product, quantity]: Members<'_, 2>, products: &Products) -> Result<LineRequest, Problem> {
    let existing = |id| products.contains(ProductId(id)).then_some(ProductId(id));
    let mut found = Found::default();
    let product = found.take("product_id", required(product, |raw| key(raw, existing)));
    let quantity = found.take("quantity", optional(quantity, |raw| QUANTITY.check_u32(raw)));
    let (product, quantity) = found.settle(product.zip(quantity))?;
    Ok(LineRequest { product, quantity: quantity.unwrap_or(1) })
}

/// The contact fields in `body`. The items of an order stay as they were placed: `placed`. The same ones may be given,
/// so that what was read can be sent back.
pub(crate) fn contact<'a>(
    body: impl Into<Document<'a>>,
    presence: Presence,
    placed: &[Line],
) -> Result<ContactPatch, Error> {
    let body = body.into();
    let [name, address, phone, delivery, items]: Members<'_, 5> = members(body, ROW)?;
    let mut found = Found::default();
    let mut patch = ContactPatch::default();
    for (field, raw) in Field::ALL.into_iter().zip([name, address, phone, delivery]) {
        if let Some(Some(text)) = found.take(field.as_str(), presence.of(raw, |raw| text(field, raw))) {
            patch.set(field, &text).map_err(|error| Error::field(field.as_str(), error.to_string()))?;
        }
    }
    if items.is_some_and(|items| !are_the_same(&items, body.noting.inside(ITEMS), placed)) {
        found.note("items", texts("Items cannot be changed once the order was placed; cancel it and place another."));
    }
    Ok(found.settle(Some(patch))?)
}

/// Whether `items` are the lines `placed`, by product and quantity.
fn are_the_same(items: &Raw<'_>, noting: Noting<'_>, placed: &[Line]) -> bool {
    let Raw::List(list) = items else { return false };
    let mut lines = placed.iter();
    let mut same = true;
    let read = for_each_row_of(list, noting, LINE, |row| {
        let given = row.ok().and_then(|[product, quantity]| {
            let product = key(product?, Some).ok()?;
            let quantity = quantity.map_or(Ok(1), |raw| QUANTITY.check_u32(raw)).ok()?;
            Some((ProductId(product), quantity))
        });
        same &= given.is_some() && given == lines.next().map(|line| (line.product.product, line.quantity));
    });
    same && read.is_ok() && lines.next().is_none()
}

/// Where an order shall go, and why.
pub(crate) fn transition<'a>(body: impl Into<Document<'a>>) -> Result<(Status, Option<Box<str>>), Error> {
    let [to, reason]: Members<'_, 2> = members(body, ["to", "reason"])?;
    let mut found = Found::default();
    let to = found.take("to", required(to, |raw| choice(raw, Status::parse)));
    let reason = found.take("reason", optional(reason, |raw| nullable(raw, |raw| REASON.check(raw))));
    let (to, reason) = found.settle(to.zip(reason))?;
    Ok((to, reason.flatten().map(Box::from)))
}

/// Why an order is cancelled.
pub(crate) fn cancel<'a>(body: impl Into<Document<'a>>) -> Result<Box<str>, Error> {
    let [reason]: Members<'_, 1> = members(body, ["reason"])?;
    let mut found = Found::default();
    let reason = found.take("reason", required(reason, |raw| REASON.check(raw)));
    Ok(found.settle(reason)?.into())
}
