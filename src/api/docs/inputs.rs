//! The schemas of what clients send: what the fields take, which is more than their types say, as in the predecessor.

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::domain::order::Field;
use crate::domain::stock::ON_HAND_MAX;
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
    order["items"] = json!({"type": "array", "minItems": 1, "maxItems": 1000, "items": line()});
    let product = || {
        json!({
            "name": text(Some(100)),
            "description": or_number(&json!({"type": "string", "pattern": "^[^\\u0000]*$"})),
            "price": price(),
            "stock": count(),
            "expiry_date": {"type": ["string", "null"], "format": "date"},
            "category_id": key("The category."),
            "archived": flag(),
            "expected": {"description": "What was available; where it is another now, a stock is not set.", "anyOf": [count(), {"type": "null"}]},
        })
    };
    let contact_names = Field::ALL.map(Field::as_str);
    let order_names: Vec<_> = contact_names.into_iter().chain(["items"]).collect();
    let category = || json!({"name": text(Some(50))});
    let user = || {
        json!({
            "name": access_name(),
            "role": role(),
            "password": {"type": "string", "minLength": PASSWORD_CHARS_MIN, "maxLength": PASSWORD_CHARS_MAX},
            "disabled": flag(),
        })
    };
    let mut user_patch = user();
    user_patch.as_object_mut().map(|members| members.remove("name"));
    let access_key = json!({
        "name": access_name(),
        "role": role(),
        "scope": {"type": "string", "enum": ["all", "orders", "catalogue"], "description": "all where it is left out."},
        "expires_at": {"type": ["string", "null"], "format": "date-time"},
    });
    [
        ("CategoryInput", object(&category(), &["name"])),
        ("CategoryPatch", object(&category(), &[])),
        ("ProductInput", object(&product(), &["name", "price", "category_id"])),
        ("ProductPatch", object(&product(), &[])),
        ("OrderInput", object(&order, &order_names)),
        ("ContactInput", object(&contact(), &contact_names)),
        ("ContactPatch", object(&contact(), &[])),
        ("Transition", object(&json!({"to": status(), "reason": reason_or_null()}), &["to"])),
        ("Cancellation", object(&json!({"reason": text(Some(500))}), &["reason"])),
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
    json!({"type": "object", "properties": properties, "required": required})
}

/// A number is taken for a text as it is written.
fn or_number(text: &Value) -> Value {
    json!({"anyOf": [text, {"type": "number"}]})
}

/// A text that is not blank; white space around it is dropped.
fn text(length_max: Option<usize>) -> Value {
    let mut text = json!({"type": "string", "minLength": 1, "pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"});
    if let Some(max) = length_max {
        text["maxLength"] = max.into();
    }
    or_number(&text)
}

fn email() -> Value {
    let pattern = "^[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\\.)+[A-Za-z]{2,20}$";
    json!({"type": "string", "format": "email", "pattern": pattern, "maxLength": Field::CustomerEmail.length_max()})
}

fn key(of: &str) -> Value {
    json!({"description": of, "anyOf": [
        {"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
    ]})
}

/// Pieces: none or more.
fn count() -> Value {
    json!({"anyOf": [
        {"type": "integer", "minimum": 0, "maximum": ON_HAND_MAX}, {"type": "string", "pattern": "^[0-9]{1,9}$"},
    ]})
}

fn line() -> Value {
    let quantity = json!({"description": "1 where it is left out.", "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": ON_HAND_MAX},
        {"type": "string", "pattern": "^0*[1-9][0-9]{0,8}$"},
    ]});
    object(&json!({"product_id": key("The product."), "quantity": quantity}), &["product_id"])
}

fn price() -> Value {
    json!({"anyOf": [
        {"type": "string", "pattern": "^[0-9]{1,8}(\\.[0-9]{1,2})?$"},
        {"type": "number", "minimum": 0, "maximum": 99_999_999.99, "multipleOf": 0.01},
    ]})
}

fn flag() -> Value {
    json!({"anyOf": [{"type": "boolean"}, {"type": ["string", "integer"], "enum": ["true", "false", "yes", "no", "on", "off", "1", "0", 1, 0]}]})
}

fn access_name() -> Value {
    json!({"type": "string", "pattern": format!("^{ACCESS_NAME}$"), "description": "Kept in lower case."})
}

fn role() -> Value {
    json!({"type": "string", "enum": ["viewer", "operator", "admin"]})
}

fn status() -> Value {
    let words = ["pending", "processing", "shipped", "delivered", "cancelled", "dispatched", "canceled"];
    json!({"type": "string", "enum": words})
}

fn reason_or_null() -> Value {
    let text = json!({"type": "string", "minLength": 1, "maxLength": 500,
        "pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"});
    json!({"anyOf": [text, {"type": ["number", "null"]}]})
}

/// Either `delta` or `set`.
fn adjustment() -> Value {
    let max = i64::from(ON_HAND_MAX);
    let delta = json!({"anyOf": [
        {"type": "integer", "minimum": -max, "maximum": max}, {"type": "string", "pattern": "^-?[0-9]{1,9}$"},
    ]});
    let expected = json!({"anyOf": [
        {"type": ["integer", "null"], "minimum": 0, "maximum": max}, {"type": "string", "pattern": "^[0-9]{1,9}$"},
    ]});
    let either = |name: &str, schema: Value, other: &str| {
        let mut form = object(&json!({name: schema, "expected": expected, "reason": reason_or_null()}), &[name]);
        form["not"] = json!({"required": [other]});
        form
    };
    json!({"oneOf": [either("delta", delta, "set"), either("set", count(), "delta")]})
}
