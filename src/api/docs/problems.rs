//! The schemas of errors: one object for all of them, and lists where orders are placed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::path::ParameterIn;

use super::inputs;
use super::operations::operations;

/// Fields and parameters that can be at fault: those of every body, and of every query. Named, because beside `detail`,
/// which is no list, some languages have no type for all others.
fn fields() -> BTreeSet<String> {
    let bodies = inputs::schemas().into_iter().filter(|(name, _)| *name != LINE);
    let members = bodies.flat_map(|(_, body)| {
        let members = body["properties"].as_object().into_iter().flat_map(|members| members.keys());
        members.cloned().collect::<Vec<_>>()
    });
    let parameters = operations().into_iter().flat_map(|operation| operation.parameters);
    let query = parameters.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    members.chain(query.map(|parameter| parameter.name)).collect()
}

/// What is wrong with a line stands under `items`.
const LINE: &str = "LineInput";

/// The schemas, by name.
pub(super) fn schemas() -> [(&'static str, Value); 6] {
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    let any_of = |schemas: Value| json!({"anyOf": schemas});
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let mut problem = json!({
        "type": "object",
        "description": "What is wrong. Either `detail` says it, or each field at fault has its sentences under its name, \
            and what is wrong with several fields together stands under non_field_errors.",
        "properties": {
            "detail": {"type": "string", "description": "What is wrong with the request as a whole."},
            "non_field_errors": texts(),
            "items": any_of(json!([
                {"type": "array", "items": any_of(json!([{"type": "string"}, texts(), reference("LineProblem")]))},
                reference("LineProblem"),
            ])),
            "current": {"type": "integer", "format": "int64",
                "description": "The number or version that there is, where another one was expected."},
            "on_hand": {"type": "integer", "format": "int64"},
            "reserved": {"type": "integer", "format": "int64"},
        },
    });
    for field in fields() {
        if problem["properties"][&field].is_null() {
            problem["properties"][field] = texts();
        }
    }
    let line = json!({
        "type": "object",
        "description": "What is wrong with a line of an order, by field; empty where nothing is.",
        "additionalProperties": texts(),
    });
    let order = any_of(json!([reference("Problem"), texts()]));
    let rows = json!({"type": "array", "items": any_of(json!([{"type": "string"}, reference("Problem")]))});
    let row = json!({
        "type": "object", "required": ["row", "order", "errors"],
        "properties": {
            "row": {"type": "integer", "format": "int32", "minimum": 0, "description": "Counted from 0."},
            "order": any_of(json!([reference("Order"), {"type": "null"}])),
            "errors": any_of(json!([reference("Problem"), texts(), {"type": "null"}])),
        },
    });
    let dry_run = json!({
        "type": "object", "required": ["status", "rows"],
        "properties": {
            "status": {"type": "integer", "enum": [201, 400], "description": "What the real run would answer."},
            "rows": {"type": "array", "items": reference("DryRunRow")},
        },
    });
    [
        ("Problem", problem),
        ("LineProblem", line),
        ("OrderProblem", order),
        ("BulkProblem", any_of(json!([reference("Problem"), rows]))),
        ("DryRunRow", row),
        ("DryRun", dry_run),
    ]
}
