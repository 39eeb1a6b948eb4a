//! Route table and document say the same; nothing in the document leads nowhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::routes::{parameters, routes};
use super::*;

fn document() -> Value {
    serde_json::from_slice(&DOCUMENT).unwrap()
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let routes: BTreeSet<_> = routes()
        .into_iter()
        .flat_map(|(path, method, _)| {
            [method.as_str(), "OPTIONS"].map(|method| (path.to_owned(), method.to_lowercase()))
        })
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

#[test]
fn a_path_takes_the_parameters_that_are_documented_and_names_all_others_as_ignored() {
    let taken: BTreeSet<_> = parameters()
        .into_iter()
        .flat_map(|(path, method, names)| {
            names.iter().map(move |name| (path.to_owned(), method.as_str().to_lowercase(), (*name).to_owned()))
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
    let differing: Vec<_> = taken.symmetric_difference(&documented).collect();
    assert!(differing.is_empty(), "only in one of route table and document: {differing:?}");
    assert!(taken.len() > 30);
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
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(groups.contains(&&operation["tags"][0]), "{id} is in a group that is described");
    }
}

#[test]
fn the_collection_has_a_request_for_each_operation() {
    let collection: Value = serde_json::from_slice(&POSTMAN).unwrap();
    let requests: usize =
        collection["item"].as_array().unwrap().iter().map(|folder| folder["item"].as_array().unwrap().len()).sum();
    let shown = |method: &str| ["get", "post", "put", "patch", "delete"].contains(&method);
    let document = document();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().keys()).filter(|method| shown(method)).count();
    assert_eq!(requests, operations);
    let text = collection.to_string();
    assert!(text.contains("{{baseUrl}}/api/inventory/orders/:id/cancel/"), "paths are in Postman's form");
}
