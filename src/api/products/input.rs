//! What a client says of a product.

use chrono::NaiveDate;

use super::super::error::Error;
use super::super::fields::{
    Chars, Found, Integer, Members, Presence, Problem, REASON, boolean, date, key, members, nullable, optional, price,
    texts,
};
use crate::domain::catalogue::{ProductDetails, ProductPatch};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::money::Money;
use crate::domain::stock::{Adjustment, ON_HAND_MAX, Target};
use crate::domain::text::ProductName;
use crate::view::Products;

const NAME: Chars = Chars::up_to(Some(100));
const COUNT: Integer = Integer(0..=ON_HAND_MAX as i64);
const DELTA: Integer = Integer(-(ON_HAND_MAX as i64)..=ON_HAND_MAX as i64);

/// The fields of a product. In a full one, name, price and category are always there.
#[derive(Debug)]
pub(crate) struct ProductInput {
    pub(crate) name: Option<ProductName>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) price: Option<Money>,
    pub(crate) stock: Option<u32>,
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

    /// What of this is a change of the product itself.
    pub(crate) fn patch(self) -> ProductPatch {
        let Self { name, description, price, stock: _, expiry_date, category, archived } = self;
        ProductPatch { name, description, price, expiry_date, category, archived }
    }
}

const NAMES: [&str; 7] = ["name", "description", "price", "stock", "expiry_date", "category_id", "archived"];

/// The product in `body`, its category one of those in `products`.
pub(crate) fn product(body: &[u8], presence: Presence, products: &Products) -> Result<ProductInput, Error> {
    let [name, description, cost, stock, expiry, category, archived]: Members<'_, 7> = members(body, NAMES)?;
    let existing = |id| products.category(CategoryId(id)).map(|category| category.id);
    let named = |raw| {
        let text = NAME.check(raw)?;
        ProductName::parse(&text).map_err(|error| texts(error.to_string()))
    };
    let described = |raw| Chars::ANY.or_blank().check(raw).map(Box::from);
    let mut found = Found::default();
    let name = found.take("name", presence.of(name, named));
    let description = found.take("description", optional(description, described));
    let price = found.take("price", presence.of(cost, price));
    let stock = found.take("stock", optional(stock, |raw| COUNT.check_u32(raw)));
    let expiry_date = found.take("expiry_date", optional(expiry, |raw| nullable(raw, date)));
    let category = found.take("category_id", presence.of(category, |raw| key(raw, existing)));
    let archived = found.take("archived", optional(archived, boolean));
    // What was not taken was noted, and then nothing comes of it.
    Ok(found.settle(Some(ProductInput {
        name: name.flatten(),
        description: description.flatten(),
        price: price.flatten(),
        stock: stock.flatten(),
        expiry_date: expiry_date.flatten(),
        category: category.flatten(),
        archived: archived.flatten(),
    }))?)
}

/// The adjustment of `product` in `body`: `delta`, or `set` with what was `expected`.
pub(crate) fn adjustment(body: &[u8], product: ProductId) -> Result<Adjustment, Error> {
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
