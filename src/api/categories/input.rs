//! What a client says of a category.

use crate::domain::text::CategoryName;
use crate::web::error::Error;
use crate::wire::fields::{Chars, Document, Found, Presence, members};

const NAME: Chars = Chars::up_to(Some(50));

/// The name in `body`; always there in a full one.
pub(crate) fn name<'a>(body: impl Into<Document<'a>>, presence: Presence) -> Result<Option<CategoryName>, Error> {
    let [name] = members(body, ["name"])?;
    let mut found = Found::default();
    let name = found.take("name", presence.of(name, |raw| NAME.check(raw)));
    let name = found.settle(name)?;
    let parsed = name.map(|name| CategoryName::parse(&name)).transpose();
    parsed.map_err(|error| Error::field("name", error.to_string()))
}
