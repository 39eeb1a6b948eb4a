//! What the API says of itself is true: each example is sent to a server, and Swagger UI loads nothing from elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use serde_json::Value;
use support::{Reply, Running};

/// What the examples are about: product 1 was ordered, category 2 and product 2 were not used, order 2 ended.
fn stocked() -> Running {
    let server = Running::start();
    for name in ["Electronics", "Unused"] {
        server.post("/api/inventory/categories/", &format!(r#"{{"name":"{name}"}}"#)).expect(201);
    }
    for name in ["Phone", "Unsold"] {
        let product = format!(r#"{{"name":"{name}","price":"299.99","stock":10,"category_id":1}}"#);
        server.post("/api/inventory/products/", &product).expect(201);
    }
    let order = r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1",
        "delivery_address":"Here","items":[{"product_id":1}]}"#;
    server.post("/api/inventory/orders/bulk/", &format!("[{order},{order}]")).expect(201);
    server.post("/api/inventory/orders/2/cancel/", r#"{"reason":"unwanted"}"#).expect(200);
    server
}

fn document(server: &Running) -> Value {
    serde_json::from_slice(&server.get("/openapi.json").expect(200).body).unwrap()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// `path` with the examples of its parameters.
fn filled(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
        let example = example.as_str().map_or_else(|| example.to_string(), ToOwned::to_owned);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &example),
            "query" if example != "null" => query.push(format!("{name}={example}")),
            _ => {}
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// The schema behind `response`, and whether a list of it is answered.
fn schema<'a>(document: &'a Value, response: &'a Value) -> Option<(&'a Value, bool)> {
    let schema = &response["content"]["application/json"]["schema"];
    let is_list = schema["type"] == "array";
    let reference = if is_list { &schema["items"]["$ref"] } else { &schema["$ref"] };
    Some((document.pointer(reference.as_str()?.strip_prefix('#')?)?, is_list))
}

/// What `reply` has that `response` does not say, or the other way round.
fn difference(document: &Value, response: &Value, reply: &Reply) -> Option<String> {
    for (name, _) in members(&response["headers"]) {
        let always = name == "X-Request-Id" || name == "Allow" || name == "Content-Security-Policy";
        if always && reply.header(&name.to_ascii_lowercase()).is_none() {
            return Some(format!("no header {name}"));
        }
    }
    let (schema, is_list) = schema(document, response)?;
    if schema["properties"].is_null() {
        return None;
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let shown = if is_list { &body[0] } else { &body };
    let said: Vec<_> = members(&schema["properties"]).map(|(name, _)| name).collect();
    let found: Vec<_> = members(shown).map(|(name, _)| name).collect();
    let is_empty = is_list && body.as_array().is_some_and(Vec::is_empty);
    (said != found && !is_empty).then(|| format!("{found:?} where the document says {said:?}"))
}

#[test]
fn each_example_is_answered_as_the_document_says() {
    let document = document(&Running::start());
    let mut differing = Vec::new();
    let mut server = stocked();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let method = method.to_uppercase();
            let changes = !["GET", "HEAD", "OPTIONS"].contains(&method.as_str());
            let path = filled(path, operation);
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            let body = if example.is_null() { String::new() } else { example.to_string() };
            let reply = server.send(&method, &path, &[], &body);
            let (status, response) = members(&operation["responses"])
                .filter(|(status, _)| path.contains("/bulk/") || status.starts_with('2'))
                .find(|(status, _)| status.starts_with('2') && **status == reply.status.to_string())
                .unwrap_or_else(|| panic!("{method} {path} {body}: {} {}", reply.status, reply.text()));
            if let Some(difference) = difference(&document, response, &reply) {
                differing.push(format!("{method} {path}: {status}, {difference}"));
            }
            if changes {
                server = stocked();
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn the_examples_of_answers_have_the_members_that_their_schemas_say() {
    let document = document(&Running::start());
    let mut examples = 0;
    for (name, schema) in members(&document["components"]["schemas"]) {
        if let Some(example) = schema.get("example") {
            let shown: Vec<_> = members(example).map(|(name, _)| name).collect();
            let said: Vec<_> = members(&schema["properties"]).map(|(name, _)| name).collect();
            assert_eq!(shown, said, "{name}");
            examples += 1;
        }
    }
    assert_eq!(examples, 5);
}

#[test]
fn swagger_ui_is_whole_and_loads_nothing_from_elsewhere() {
    let server = Running::start();
    let page = server.get("/docs").expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let links: Vec<_> = page.text().split(['"']).filter(|part| part.starts_with("/docs/")).collect();
    assert_eq!(links.len(), 6, "{links:?}");
    assert!(!page.text().contains("//"), "no link to another host");
    for link in links {
        let file = server.get(link).expect(200);
        let kind = file.header("content-type").unwrap();
        assert!(["text/css", "image/png", "text/javascript"].contains(&kind), "{link}: {kind}");
        assert_eq!(file.header("content-security-policy"), Some(policy));
    }
    let start = server.get("/docs/swagger-initializer.js").expect(200);
    assert!(start.text().contains(r#""validatorUrl": "none""#), "{}", start.text());
    assert!(
        start.text().contains(r#""url": "/openapi.json""#) && !start.text().contains("petstore"),
        "{}",
        start.text()
    );
    server.get("/docs/no.js").expect(404);
    server.get("/docs/../Cargo.toml").expect(404);
}
