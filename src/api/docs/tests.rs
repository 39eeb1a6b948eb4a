//! Route table and document say the same; nothing in the document leads nowhere.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::Value;

use super::super::routes::{conditional, keyed, parameters, routes};
use super::*;

fn document() -> Value {
    serde_json::from_slice(&DOCUMENT).unwrap()
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let routes: BTreeSet<_> = routes()
        .into_iter()
        .filter(|(_, method, _)| method != Method::HEAD)
        .map(|(path, method, _)| (document::shown(path).to_owned(), method.as_str().to_lowercase()))
        .collect();
    let document = document();
    let documented: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())))
        .collect();
    let missing: Vec<_> = routes.symmetric_difference(&documented).collect();
    assert!(missing.is_empty(), "only in one of route table and document: {missing:?}");
    assert!(routes.len() > 40, "the route table was read");
}

/// What else is taken is for people to read: a union of all that is taken is no type to a generated client.
#[test]
fn what_clients_send_has_one_form() {
    fn check(at: &str, schema: &Value) {
        for word in ["anyOf", "oneOf", "allOf", "not", "multipleOf"] {
            assert!(schema[word].is_null(), "{at} has one form, without {word}");
        }
        if let Some(kinds) = schema["type"].as_array() {
            assert!(kinds.len() == 2 && kinds[1] == "null", "{at} is of one type, or null: {kinds:?}");
        }
        let words = schema["enum"].as_array().into_iter().flatten();
        assert!(words.into_iter().all(|word| word.as_str() != Some("")), "{at} is left out where it is empty");
        assert!(schema["format"] != "email" || schema["pattern"].is_null(), "{at}: the server knows e-mails better");
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            check(&format!("{at}.{name}"), member);
        }
        if schema["type"] == "array" {
            check(&format!("{at}[]"), &schema["items"]);
        }
    }
    let document = document();
    let mut bodies = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if ["Input", "Patch", "Transition", "Cancellation", "Adjustment"].iter().any(|end| name.ends_with(end)) {
            check(name, schema);
            bodies += 1;
        }
    }
    assert!(bodies > 12, "the bodies of requests were found");
    for operation in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            check(&format!("{}: {}", operation["operationId"], parameter["name"]), &parameter["schema"]);
        }
    }
}

/// What generators of clients fall over: a type that may be several things, a list of nobody knows what, words of
/// another type.
#[test]
fn every_schema_is_of_one_kind() {
    fn check(at: &str, schema: &Value, found: &mut usize) {
        *found += 1;
        if let Some(kinds) = schema["type"].as_array() {
            assert!(kinds.len() == 2 && kinds[1] == "null", "{at} is of one type, or null: {kinds:?}");
        }
        let is = |kind: &str| schema["type"] == kind || schema["type"][0] == kind;
        assert!(!is("array") || schema["items"].is_object(), "{at} says what it is a list of");
        for word in schema["enum"].as_array().into_iter().flatten() {
            assert!((word.is_string() && is("string")) || (word.is_number() && is("integer")), "{at}: {word}");
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            check(&format!("{at}.{name}"), member, found);
        }
        for part in ["anyOf", "oneOf", "allOf"].iter().flat_map(|word| schema[*word].as_array().into_iter().flatten()) {
            check(&format!("{at} or"), part, found);
        }
        for part in [&schema["items"], &schema["additionalProperties"]].into_iter().filter(|part| part.is_object()) {
            check(&format!("{at}[]"), part, found);
        }
    }
    let document = document();
    let mut found = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        check(name, schema, &mut found);
    }
    assert!(found > 200, "the schemas were found: {found}");
}

#[test]
fn the_document_says_where_the_server_is_and_whose_it_is() {
    let document = document();
    assert_eq!(document["servers"][0]["url"], "/");
    for (part, name) in [("license", "identifier"), ("contact", "name")] {
        assert!(document["info"][part][name].is_string(), "{}", document["info"]);
    }
    for operation in operations(&document) {
        for name in ["summary", "description", "operationId"] {
            assert!(operation[name].as_str().is_some_and(|text| !text.is_empty()), "{operation}");
        }
    }
}

