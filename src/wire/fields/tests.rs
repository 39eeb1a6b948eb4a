//! The fields against what DRF 3.16 said to the same values.

use serde_json::Value;

use super::*;

/// What `field` makes of `json`, in the form in which the table holds it.
fn verdict(field: &str, json: &str) -> Result<Value, Texts> {
    let raw: Raw<'_> = serde_json::from_str(json).unwrap();
    match field {
        "name100" => Chars::up_to(Some(100)).check(raw).map(Value::from),
        "text" => Chars::ANY.check(raw).map(Value::from),
        "blankable" => Chars::ANY.or_blank().check(raw).map(Value::from),
        "email254" => email(raw, Some(254)).map(Value::from),
        "integer" => Integer(0..=2_147_483_647).check(raw).map(Value::from),
        "decimal" => price(raw).map(|money| money.to_string().into()),
        "date" => nullable(raw, date).map(|day| day.map(|day| day.to_string()).into()),
        "boolean" => boolean(raw).map(Value::from),
        "pk" => key(raw, |id| (id == 1).then_some(id)).map(Value::from),
        other => panic!("the table names the field {other}"),
    }
}

#[test]
fn every_field_agrees_with_drf() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../../../tests/contract/fields.json")).unwrap();
    assert!(rows.len() > 800);
    let mut differing = Vec::new();
    for row in rows {
        let (field, json) = (row["field"].as_str().unwrap(), row["json"].as_str().unwrap());
        let found = match verdict(field, json) {
            Ok(value) => ("value", value),
            Err(texts) => ("errors", serde_json::to_value(Problem::from(texts)).unwrap()),
        };
        let expected = match row.get(found.0) {
            // Money has one zero.
            Some(zero) if zero == "-0.00" => Some(Value::from("0.00")),
            other => other.cloned(),
        };
        // What may mean a thousand is refused, where DRF takes it for twelve.
        let is_ambiguous = field == "integer" && json == "\"  12.000  \"";
        if Some(&found.1) != expected.as_ref() && !is_ambiguous {
            differing.push(format!("{row} but found {found:?}"));
        }
    }
    assert_eq!(differing, Vec::<String>::new());
}

#[test]
fn an_id_with_a_fraction_is_refused_rather_than_cut_off() {
    let text = "Incorrect type. Expected pk value, received float.";
    assert_eq!(verdict("pk", "1.5"), Err(texts(text)));
    assert_eq!(verdict("pk", "1e400"), Err(texts(text)));
}

#[test]
fn a_number_that_somebody_typed_is_taken_only_where_it_can_mean_one_thing() {
    let typed = |text: &str| Integer(-9_999..=2_147_483_647).check(Raw::Str(text.into()));
    let check = |text: &str, refusal: &str| assert_eq!(typed(text), Err(texts(refusal.to_owned())), "{text}");
    check("1.000", "\"1.000\" may mean 1000 or 1: write 1000 or 1.");
    check(" 12,000 ", "\"12,000\" may mean 12000 or 12: write 12000 or 12.");
    check("-1.000", "\"-1.000\" may mean -1000 or -1: write -1000 or -1.");
    check("1,234", "Write 1234 without anything between the digits, not \"1,234\".");
    check("1.234.000", "Write 1234000 without anything between the digits, not \"1.234.000\".");
    check("1 000", "Write 1000 without anything between the digits, not \"1 000\".");
    check("0.000", "Write 0 without anything between the digits, not \"0.000\".");
    check("1.00.000", "A valid integer is required.");
    check("1,00", "A valid integer is required.");
    for (text, value) in
        [("1.0", 1), ("1.00", 1), ("1.0000", 1), ("1000", 1_000), ("\u{2212}3", -3), (" \u{2212}3.0", -3)]
    {
        assert_eq!(typed(text), Ok(value), "{text}");
    }
    let number: Raw<'_> = serde_json::from_str("1.000").unwrap();
    assert_eq!(Integer(0..=9).check(number), Ok(1), "a number of JSON has a point and nothing else");
}

/// What `docs/api.md` says of numbers, as a table.
#[test]
fn a_quantity_is_a_whole_number_however_it_is_written_and_an_id_too() {
    let is_taken = |field: &str, json: &str| verdict(field, json).is_ok_and(|value| value == 1);
    for (json, quantity, id) in [
        ("1", true, true),
        ("1.0", true, true),
        ("1.000", true, true),
        ("1e0", true, true),
        ("10e-1", true, true),
        ("0.1E+1", true, true),
        ("\"1\"", true, true),
        ("\" 1 \"", true, true),
        ("\"01\"", true, true),
        ("\"+1\"", true, true),
        ("\"1.0\"", true, false),
        ("\"1.\"", true, false),
        ("\"1.000\"", false, false),
        ("\"1e0\"", false, false),
        ("\"one\"", false, false),
        ("1.5", false, false),
        ("15e-1", false, false),
        ("1e400", false, false),
        ("true", false, false),
        ("[1]", false, false),
        ("\"\"", false, false),
        ("null", false, false),
    ] {
        assert_eq!((is_taken("integer", json), is_taken("pk", json)), (quantity, id), "{json}");
    }
    assert_eq!(verdict("integer", "2e3"), Ok(2_000.into()));
}

