//! Every operation: what it is called, what it takes, and what it answers.

use serde_json::{Value, json};
use utoipa::openapi::HttpMethod::{self, Delete, Get, Patch, Post, Put};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::super::routes::{
    ADJUST, ASSET, AUDIT, BULK, CANCEL, CATEGORIES, CATEGORY, DELAYED, DOCS, HEALTHZ, HISTORY, KEYS, ME, MOVEMENTS,
    OPENAPI, ORDER, ORDERS, OVERVIEW, POSTMAN, PRODUCT, PRODUCTS, READYZ, REVOKE_KEY, REVOKE_SESSION, ROOT, SESSIONS,
    SETTINGS, TIMELINE, TRANSITION, TREND, USER, USERS,
};
use super::inputs::{ACCESS_NAME, read};
use crate::domain::order::Status;

/// What an operation answers when it does what was asked.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    /// One of a schema.
    One(&'static str),
    /// A list of them; a page where the operation takes a cursor.
    List(&'static str),
    /// No body.
    Nothing,
    /// A file of one of these media types.
    File(&'static [&'static str]),
}

/// The body of a request.
pub(super) struct Input {
    pub(super) schema: &'static str,
    /// Whether it is a list of them.
    pub(super) is_list: bool,
    /// Not of a PATCH: without a body it changes nothing.
    pub(super) is_required: bool,
    pub(super) example: Value,
}

/// A method of a path.
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: HttpMethod,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) status: u16,
    pub(super) shows: Shows,
    pub(super) input: Option<Input>,
    pub(super) parameters: Vec<Parameter>,
    /// Beside those that the kind of operation has.
    pub(super) errors: &'static [u16],
    /// Whether it takes an idempotency key.
    pub(super) takes_key: bool,
    /// Whether it shows, or acts on, something that has a tag.
    pub(super) has_tag: bool,
}

fn on(method: HttpMethod, path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    let status = if method == Delete { 204 } else { 200 };
    Operation {
        path,
        method,
        id,
        summary,
        status,
        shows: Shows::Nothing,
        input: None,
        parameters: Vec::new(),
        errors: &[],
        takes_key: false,
        has_tag: false,
    }
}

impl Operation {
    fn shows(self, shows: Shows) -> Self {
        Self { shows, ..self }
    }

    fn gone(self) -> Self {
        Self { status: 204, ..self }
    }

    fn made(self) -> Self {
        Self { status: 201, ..self }
    }

    fn takes(self, schema: &'static str, example: Value) -> Self {
        let is_required = self.method != HttpMethod::Patch;
        let is_list = example.is_array();
        Self { input: Some(Input { schema, is_list, is_required, example }), ..self }
    }

    /// Shows, or acts on, something that has a tag.
    fn tagged(self) -> Self {
        Self { has_tag: true, ..self }
    }

    /// Takes an idempotency key.
    fn once(self) -> Self {
        Self { takes_key: true, ..self }
    }

    fn with(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The id in the path, with one that the example is about.
    fn id(self, example: u64) -> Self {
        let schema = read(id());
        let id = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).required(Required::True);
        self.with(id.schema(Some(schema)).example(Some(example.into())).build())
    }

    /// The name in the path.
    fn name(self, pattern: &str, example: &str) -> Self {
        let schema = read(json!({"type": "string", "pattern": pattern}));
        let name = ParameterBuilder::new().name("name").parameter_in(ParameterIn::Path).required(Required::True);
        self.with(name.schema(Some(schema)).example(Some(example.into())).build())
    }

    fn page(self) -> Self {
        let limit = json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 1000});
        let cursor = json!({"type": "string", "minLength": 1});
        self.with(query("limit", "How many rows, at most.", limit, Some(json!(100)))).with(query(
            "cursor",
            "Where the page before ended; taken from its Link, with the same filters and ordering.",
            cursor,
            None,
        ))
    }

    fn refuses(self, errors: &'static [u16]) -> Self {
        Self { errors, ..self }
    }
}

/// What a list of orders can be sorted by.
const SORTED_BY: [&str; 7] =
    ["id", "created_at", "updated_at", "last_transition_time", "total_price", "status", "customer_name"];

fn query(name: &str, description: &str, schema: Value, example: Option<Value>) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    parameter.description(Some(description)).schema(Some(read(schema))).example(example).build()
}

fn id() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 1})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn day() -> Value {
    json!({"type": "string", "format": "date"})
}

fn alice() -> Value {
    let mut order = bob();
    order["items"] = json!([{"product_id": 1, "quantity": 2}]);
    order
}

fn bob() -> Value {
    json!({
        "customer_name": "Bob", "customer_email": "bob@example.com", "customer_phone": "1234567890",
        "delivery_address": "1 Elm St",
    })
}

