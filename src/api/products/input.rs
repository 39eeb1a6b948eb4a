//! What a client says of a product.

use chrono::NaiveDate;

use crate::domain::catalogue::{ProductDetails, ProductPatch};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::money::Money;
use crate::domain::stock::{Adjustment, ON_HAND_MAX, StockEdit, Target};
use crate::domain::text::{FREE_TEXT_MAX, ProductName};
use crate::view::Products;
use crate::web::error::Error;
use crate::wire::fields::{
    Chars, Document, DocumentError, Found, Integer, Members, Presence, Problem, REASON, Raw, boolean, date, key,
    members, nullable, optional, price, texts,
};

const NAME: Chars = Chars::up_to(Some(100));
const DESCRIPTION: Chars = Chars::up_to(Some(FREE_TEXT_MAX)).or_blank();
const COUNT: Integer = Integer(0..=ON_HAND_MAX as i64);
const DELTA: Integer = Integer(-(ON_HAND_MAX as i64)..=ON_HAND_MAX as i64);

/// The fields of a product. In a full one, name, price and category are always there.
#[derive(Debug)]
pub(crate) struct ProductInput {
    pub(crate) name: Option<ProductName>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) price: Option<Money>,
    pub(crate) stock: Option<u32>,
    /// What was available when the client looked.
    pub(crate) expected: Option<u32>,
    /// The same, by the other figures of an answer that is sent back.
    pub(crate) seen: Option<u32>,
    #[expect(clippy::option_option, reason = "left out, `null`, a day: three things to say")]
    pub(crate) expiry_date: Option<Option<NaiveDate>>,
    pub(crate) category: Option<CategoryId>,
    pub(crate) archived: Option<bool>,
}

impl ProductInput {
    /// The product that this is, read from a full body.
    pub(crate) fn details(self) -> ProductDetails {
        ProductDetails {
            name: self.name.expect("a full product has a name"),
            description: self.description.unwrap_or_default(),
            price: self.price.expect("a full product has a price"),
            expiry_date: self.expiry_date.flatten(),
            category: self.category.expect("a full product has a category"),
            archived: self.archived.unwrap_or(false),
        }
    }

    /// What of this is a change of its stock. An answer that is sent back with the stock it had asks for none, whatever
    /// was reserved or shipped since; one with another stock is guarded by what it had.
    pub(crate) fn stock_edit(&self) -> StockEdit {
        if self.seen.is_some() && self.seen == self.stock {
            return StockEdit { available: None, expected: self.expected };
        }
        StockEdit { available: self.stock, expected: self.expected.or(self.seen) }
    }

    /// What of this is a change of the product itself.
    pub(crate) fn patch(self) -> ProductPatch {
        let Self { name, description, price, stock: _, expected: _, seen: _, expiry_date, category, archived } = self;
        ProductPatch { name, description, price, expiry_date, category, archived }
    }
}

const NAMES: [&str; 11] = [
    "name",
    "description",
    "price",
    "stock",
    "expiry_date",
    "category_id",
    "archived",
    "expected",
    "category",
    ON_HAND,
    RESERVED,
];
const ON_HAND: &str = "on_hand";
const RESERVED: &str = "reserved";