#[test]
fn a_choice_names_what_it_does_not_know() {
    let parse = |word: &str| (word == "yes").then_some(1);
    assert_eq!(choice(Raw::Str(" yes ".into()), parse), Ok(1));
    assert_eq!(choice(Raw::Str("no".into()), parse), Err(texts("\"no\" is not a valid choice.")));
    assert_eq!(choice(Raw::Bool(true), parse), Err(texts("Not a valid string.")));
}

#[test]
fn an_object_gives_its_known_members_and_each_of_them_once() {
    let twice = members(br#"{"b": 1, "a": 1, "b": 1}"#, ["a", "b"]);
    assert_eq!(twice, Err(DocumentError::Twice("b")));
    assert!(members(br#"{"x": 1, "a": 1, "x": {"a": 1}}"#, ["a"]).is_ok(), "what is not taken up may be there twice");
    let mut rows = Vec::new();
    for_each_row(br#"[{"a": 1}, {"a": 1, "a": 2}]"#, ["a"], |row| rows.push(row)).unwrap();
    assert_eq!(rows, [Ok([Some(Raw::Int("1"))]), Err(said_twice("a"))]);
    let body = br#" {"x": [[{"b": 2}]], "a": "\u0041", "b": 12345678901234567890123} "#;
    let [a, b, c] = members(body, ["a", "b", "c"]).unwrap();
    assert_eq!(a, Some(Raw::Str("A".into())));
    assert_eq!(b, Some(Raw::Int("12345678901234567890123")));
    assert_eq!(c, None);
}

#[test]
fn a_body_that_is_no_object_is_named_by_its_python_type() {
    let check =
        |body: &str, kind| assert_eq!(members(body.as_bytes(), ["a"]), Err(DocumentError::Kind(kind)), "{body}");
    check("null", "NoneType");
    check("true", "bool");
    check("-5", "int");
    check("5", "int");
    check("5.0", "float");
    check("\"\\n\"", "str");
    check("[1, [2], {}]", "list");
    assert!(members(b"", ["a"]).unwrap()[0].is_none(), "no body at all is an empty object");
}

#[test]
fn what_is_not_json_is_refused_with_reason_and_place() {
    let check = |body: &[u8], text: &str| match members(body, ["a"]) {
        Err(DocumentError::Syntax(found)) => assert_eq!(found, text),
        other => panic!("{other:?}"),
    };
    check(b"{bad", "key must be a string at line 1 column 2");
    check(b"{\"a\": 1} x", "trailing characters at line 1 column 10");
    check(b"{\"a\": \xff}", "'utf-8' codec can't decode byte 0xff in position 6");
    check(b"{\"a\": NaN}", "expected value at line 1 column 7");
    check(br#"{"a": "\ud800"}"#, "lone surrogate in a string at line 1 column 15");
}

#[test]
fn depth_costs_no_stack() {
    let body = format!("{{\"a\": {}{}}}", "[".repeat(300_000), "]".repeat(300_000));
    let [a] = members(body.as_bytes(), ["a"]).unwrap();
    assert!(matches!(a, Some(Raw::List(_))));
    let skipped = members(body.as_bytes(), ["b"]).unwrap();
    assert_eq!(skipped, [None]);
}

#[test]
fn rows_that_are_no_objects_have_their_own_problems() {
    let mut rows = Vec::new();
    for_each_row(br#"[null, 1, {"a": 2}]"#, ["a"], |row| rows.push(row)).unwrap();
    assert_eq!(rows[0], Err(Problem::list("This field may not be null.")));
    assert_eq!(rows[1], Err(Problem::whole("Invalid data. Expected a dictionary, but got int.")));
    assert_eq!(rows[2], Ok([Some(Raw::Int("2"))]));
    assert_eq!(for_each_row(b"{\"a\": [1]}", ["a"], drop), Err(DocumentError::Kind("dict")));
    assert_eq!(for_each_row(b"", ["a"], drop), Err(DocumentError::Kind("dict")));
}

#[test]
fn problems_are_written_in_order_with_an_object_for_each_row() {
    let row = Problem::Fields(vec![("z", Problem::list("Z.")), ("a", Problem::list("A."))]);
    let rows = Problem::Rows { count: 3, bad: vec![(1, row)] };
    assert_eq!(rows.only_row(), Some(1));
    assert_eq!(serde_json::to_string(&rows).unwrap(), r#"[{},{"z":["Z."],"a":["A."]},{}]"#);
}
