//! What the API says of itself is true: each example is sent to a server, and Swagger UI loads nothing from elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the tests of the console, which need more of it")]
#[path = "console/browser.rs"]
mod browser;
#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use browser::SignedIn;
use serde_json::{Value, json};
use support::{Reply, Running};

const ORDERS: &str = "/api/inventory/orders/";
const CATEGORIES: &str = "/api/inventory/categories/";
const PASSWORD: &str = "correct horse battery staple";

/// A server, and the secret of an admin's key.
struct Closed {
    server: Running,
    key: String,
}

impl Closed {
    fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        self.server.send(method, path, &[("X-Api-Key", &self.key)], body)
    }
}

/// What the examples are about: product 1 was ordered, category 2 and product 2 were not used, order 2 ended, ann is a
/// user and the session 1 is hers, key 2 is not the one that calls.
fn stocked() -> Closed {
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
    let made = server.post("/api/access/keys/", r#"{"name":"root","role":"admin"}"#).expect(201).json();
    let server = Closed { server, key: made.get("secret").unwrap().text().to_owned() };
    server.send("POST", "/api/access/keys/", r#"{"name":"spare","role":"viewer"}"#).expect(201);
    let ann = json!({"name": "ann", "role": "operator", "password": PASSWORD}).to_string();
    server.send("POST", "/api/access/users/", &ann).expect(201);
    SignedIn::new(&server.server, "ann", PASSWORD);
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
        let example = example.get(0).unwrap_or(example);
        let example = example.as_str().map_or_else(|| example.to_string(), ToOwned::to_owned);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &example),
            "query" if example != "null" => query.push(format!("{name}={example}")),
            _ => {}
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// The members that `schema` says, those of its parts included, by name.
fn said(schema: &Value) -> Vec<&String> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut said: Vec<_> =
        parts.chain([schema]).flat_map(|part| members(&part["properties"])).map(|(name, _)| name).collect();
    said.sort();
    said
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
    let said = said(schema);
    if said.is_empty() {
        return None;
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let shown = if is_list { &body[0] } else { &body };
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
            let changes = method != "GET";
            let path = filled(path, operation);
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            let body = if example.is_null() { String::new() } else { example.to_string() };
            let reply = server.send(&method, &path, &body);
            let (status, response) = members(&operation["responses"])
                .filter(|(status, _)| path.contains("/bulk") || status.starts_with('2'))
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

/// The example of each refusal that a client can bring about is what the server answers to what brings it about.
#[test]
fn the_examples_of_refusals_are_what_is_answered() {
    let server = stocked();
    let document = document(&server.server);
    let by = |key: &'static str| [("X-Api-Key", key)];
    let order = |name: &str| format!(r#"{{"customer_name":"{name}","customer_email":"a@example.com"}}"#);
    let whole = |product: u64, quantity: u64| {
        let mut order = json!({"customer_name": "Ann", "customer_email": "a@example.com", "customer_phone": "1"});
        order["delivery_address"] = "Here".into();
        order["items"] = json!([{"product_id": product, "quantity": quantity}]);
        order.to_string()
    };
    let viewer = json!({"name": "looker", "role": "viewer"}).to_string();
    let viewer = server.send("POST", "/api/access/keys/", &viewer).expect(201).json();
    let viewer = viewer.get("secret").unwrap().text();
    let key = server.key.as_str();
    let with = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = [("X-Api-Key", key)].into_iter().chain(headers.iter().copied()).collect();
        server.server.send(method, path, &headers, body)
    };
    let nameless = r#"{"customer_email":"a@example.com","customer_phone":"1","delivery_address":"Here",
        "items":[{"product_id":1}]}"#;
    with("POST", CATEGORIES, &[("Idempotency-Key", "1")], r#"{"name":"Garden"}"#).expect(201);
    let replies = [
        ("BadRequest", with("POST", ORDERS, &[], nameless)),
        ("BadOrder", with("POST", ORDERS, &[], &whole(1, 99))),
        ("BadBulk", with("POST", &format!("{ORDERS}bulk/"), &[], &format!("[{},{}]", whole(1, 1), whole(99, 1)))),
        ("Unauthorized", server.server.send("GET", ORDERS, &by("ph_wrong"), "")),
        ("Forbidden", server.server.send("GET", "/api/access/users/", &[("X-Api-Key", viewer)], "")),
        ("NotFound", with("GET", "/api/inventory/nothing/", &[], "")),
        ("NotAllowed", with("PUT", ORDERS, &[], "{}")),
        ("Conflict", with("POST", "/api/inventory/orders/2/transition/", &[], r#"{"to":"pending"}"#)),
        ("TooLarge", with("POST", ORDERS, &[], &order(&"x".repeat(2 << 20)))),
        ("Unsupported", with("POST", ORDERS, &[("Content-Type", "text/plain")], "order")),
        ("KeyReused", with("POST", CATEGORIES, &[("Idempotency-Key", "1")], r#"{"name":"House"}"#)),
    ];
    let mut differing = Vec::new();
    for (name, reply) in replies {
        let example = &document["components"]["responses"][name]["content"]["application/json"]["example"];
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        if body != *example {
            differing.push(format!("{name}: {} {body} where the document says {example}", reply.status));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// A body in which everything is wrong, and each parameter given twice: whatever is named in an answer has a type.
#[test]
fn every_field_that_can_be_at_fault_is_one_of_a_problem() {
    let server = stocked();
    let document = document(&server.server);
    let known = &document["components"]["schemas"]["Problem"]["properties"];
    let mut blamed = Vec::new();
    let mut unknown = Vec::new();
    let mut judge = |what: &str, reply: &Reply| {
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let body = if body.is_array() { &body[0] } else { &body };
        assert!(members(body).next().is_some(), "{what}: {body}");
        for (name, _) in members(body) {
            blamed.push(name.clone());
            if known.get(name).is_none() {
                unknown.push(format!("{what}: {name}"));
            }
        }
    };
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let method = method.to_uppercase();
            let path = filled(path, operation);
            let path = path.split('?').next().unwrap();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == "query" && name != "status" {
                    let twice = format!("{path}?{name}=1&{name}=1");
                    judge(&format!("{method} {twice}"), &server.send(&method, &twice, ""));
                }
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let is_list = body["type"] == "array";
            let body = if is_list { &body["items"]["$ref"] } else { &body["$ref"] };
            let Some(reference) = body.as_str() else { continue };
            let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            let wrong: serde_json::Map<_, _> = said(schema).into_iter().map(|name| (name.clone(), json!({}))).collect();
            let wrong = if is_list { json!([wrong]) } else { json!(wrong) };
            judge(&format!("{method} {path}"), &server.send(&method, path, &wrong.to_string()));
        }
    }
    assert!(unknown.is_empty(), "not in the schema Problem:\n{}", unknown.join("\n"));
    blamed.sort();
    blamed.dedup();
    assert!(blamed.len() > 25, "{blamed:?}");
}

#[test]
fn the_examples_of_answers_have_the_members_that_their_schemas_say() {
    let document = document(&Running::start());
    let mut examples = 0;
    for (name, schema) in members(&document["components"]["schemas"]) {
        if let Some(example) = schema.get("example") {
            let shown: Vec<_> = members(example).map(|(name, _)| name).collect();
            assert_eq!(shown, said(schema), "{name}");
            examples += 1;
        }
    }
    assert_eq!(examples, 16);
}

#[test]
fn swagger_ui_is_whole_and_loads_nothing_from_elsewhere() {
    let server = Running::start();
    let page = server.get("/docs").expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let links: Vec<_> = page.text().split(['"']).filter(|part| part.starts_with("/docs/")).collect();
    assert_eq!(links.len(), 5, "{links:?}");
    assert!(!page.text().contains("//"), "no link to another host");
    for link in links {
        let file = server.get(link).expect(200);
        let kind = file.header("content-type").unwrap();
        assert!(["text/css", "image/png", "text/javascript"].contains(&kind), "{link}: {kind}");
        assert_eq!(file.header("content-security-policy"), Some(policy));
    }
    let start = server.get("/docs/swagger-initializer.js").expect(200);
    for setting in ["url: \"/openapi.json\"", "validatorUrl: null"] {
        assert!(start.text().contains(setting), "{}", start.text());
    }
    assert!(server.get("/docs/index.css").expect(200).text().contains(".opblock-options"));
    server.get("/docs/no.js").expect(404);
    server.get("/docs/../Cargo.toml").expect(404);
}