#[test]
fn fields_with_a_few_words_say_which() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let mut fields = 0;
    // What is wrong with a field is a list of sentences, whatever the field holds.
    for (name, schema) in schemas.as_object().unwrap().iter().filter(|(name, _)| *name != "Problem") {
        for (field, member) in schema["properties"].as_object().into_iter().flatten() {
            let (all, one) = (&member["$ref"], &member["oneOf"][0]["$ref"]);
            let Some(reference) = all.as_str().or(one.as_str()) else {
                let is_open = !["status", "role", "scope", "cause", "event", "to"].contains(&field.as_str());
                assert!(is_open || member["enum"].is_array(), "{name}.{field} says which words there are");
                continue;
            };
            let target = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            fields += usize::from(target["enum"].is_array());
        }
    }
    assert!(fields > 10, "the fields with words were found: {fields}");
    assert_eq!(schemas["Action"]["enum"].as_array().unwrap().len(), 6);
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
}

#[test]
fn a_path_takes_the_parameters_that_are_documented_and_names_all_others_as_ignored() {
    let taken: BTreeSet<_> = parameters()
        .into_iter()
        .filter(|(_, method, _)| method != Method::HEAD)
        .flat_map(|(path, method, names)| {
            names
                .iter()
                .map(move |name| (document::shown(path).to_owned(), method.as_str().to_lowercase(), (*name).to_owned()))
        })
        .collect();
    let document = document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let names = parameters.filter(|parameter| parameter["in"] == "query").map(|parameter| &parameter["name"]);
            documented.extend(names.map(|name| (path.clone(), method.clone(), name.as_str().unwrap().to_owned())));
        }
    }
    // A dry run of a single order is for people to read of: a second answer would leave clients without a type for the
    // first.
    documented.insert(("/api/inventory/orders".into(), "post".into(), "dry_run".into()));
    let differing: Vec<_> = taken.symmetric_difference(&documented).collect();
    assert!(differing.is_empty(), "only in one of route table and document: {differing:?}");
    assert!(taken.len() > 30);
}

#[test]
fn the_commands_that_look_at_a_condition_are_those_that_document_it() {
    let taken: BTreeSet<_> = conditional()
        .into_iter()
        .map(|(path, method)| (document::shown(path).to_owned(), method.as_str().to_lowercase()))
        .collect();
    let document = document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            if parameters.any(|parameter| parameter["name"] == "If-Match") {
                documented.insert((path.clone(), method.clone()));
            }
        }
    }
    assert_eq!(taken, documented);
    assert!(taken.len() > 5);
}

#[test]
fn the_posts_that_look_at_an_idempotency_key_are_those_that_document_it() {
    let taken: BTreeSet<_> = keyed().into_iter().map(|path| document::shown(path).to_owned()).collect();
    let document = document();
    let of_path = |item: &Value| {
        let mut operations = item.as_object().unwrap().values();
        operations.any(|operation| {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.any(|parameter| parameter["name"] == "Idempotency-Key")
        })
    };
    let paths = document["paths"].as_object().unwrap().iter();
    let documented: BTreeSet<_> = paths.filter(|(_, item)| of_path(item)).map(|(path, _)| path.clone()).collect();
    assert_eq!(taken, documented);
    assert!(taken.len() > 5);
}

#[test]
fn every_reference_leads_somewhere_and_every_id_is_its_own() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let groups: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(groups.contains(&&operation["tags"][0]), "{id} is in a group that is described");
    }
}

#[test]
fn the_collection_has_a_request_for_each_operation_and_access_comes_last() {
    let collection: Value = serde_json::from_slice(&POSTMAN).unwrap();
    let folders = collection["item"].as_array().unwrap();
    let names: Vec<_> = folders.iter().map(|folder| folder["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["service", "categories", "products", "orders", "access", "clean up"]);
    let requests = folders.iter().flat_map(|folder| folder["item"].as_array().unwrap());
    let shown: BTreeSet<_> = requests
        .map(|item| {
            let scripts = item["event"].to_string();
            assert!(scripts.contains("pm.response.code"), "{item} looks at the answer");
            let request = &item["request"];
            let path = request["url"]["raw"].as_str().unwrap().strip_prefix("{{baseUrl}}").unwrap();
            let path = path.split('?').next().unwrap().to_owned();
            let is_guarded = scripts.contains("closeAccess");
            let closes =
                request["method"] == "POST" && ["/api/access/keys", "/api/access/users"].contains(&path.as_str());
            assert_eq!(is_guarded, closes, "what closes an open server is guarded: {path}");
            (path, request["method"].as_str().unwrap().to_lowercase())
        })
        .collect();
    let document = document();
    let items = document["paths"].as_object().unwrap().iter();
    let operations: BTreeSet<_> = items
        .flat_map(|(path, item)| {
            let path = path.replace('{', ":").replace('}', "");
            item.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(shown, operations);
}