/// The product in `body`, its category one of those in `products`. Where there is no `category_id`, the `category` of
/// an answer is taken, so that what was read can be sent back.
pub(crate) fn product<'a>(
    body: impl Into<Document<'a>>,
    presence: Presence,
    products: &Products,
) -> Result<ProductInput, Error> {
    let body = body.into();
    let [name, description, cost, stock, expiry, category, archived, expected, nested, on_hand, reserved] =
        members(body, NAMES)?;
    let category = category_of(body, category, nested)?;
    let existing = |id| products.category(CategoryId(id)).map(|category| category.id);
    let named = |raw| {
        let text = NAME.check(raw)?;
        ProductName::parse(&text).map_err(|error| texts(error.to_string()))
    };
    let described = |raw| DESCRIPTION.check(raw).map(Box::from);
    let mut found = Found::default();
    let name = found.take("name", presence.of(name, named));
    let description = found.take("description", optional(description, described));
    let price = found.take("price", presence.of(cost, price));
    let stock = found.take("stock", optional(stock, |raw| COUNT.check_u32(raw)));
    let expiry_date = found.take("expiry_date", optional(expiry, |raw| nullable(raw, date)));
    let category = found.take("category_id", presence.of(category, |raw| key(raw, existing)));
    let archived = found.take("archived", optional(archived, boolean));
    let expected = found.take("expected", optional(expected, |raw| nullable(raw, |raw| COUNT.check_u32(raw))));
    let seen = seen(body, stock.flatten(), on_hand, reserved);
    // What was not taken was noted, and then nothing comes of it.
    Ok(found.settle(Some(ProductInput {
        name: name.flatten(),
        description: description.flatten(),
        price: price.flatten(),
        stock: stock.flatten(),
        expected: expected.flatten().flatten(),
        seen,
        expiry_date: expiry_date.flatten(),
        category: category.flatten(),
        archived: archived.flatten(),
    }))?)
}

/// The id of the category: `given`, or that of the object `nested`.
fn category_of<'a>(
    body: Document<'a>,
    given: Option<Raw<'a>>,
    nested: Option<Raw<'a>>,
) -> Result<Option<Raw<'a>>, DocumentError> {
    match (given, nested) {
        (None, Some(Raw::Dict(text))) => {
            let [id] = members(body.noting.inside("category.").of(text), ["id"])?;
            Ok(id)
        }
        (given, nested) => {
            if nested.is_some() {
                body.noting.note("category");
            }
            Ok(given)
        }
    }
}

/// What was available by the `on_hand` and `reserved` of an answer, where they stand beside a `stock`: elsewhere nobody
/// can set them, and they are ignored.
fn seen(body: Document<'_>, stock: Option<u32>, on_hand: Option<Raw<'_>>, reserved: Option<Raw<'_>>) -> Option<u32> {
    let given = [(ON_HAND, on_hand.is_some()), (RESERVED, reserved.is_some())];
    let count = |raw: Option<Raw<'_>>| raw.and_then(|raw| COUNT.check_u32(raw).ok());
    let seen = count(on_hand).zip(count(reserved)).and_then(|(on_hand, reserved)| on_hand.checked_sub(reserved));
    let seen = seen.filter(|_| stock.is_some());
    if seen.is_none() {
        given.into_iter().filter(|(_, is_given)| *is_given).for_each(|(name, _)| body.noting.note(name));
    }
    seen
}

/// The adjustment of `product` in `body`: `delta`, or `set` with what was `expected`.
pub(crate) fn adjustment<'a>(body: impl Into<Document<'a>>, product: ProductId) -> Result<Adjustment, Error> {
    let [delta, set, expected, reason]: Members<'_, 4> = members(body, ["delta", "set", "expected", "reason"])?;
    let mut found = Found::default();
    let delta = found.take("delta", optional(delta, |raw| DELTA.check(raw)));
    let set = found.take("set", optional(set, |raw| COUNT.check_u32(raw)));
    let expected = found.take("expected", optional(expected, |raw| nullable(raw, |raw| COUNT.check_u32(raw))));
    let reason = found.take("reason", optional(reason, |raw| nullable(raw, |raw| REASON.check(raw))));
    let (delta, set, expected, reason) = found.settle(delta.zip(set).zip(expected.zip(reason)).map(flat))?;
    let target = match (delta, set) {
        (Some(delta), None) => Target::By(delta),
        (None, Some(set)) => Target::OnHand(set),
        _ => return Err(Problem::whole("Give either \"delta\" or \"set\".").into()),
    };
    Ok(Adjustment { product, target, expected: expected.flatten(), reason: reason.flatten().map(Box::from) })
}

fn flat<A, B, C, D>(((a, b), (c, d)): ((A, B), (C, D))) -> (A, B, C, D) {
    (a, b, c, d)
}