/// All of them but OPTIONS and HEAD, of which a generated client has no use.
pub(super) fn operations() -> Vec<Operation> {
    [catalogue(), orders(), access(), rest()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn catalogue() -> Vec<Operation> {
    let product = || json!({"name": "Tablet", "price": "149.50", "stock": 5, "category_id": 1});
    vec![
        on(Get, CATEGORIES, "category_list", "Lists categories, by id.").page().shows(Shows::List("Category")),
        on(Post, CATEGORIES, "category_create", "Creates a category.")
            .takes("CategoryInput", json!({"name": "Garden"})).once().made().shows(Shows::One("Category")),
        on(Get, CATEGORY, "category_retrieve", "Shows a category.").id(1).shows(Shows::One("Category")),
        on(Put, CATEGORY, "category_replace", "Renames a category.")
            .id(1).takes("CategoryInput", json!({"name": "Devices"})).shows(Shows::One("Category")),
        on(Patch, CATEGORY, "category_change", "Renames a category.")
            .id(1).takes("CategoryPatch", json!({"name": "Devices"})).shows(Shows::One("Category")),
        on(Delete, CATEGORY, "category_delete", "Deletes a category without products.").id(2).refuses(&[409]),
        on(Get, PRODUCTS, "product_list", "Lists products, archived ones included unless asked otherwise, by id.")
            .with(query("search", "Up to 16 terms, each of which the name has to contain.", text(), None))
            .with(query("category", "Only those of this category.", id(), Some(json!(1))))
            .with(query("archived", "true: only archived ones; false: only others.", flag(), None))
            .with(query("available_max", "Only products with at most this many units available.",
                json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX}), Some(json!(10))))
            .page().shows(Shows::List("Product")),
        on(Post, PRODUCTS, "product_create", "Creates a product with its opening stock.")
            .takes("ProductInput", product()).once().made().shows(Shows::One("Product")),
        on(Get, PRODUCT, "product_retrieve", "Shows a product.").tagged().id(1).shows(Shows::One("Product")),
        on(Put, PRODUCT, "product_replace", "Changes a product. What the body leaves out stays as it is.")
            .tagged().id(1).takes("ProductInput", product()).shows(Shows::One("Product")).refuses(&[409]),
        on(Patch, PRODUCT, "product_change", "Changes what is given of a product; stock is what is available.")
            .tagged().id(1).takes("ProductPatch", json!({"price": "279.00"})).shows(Shows::One("Product")).refuses(&[409]),
        on(Delete, PRODUCT, "product_delete", "Deletes a product that was never ordered.").tagged().id(2).refuses(&[409]),
        on(Post, ADJUST, "product_adjust", "Adjusts what is on hand, by a number or to one that is guarded by what was seen.")
            .tagged().id(1).takes("Adjustment", json!({"delta": -1, "reason": "damaged"})).once()
            .shows(Shows::One("Product")).refuses(&[409]),
        on(Get, MOVEMENTS, "product_movements", "Lists the stock ledger of a product, newest first.")
            .id(1).page().shows(Shows::List("Movement")),
    ]
}

#[rustfmt::skip]
fn orders() -> Vec<Operation> {
    let words = Status::ALL.map(Status::as_str).into_iter().chain(["delayed"]);
    let status = json!({"type": "array", "items": {"type": "string", "enum": words.collect::<Vec<_>>()}});
    let ways = SORTED_BY.into_iter().flat_map(|field| [field.to_owned(), format!("-{field}")]);
    let ordering = json!({"type": "string", "enum": ways.collect::<Vec<_>>()});
    vec![
        on(Get, ORDERS, "order_list", "Lists orders, newest first.")
            .with(query("search", "Up to 16 terms, each of which an order has to contain; what stands in quotes is one.", text(), None))
            .with(query("status", "Orders in any of these statuses, or those that are delayed.", status, Some(json!(["pending"]))))
            .with(query("delayed", "true: only those that stay in a stage for too long; false: only others.", flag(), None))
            .with(query("customer", "Only those that hold this in the customer's name, e-mail or telephone number, of which the digits count.",
                text(), None))
            .with(query("product", "Only those with a line of this product.", id(), Some(json!(1))))
            .with(query("from", "Only those placed on this day or later, which is not after to; days are those of the server's time zone.", day(), None))
            .with(query("to", "Only those placed on this day or before.", day(), None))
            .with(query("ordering", "By what the list is sorted; the other way round after a dash.", ordering, Some(json!("-id"))))
            .page().shows(Shows::List("Order")),
        on(Post, ORDERS, "order_create", "Places an order: each of its lines is reserved, or none.")
            .takes("OrderInput", alice()).once().made().shows(Shows::One("Order")),
        on(Post, BULK, "order_bulk", "Places all orders of a list, or none; or says what would become of each.")
            .with(query("dry_run", "Answers 200, and changes nothing.", flag(), None))
            .takes("OrderInput", json!([alice(), alice()])).once().made().shows(Shows::List("Order")),
        on(Get, DELAYED, "order_delayed", "Lists the orders that stayed in a stage for too long, longest last.")
            .page().shows(Shows::List("Order")),
        on(Get, ORDER, "order_retrieve", "Shows an order, archived or not.").tagged().id(1).shows(Shows::One("Order")),
        on(Put, ORDER, "order_replace", "Replaces the contact fields of a pending order.")
            .tagged().id(1).takes("ContactInput", bob()).shows(Shows::One("Order")).refuses(&[409]),
        on(Patch, ORDER, "order_change", "Changes the contact fields that are given, of a pending order.")
            .tagged().id(1).takes("ContactPatch", json!({"customer_phone": "555"})).shows(Shows::One("Order")).refuses(&[409]),
        on(Delete, ORDER, "order_archive", "Takes an ended order out of the lists; it stays readable.").tagged().id(2).refuses(&[409]),
        on(Get, HISTORY, "order_history", "Lists the transitions of an order, oldest first.").id(1).shows(Shows::List("Step")),
        on(Get, TIMELINE, "order_timeline", "Lists everything that happened to an order, oldest first.")
            .id(1).shows(Shows::List("Happening")),
        on(Post, TRANSITION, "order_transition", "Moves an order to another status.")
            .tagged().id(1).takes("Transition", json!({"to": "processing", "reason": "packed"})).once()
            .shows(Shows::One("Order")).refuses(&[409]),
        on(Post, CANCEL, "order_cancel", "Cancels an order, which gives its stock back.")
            .tagged().id(1).takes("Cancellation", json!({"reason": "changed her mind"})).once()
            .shows(Shows::One("Order")).refuses(&[409]),
    ]
}

