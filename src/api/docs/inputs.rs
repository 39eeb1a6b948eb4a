//! The schemas of what clients send, in the one form that is best sent. More is taken, as in the predecessor;
//! `docs/api.md` says what. A schema that said it would give generated clients types that say nothing.

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::domain::order::Field;
use crate::domain::stock::ON_HAND_MAX;
use crate::domain::text::FREE_TEXT_MAX;
use crate::secret::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};

/// What the name of a user or key looks like.
pub(super) const ACCESS_NAME: &str = "[A-Za-z0-9._@+-]{1,64}";

/// The bodies, by name.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let contact = || {
        json!({
            "customer_name": text(Field::CustomerName.length_max()),
            "customer_email": email(),
            "customer_phone": text(Field::CustomerPhone.length_max()),
            "delivery_address": text(Field::DeliveryAddress.length_max()),
        })
    };
    let mut order = contact();
    order["items"] = json!({"type": "array", "minItems": 1, "maxItems": 1000, "items": reference("LineInput")});
    let product = || {
        json!({
            "name": text(100),
            "description": {"type": "string", "maxLength": FREE_TEXT_MAX, "pattern": "^[^\\u0000]*$"},
            "price": price(),
            "stock": count(0),
            "expiry_date": {"type": ["string", "null"], "format": "date"},
            "category_id": key("The id of the category."),
            "archived": {"type": "boolean"},
            "expected": expected("What is available as far as the client knows; where it is another number, stock is not set."),
        })
    };
    let contact_names = Field::ALL.map(Field::as_str);
    let order_names: Vec<_> = contact_names.into_iter().chain(["items"]).collect();
    let category = || json!({"name": text(50)});
    let user = || {
        json!({
            "name": access_name(),
            "role": reference("Role"),
            "password": {"type": "string", "minLength": PASSWORD_CHARS_MIN, "maxLength": PASSWORD_CHARS_MAX},
            "disabled": {"type": "boolean"},
        })
    };
    let mut user_patch = user();
    user_patch.as_object_mut().map(|members| members.remove("name"));
    let access_key = json!({
        "name": access_name(),
        "role": reference("Role"),
        "scope": reference("Scope"),
        "expires_at": {"type": ["string", "null"], "format": "date-time"},
    });
    [
        ("CategoryInput", object(&category(), &["name"])),
        ("CategoryPatch", object(&category(), &[])),
        ("ProductInput", object(&product(), &["name", "price", "category_id"])),
        ("ProductPatch", object(&product(), &[])),
        ("OrderInput", object(&order, &order_names)),
        ("LineInput", line()),
        ("ContactInput", object(&contact(), &contact_names)),
        ("ContactPatch", object(&contact(), &[])),
        ("Transition", object(&json!({"to": reference("Status"), "reason": reason_or_null()}), &["to"])),
        ("Cancellation", object(&json!({"reason": text(500)}), &["reason"])),
        ("Adjustment", adjustment()),
        ("UserInput", object(&user(), &["name", "role", "password"])),
        ("UserPatch", object(&user_patch, &[])),
        ("KeyInput", object(&access_key, &["name", "role"])),
    ]
    .into()
}

/// A plain schema from its JSON.
pub(super) fn read(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).expect("the schema is well formed")
}

fn object(properties: &Value, required: &[&str]) -> Value {
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// A text that is not blank.
const NOT_BLANK: &str = "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$";

/// A text that is not blank; white space around it is dropped.
fn text(length_max: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": length_max, "pattern": NOT_BLANK})
}

fn email() -> Value {
    json!({"type": "string", "format": "email", "maxLength": Field::CustomerEmail.length_max()})
}

fn key(of: &str) -> Value {
    json!({"description": of, "type": "integer", "format": "int64", "minimum": 1})
}

/// Pieces: `min` or more.
fn count(min: u32) -> Value {
    json!({"type": "integer", "format": "int32", "minimum": min, "maximum": ON_HAND_MAX})
}

/// A number that was seen, or none.
fn expected(description: &str) -> Value {
    let mut expected = count(0);
    expected["type"] = json!(["integer", "null"]);
    expected["description"] = description.into();
    expected
}

fn line() -> Value {
    let mut quantity = count(1);
    quantity["description"] = "1 where it is left out.".into();
    object(&json!({"product_id": key("The id of the product."), "quantity": quantity}), &["product_id"])
}

fn price() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,8}(\\.[0-9]{1,2})?$", "description": "An amount with at most two decimals."})
}

fn access_name() -> Value {
    json!({"type": "string", "pattern": format!("^{ACCESS_NAME}$"), "description": "Kept in lower case."})
}

fn reason_or_null() -> Value {
    json!({"type": ["string", "null"], "minLength": 1, "maxLength": 500, "pattern": NOT_BLANK})
}

/// One class for both forms: two would be a union that says nothing more in most languages.
fn adjustment() -> Value {
    let mut delta = count(0);
    delta["minimum"] = (-i64::from(ON_HAND_MAX)).into();
    delta["description"] = "By how much what is on hand changes; instead of `set`.".into();
    let mut set = count(0);
    set["description"] = "What is on hand from now on; instead of `delta`.".into();
    let expected = expected("What is on hand as far as the client knows; another number there is a 409.");
    let members = json!({"delta": delta, "set": set, "expected": expected, "reason": reason_or_null()});
    let mut adjustment = object(&members, &[]);
    adjustment["description"] = "Give either `delta` or `set`; both, or none of them, is a 400.".into();
    adjustment["minProperties"] = 1.into();
    adjustment
}
