//! JSON in the one form of all that say the same: without white space, members by name, the last of several
//! with one name (an endpoint refuses two that it knows).
//! Numbers stay as they are written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A larger body is compared as it came: to read it would hold up the other connections of the thread.
const BYTES_MAX: usize = 1 << 20;
/// What lies deeper is compared as it came. No body of the API is half as deep.
const DEPTH_MAX: usize = 8;

/// The canonical form of `body`; nothing where that is no JSON, or too large.
pub(crate) fn canonical(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() > BYTES_MAX {
        return None;
    }
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    let mut out = Vec::with_capacity(body.len());
    write(raw.get(), 0, &mut out);
    Some(out)
}

fn write(text: &str, depth: usize, out: &mut Vec<u8>) {
    let written = match text.as_bytes().first() {
        Some(b'{') if depth < DEPTH_MAX => object(text, depth, out),
        Some(b'[') if depth < DEPTH_MAX => list(text, depth, out),
        Some(b'"') => serde_json::from_str::<String>(text).ok().map(|text| string(&text, out)),
        Some(_) | None => None,
    };
    if written.is_none() {
        out.extend_from_slice(text.as_bytes());
    }
}

fn object(text: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let mut before = b'{';
    for (name, value) in members {
        out.push(before);
        string(&name, out);
        out.push(b':');
        write(value.get(), depth + 1, out);
        before = b',';
    }
    out.extend_from_slice(if before == b'{' { b"{}" } else { b"}" });
    Some(())
}

fn list(text: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut before = b'[';
    for value in values {
        out.push(before);
        write(value.get(), depth + 1, out);
        before = b',';
    }
    out.extend_from_slice(if before == b'[' { b"[]" } else { b"]" });
    Some(())
}

fn string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text is JSON, and memory takes it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_order_and_escapes_make_no_other_request() {
        let same = |one: &str, other: &str| assert_eq!(canonical(one.as_bytes()), canonical(other.as_bytes()), "{one}");
        same(r#"{"a":1,"b":[{"c":"x"},{}]}"#, " { \"b\" : [ { \"c\":\"\\u0078\" } , { } ],\n\"a\": 1 } ");
        same(r#"{"a":1}"#, r#"{"a":2,"a":1}"#);
        same("[]", "[ ]");
        let other =
            |one: &str, other: &str| assert_ne!(canonical(one.as_bytes()), canonical(other.as_bytes()), "{one}");
        other("[1,2]", "[2,1]");
        other(r#"{"a":1}"#, r#"{"a":"1"}"#);
        other("12345678901234567890123", "12345678901234567890124");
        other(r#"{"a":"x y"}"#, r#"{"a":"x  y"}"#);
        assert_eq!(canonical(b"{"), None);
        assert_eq!(canonical(br#"{"b":[],"a":{}}"#).unwrap(), br#"{"a":{},"b":[]}"#);
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(canonical(deep.as_bytes()).unwrap().len(), deep.len());
    }
}