#[rustfmt::skip]
fn access() -> Vec<Operation> {
    let user = || json!({"name": "bob", "role": "operator", "password": "a horse, a cart, a road"});
    let key = || json!({"name": "till-3", "role": "operator", "scope": "orders", "expires_at": null});
    let name = format!("^{ACCESS_NAME}$");
    vec![
        on(Get, ME, "me", "Shows who calls.").shows(Shows::One("Me")),
        on(Get, USERS, "user_list", "Lists users, by name.").page().shows(Shows::List("User")),
        on(Post, USERS, "user_create", "Adds a user. The first user or key closes a server that was open.")
            .takes("UserInput", user()).made().shows(Shows::One("User")).refuses(&[409]),
        on(Get, USER, "user_retrieve", "Shows a user.").name(&name, "ann").shows(Shows::One("User")),
        on(Patch, USER, "user_change", "Changes password, role, and whether the user may sign in; each ends their sessions.")
            .name(&name, "ann").takes("UserPatch", json!({"role": "viewer"})).shows(Shows::One("User")).refuses(&[409]),
        on(Get, KEYS, "key_list", "Lists API keys, by id, without their secrets.").page().shows(Shows::List("Key")),
        on(Post, KEYS, "key_create", "Makes an API key. Its secret is in this answer and nowhere else.")
            .takes("KeyInput", key()).made().shows(Shows::One("NewKey")).refuses(&[409]),
        on(Post, REVOKE_KEY, "key_revoke", "Ends an API key for good.").id(2).shows(Shows::One("Key")).refuses(&[409]),
        on(Get, SESSIONS, "session_list", "Lists who is signed in at the console, the newest session first.")
            .page().shows(Shows::List("Session")),
        on(Post, REVOKE_SESSION, "session_revoke", "Ends a session.").id(1).gone(),
        on(Get, AUDIT, "audit_list", "Lists changes of users, keys and catalogue, newest first.")
            .page().shows(Shows::List("AuditRow")),
    ]
}

#[rustfmt::skip]
fn rest() -> Vec<Operation> {
    let name = ParameterBuilder::new().name("file").parameter_in(ParameterIn::Path).required(Required::True);
    let name = name.schema(Some(read(json!({"type": "string"})))).example(Some(json!("index.css"))).build();
    vec![
        on(Get, ROOT, "root", "Links to the collections.").shows(Shows::One("Links")),
        on(Get, OVERVIEW, "overview", "Shows the whole at a glance: orders, what is delayed, what runs low, the engine.")
            .shows(Shows::One("Overview")),
        on(Get, TREND, "overview_trend", "Shows the last hour in steps: orders a minute, and time in each stage.")
            .shows(Shows::One("Trend")),
        on(Get, SETTINGS, "setting_list", "Lists the settings in force, section by section.").shows(Shows::List("Setting")),
        on(Get, HEALTHZ, "health", "Whether the process answers.").shows(Shows::One("Health")),
        on(Get, READYZ, "readiness", "Whether commands are taken; if not, a 503 says why.").shows(Shows::One("ReadinessReport")),
        on(Get, OPENAPI, "openapi", "This document.").shows(Shows::One("Document")),
        on(Get, POSTMAN, "postman", "This document as a collection for Postman.").shows(Shows::One("Document")),
        on(Get, DOCS, "docs", "This document to read and to try.").shows(Shows::File(&["text/html; charset=utf-8"])),
        on(Get, ASSET, "docs_file", "A file of that page.").with(name).shows(Shows::File(&["text/css", "text/javascript", "image/png"])),
    ]
}
