//! The document as a collection for Postman, version 2.1.

use serde_json::{Map, Value, json};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// The methods that somebody wants to try.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The collection: a folder for each tag, a request for each operation, on the server that `baseUrl` says, by the API
/// key that `key` holds.
pub(super) fn collection(document: &Value) -> Value {
    let mut folders: Map<String, Value> = Map::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &item[method];
            if operation.is_object() {
                let tag = operation["tags"][0].as_str().unwrap_or_default();
                let folder = folders.entry(tag).or_insert_with(|| json!({"name": tag, "item": []}));
                if let Some(requests) = folder["item"].as_array_mut() {
                    requests.push(request(path, method, operation));
                }
            }
        }
    }
    let folders: Vec<Value> = folders.into_iter().map(|(_, folder)| folder).collect();
    json!({
        "info": {"name": document["info"]["title"], "description": document["info"]["description"], "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:8080"},
            {"key": "key", "value": "", "type": "secret"},
        ],
        "item": folders,
    })
}

fn request(path: &str, method: &str, operation: &Value) -> Value {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |place: &str, is_off: bool| -> Vec<Value> {
        let found = parameters.iter().filter(|parameter| parameter["in"] == place);
        found
            .map(|parameter| {
                let value = match &parameter["example"] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let mut pair = json!({"key": parameter["name"], "value": value});
                if !parameter["description"].is_null() {
                    pair["description"] = parameter["description"].clone();
                }
                if is_off {
                    pair["disabled"] = true.into();
                }
                pair
            })
            .collect()
    };
    let colons = path.replace('{', ":").replace('}', "");
    let segments: Vec<&str> = colons.trim_start_matches('/').split('/').collect();
    let mut request = json!({
        "method": method.to_uppercase(),
        "header": of("header", true),
        "url": {
            "raw": format!("{{{{baseUrl}}}}{colons}"),
            "host": ["{{baseUrl}}"],
            "path": segments,
            "query": of("query", true),
            "variable": of("path", false),
        },
    });
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        let raw = serde_json::to_string_pretty(example).expect("an example is JSON");
        request["body"] = json!({"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}});
    }
    json!({"name": operation["summary"], "request": request})
}
