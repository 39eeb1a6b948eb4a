//! The document as a collection for Postman, version 2.1, which runs whole from top to bottom.

use serde_json::{Value, json};

use super::steps::{Step, VARIABLES, folders};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const DESCRIPTION: &str = "Run it whole, from top to bottom: each request makes what later ones are about, and the last folder takes \
    it away again. baseUrl is the server. key is an API key of an admin, or empty on an open server; what would close an open \
    server is not sent unless closeAccess is yes.";

/// Names for this run, so that the collection can run again.
const NAME_THE_RUN: &str =
    "if (!pm.collectionVariables.get('run')) pm.collectionVariables.set('run', Date.now().toString(36));";

/// The collection: folders of requests on the server that `baseUrl` says, by the API key that `key` holds.
pub(super) fn collection(document: &Value) -> Value {
    let folders = folders().map(|(name, description, steps)| {
        let items: Vec<Value> = steps.iter().map(|step| request(document, step)).collect();
        json!({"name": name, "description": description, "item": items})
    });
    let set = VARIABLES.map(|(key, value)| json!({"key": key, "value": value}));
    let variables: Vec<Value> = [
        json!({"key": "baseUrl", "value": "http://127.0.0.1:8080"}),
        json!({"key": "key", "value": "", "type": "secret"}),
        json!({"key": "closeAccess", "value": "no"}),
    ]
    .into_iter()
    .chain(set)
    .collect();
    json!({
        "info": {"name": document["info"]["title"], "description": DESCRIPTION, "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}", "type": "string"}]},
        "event": [script("prerequest", &[NAME_THE_RUN.to_owned()])],
        "variable": variables,
        "item": folders,
    })
}

/// Path, method and description of the operation that is called `id`.
fn operation<'a>(document: &'a Value, id: &str) -> (&'a str, &'a str, &'a Value) {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut all = paths.flat_map(|(path, item)| {
        item.as_object()
            .into_iter()
            .flatten()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    let found = all.find(|(.., operation)| operation["operationId"] == id);
    found.expect("each step of the collection is an operation of the document")
}

fn request(document: &Value, step: &Step) -> Value {
    let (path, method, operation) = operation(document, step.operation);
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |place: &str| -> Vec<Value> {
        let found = parameters.iter().filter(|parameter| parameter["in"] == place);
        found.map(|parameter| pair(parameter, place, step)).collect()
    };
    let colons = path.replace('{', ":").replace('}', "");
    let segments: Vec<&str> = colons.trim_start_matches('/').split('/').collect();
    let sent: Vec<String> = step.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if sent.is_empty() { String::new() } else { format!("?{}", sent.join("&")) };
    let mut request = json!({
        "method": method.to_uppercase(),
        "description": operation["description"],
        "header": of("header"),
        "url": {
            "raw": format!("{{{{baseUrl}}}}{colons}{query}"),
            "host": ["{{baseUrl}}"],
            "path": segments,
            "query": of("query"),
            "variable": of("path"),
        },
    });
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    let body = step.body.as_ref().unwrap_or(example);
    if !body.is_null() {
        request["body"] = json!({"mode": "raw", "raw": text(body), "options": {"raw": {"language": "json"}}});
    }
    let name = step.name.map_or_else(|| operation["summary"].clone(), Value::from);
    let mut events = vec![script("test", &checks(step))];
    if !step.before.is_empty() {
        events.push(script("prerequest", &step.before));
    }
    json!({"name": name, "event": events, "request": request})
}

/// A parameter with what is sent for it; one that is not sent is there to be switched on.
fn pair(parameter: &Value, place: &str, step: &Step) -> Value {
    let asked = step.query.iter().find(|(name, _)| parameter["name"] == *name).map(|(_, value)| *value);
    let value = match (place, &parameter["example"]) {
        ("path", _) if step.at.is_some() => step.at.unwrap_or_default().to_owned(),
        _ if asked.is_some() => asked.unwrap_or_default().to_owned(),
        (_, Value::Null) => String::new(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        (_, other) => other.to_string(),
    };
    let mut pair = json!({"key": parameter["name"], "value": value});
    if !parameter["description"].is_null() {
        pair["description"] = parameter["description"].clone();
    }
    if place != "path" && asked.is_none() {
        pair["disabled"] = true.into();
    }
    pair
}

/// `body` as it is typed into Postman: ids in it are variables, and numbers.
fn text(body: &Value) -> String {
    let text = serde_json::to_string_pretty(body).expect("a body is JSON");
    let ids = VARIABLES.into_iter().filter(|(name, _)| name.ends_with("Id"));
    ids.fold(text, |text, (name, _)| text.replace(&format!("\"{{{{{name}}}}}\""), &format!("{{{{{name}}}}}")))
}

/// What is tried on the answer.
fn checks(step: &Step) -> Vec<String> {
    let statuses: Vec<String> = step.statuses.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!(
        "pm.test('answers {}', () => pm.expect(pm.response.code).to.be.oneOf([{}]));",
        statuses.join(" or "),
        statuses.join(", ")
    )];
    if !step.after.is_empty() {
        lines.push(format!("if (pm.response.code === {}) {{", statuses[0]));
        lines.extend(step.after.iter().map(|line| format!("    {line}")));
        lines.push("}".into());
    }
    lines
}

fn script(listen: &str, lines: &[String]) -> Value {
    json!({"listen": listen, "script": {"type": "text/javascript", "exec": lines}})
}
