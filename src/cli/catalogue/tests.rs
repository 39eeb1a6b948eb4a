//! Files in, rows or messages out; and rows into commands.

use std::fs;

use super::*;
use crate::domain::catalogue::{Catalogue, CatalogueEvent, Category, ProductDetails};
use crate::domain::ids::CategoryId;
use crate::domain::inventory::Opening;
use crate::domain::money::Money;
use crate::domain::text::CategoryName;

fn csv(text: &str) -> Result<Vec<Row>, String> {
    CatalogueFile::from_csv("c.csv".as_ref(), text).map(|file| file.rows).map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Vec<Row>, String> {
    CatalogueFile::from_json("c.json".as_ref(), text).map(|file| file.rows).map_err(|error| error.to_string())
}

fn row(category: &str, name: &str, description: &str, minor: u64, stock: u32, expiry_date: Option<&str>) -> Row {
    Row {
        category: CategoryName::parse(category).unwrap(),
        name: crate::domain::text::ProductName::parse(name).unwrap(),
        description: description.into(),
        price: Money::from_minor(minor).unwrap(),
        stock,
        expiry_date: expiry_date.map(|day| day.parse().unwrap()),
    }
}

#[test]
fn lines_are_counted_whatever_ends_them_and_empty_ones_too() {
    let text = "name,category,price,stock\nA,B,1,1\n\nC,B,x,1\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
        let error = csv(&text).unwrap_err();
        assert!(error.contains("line 4: price"), "{text:?}: {error}");
        // An empty line at the beginning does not hide what separates the cells.
        let error = csv(&format!("\r\n\n{}", text.replace(',', ";"))).unwrap_err();
        assert!(error.contains("line 6: price"), "{text:?}: {error}");
    }
}

#[test]
fn csv_and_json_hold_the_same_rows() {
    let rows = vec![
        row("Food", "Honey, \"wild\"", "In a jar", 750, 12, Some("2034-06-30")),
        row("Tools", "Hammer", "", 1_250, 0, None),
    ];
    let spreadsheet = "\u{feff}name,category,stock,price,expiry_date,description\r\n\
                       \"Honey, \"\"wild\"\"\", Food ,12,7.5,2034-06-30,In a jar\r\n\
                       \r\n\
                       Hammer,Tools,0,12.50,,\r\n";
    assert_eq!(csv(spreadsheet).unwrap(), rows);
    let list = "\u{feff}[
        {\"category\": \"Food\", \"name\": \"Honey, \\\"wild\\\"\", \"description\": \"In a jar\", \"price\": \"7.50\",
         \"stock\": 12, \"expiry_date\": \"2034-06-30\"},
        {\"category\": \"Tools\", \"name\": \"Hammer\", \"price\": 12.5, \"stock\": \"0\", \"expiry_date\": null}
    ]";
    assert_eq!(json(list).unwrap(), rows);
    assert_eq!(csv("category,name,price,stock\nTools,Hammer,12.5,0").unwrap(), rows[1..]);
}

#[test]
fn every_wrong_cell_is_named_by_file_line_and_column() {
    let text = "category,name,price,stock,expiry_date\n\
                Food,Honey,7.50,12,2034-06-30\n\
                ,\"two\nlines\",12.345,-1,soon\n\
                Food,Salt,1\n\
                Food,Oil, cold pressed,7.50,3,2034-06-30\n\
                Food,Bread,2,1,,,\n\
                Food,Pepper,,3,\n";
    assert_eq!(
        csv(text).unwrap_err(),
        "c.csv, line 3: category is empty; allowed: 1 to 50 characters, no control characters\n\
         c.csv, line 3: price is \"12.345\"; allowed: an amount from 0 to 99999999.99 with at most 2 decimals and a point\n\
         c.csv, line 3: stock is \"-1\"; allowed: a whole number from 0 to 2147483647\n\
         c.csv, line 3: expiry_date is \"soon\"; allowed: a day as YYYY-MM-DD from 0001-01-01 to 9999-12-31, or nothing\n\
         c.csv, line 5: has 3 cells; allowed: 5, as many as the header\n\
         c.csv, line 6: has 6 cells; allowed: 5, as many as the header\n\
         c.csv, line 8: price is empty; allowed: an amount from 0 to 99999999.99 with at most 2 decimals and a point"
    );
}

#[test]
fn every_wrong_value_is_named_by_file_row_and_key() {
    let text = r#"[
        {"category": "Food", "name": "Honey", "price": "7.50", "stock": 12},
        {"category": "Food", "name": true, "price": 7.505, "stock": 1.5, "colour": "red"},
        7
    ]"#;
    assert_eq!(
        json(text).unwrap_err(),
        "c.json, row 2: unknown key \"colour\"; allowed: category, name, description, price, stock, expiry_date\n\
         c.json, row 2: name is \"true\"; allowed: 1 to 100 characters, no control characters\n\
         c.json, row 2: price is \"7.505\"; allowed: an amount from 0 to 99999999.99 with at most 2 decimals and a point\n\
         c.json, row 2: stock is \"1.5\"; allowed: a whole number from 0 to 2147483647\n\
         c.json, row 3: is no object; allowed: the keys category, name, description, price, stock, expiry_date"
    );
}

#[test]
fn a_file_that_is_wrong_as_a_whole_is_refused() {
    let check = |result: Result<Vec<Row>, String>, text: &str| assert_eq!(result.unwrap_err(), text);
    check(csv(""), "c.csv: header: column category is missing; the first line names the columns");
    check(csv("category,name,price\n"), "c.csv: header: column stock is missing; the first line names the columns");
    check(
        csv("category,name,price,stock,Colour\n"),
        "c.csv: header: unknown column \"Colour\"; allowed: category, name, description, price, stock, expiry_date",
    );
    check(csv("name,name,price\n"), "c.csv: header: column name is there twice; allowed: each once");
    check(csv("category,name,price,stock\n"), "c.csv: names no product");
    check(json("[]"), "c.json: names no product");
    check(json("{}"), "c.json: is no list; allowed: a list of objects");
    check(json("[}"), "c.json: is not valid JSON: expected value at line 1 column 2");
}

#[test]
fn a_description_is_bounded_in_both_forms() {
    let long = |length: usize| "ä".repeat(length);
    let row = |length: usize| format!("category,name,price,stock,description\na,b,1,1,{}\n", long(length));
    let written = |length: usize| {
        format!(r#"[{{"category": "a", "name": "b", "price": "1", "stock": 1, "description": "{}"}}]"#, long(length))
    };
    assert!(csv(&row(10_000)).is_ok() && json(&written(10_000)).is_ok());
    for error in [csv(&row(10_001)).unwrap_err(), json(&written(10_001)).unwrap_err()] {
        assert!(
            error.contains("description is \"ää") && error.contains("allowed: at most 10000 characters"),
            "{error}"
        );
    }
}

#[test]
fn many_problems_are_counted_and_long_cells_cut() {
    let long = "x".repeat(200);
    let text = format!("category,name,price,stock\n{}", format!("a,b,{long},1\n").repeat(23));
    let error = csv(&text).unwrap_err();
    assert_eq!(error.lines().count(), 21);
    assert!(error.ends_with("\nc.csv: and 3 more"), "{error}");
    assert!(error.starts_with(&format!("c.csv, line 2: price is \"{}...\"; allowed: ", "x".repeat(60))), "{error}");
}

#[test]
fn the_end_of_the_name_tells_the_format() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let shown = format!("{}/", dir.path().display());
        CatalogueFile::load(&path).map(|file| file.rows.len()).map_err(|error| error.to_string().replace(&shown, ""))
    };
    assert_eq!(load("a.CSV", b"category,name,price,stock\na,b,1,1\n"), Ok(1));
    assert_eq!(load("a.json", br#"[{"category":"a","name":"b","price":1,"stock":1}]"#), Ok(1));
    let unknown = "the format follows from the end of the name; allowed: .csv, .json";
    assert_eq!(load("a.xlsx", b""), Err(format!("a.xlsx: {unknown}")));
    assert_eq!(load("csv", b""), Err(format!("csv: {unknown}")));
    let latin = b"category,name,price,stock\na,caf\xe9,1,1\n";
    assert_eq!(load("l.csv", latin), Err("l.csv, line 2: is not UTF-8 text; save the file as UTF-8".into()));
    let null = "Byte 2 of this file is a null character, which no text holds. Take it out and try again.";
    for name in ["n.csv", "n.json"] {
        assert_eq!(load(name, b"[\0]\nx"), Err(format!("{name}: {null}")));
    }
    let missing = CatalogueFile::load(&dir.path().join("none.csv")).unwrap_err().to_string();
    assert!(missing.contains("none.csv: cannot be read: "), "{missing}");
}

fn create(catalogue: &mut Catalogue, opening: Opening) {
    let event = match opening {
        Opening::Category(name) => CatalogueEvent::CategoryCreated(catalogue.create_category(name).unwrap()),
        Opening::Product(details, _) => {
            CatalogueEvent::ProductCreated(catalogue.create_product(&details).unwrap(), details)
        }
    };
    catalogue.apply(&event);
}

#[test]
fn a_category_is_created_where_it_is_first_named_and_only_then() {
    let mut catalogue = Catalogue::default();
    for name in ["Old", "Gone", "Food"] {
        create(&mut catalogue, Opening::Category(CategoryName::parse(name).unwrap()));
    }
    catalogue.delete_category(CategoryId(2)).unwrap();
    catalogue.apply(&CatalogueEvent::CategoryDeleted(CategoryId(2)));
    let text = "category,name,price,stock\nFood,Honey,1,5\nToys,Kite,2,6\nGone,Lamp,3,7\nToys,Ball,4,8\n";
    let file = CatalogueFile::from_csv("c.csv".as_ref(), text).unwrap();
    let openings = openings(&file, &catalogue, false).unwrap();
    let shown: Vec<_> = openings
        .iter()
        .map(|opening| match opening {
            Opening::Category(name) => format!("+ {name}"),
            Opening::Product(product, stock) => format!("{} in {} x {stock}", product.name, product.category),
        })
        .collect();
    assert_eq!(shown, ["Honey in 3 x 5", "+ Toys", "Kite in 4 x 6", "+ Gone", "Lamp in 5 x 7", "Ball in 4 x 8"]);
    for opening in openings {
        create(&mut catalogue, opening);
    }
    let kite = catalogue.product(crate::domain::ids::ProductId(2)).unwrap();
    assert_eq!(kite.category_name.as_str(), "Toys");
    let toys = CategoryName::parse("Toys").unwrap();
    assert_eq!(catalogue.category_by_name(&toys), Some(&Category { id: CategoryId(4), name: toys.clone() }));
}

/// What is said of `text` against a catalogue that holds `before`.
fn refused(before: &str, text: &str) -> String {
    let file = |text| CatalogueFile::from_csv("c.csv".as_ref(), text).unwrap();
    let mut catalogue = Catalogue::default();
    for opening in openings(&file(before), &catalogue, false).unwrap() {
        create(&mut catalogue, opening);
    }
    let count = openings(&file(text), &catalogue, true).unwrap().len();
    assert_eq!(count, file(text).rows.len(), "allowed, they are made, and no category that looks like another");
    openings(&file(text), &catalogue, false).unwrap_err().to_string()
}

#[test]
fn a_product_that_is_there_already_is_refused_with_its_line_unless_allowed() {
    let honey = "category,name,price,stock\nCaf\u{e9},Honey,7.50,12\n";
    let remedy = "; take the row out, or give --allow-duplicates to make another product of that name";
    let text = format!("c.csv, line 2: \"Honey\" is in category \"Caf\u{e9}\" already, as product 1{remedy}");
    assert_eq!(refused(honey, honey), text);
    let decomposed = "name;Price;STOCK;Category\nHoney;1;1;Cafe\u{301}\n";
    assert_eq!(refused(honey, decomposed), text, "what looks the same is the same");
    // The API keeps a name as it was sent.
    let file =
        CatalogueFile::from_csv("c.csv".as_ref(), "category,name,price,stock\nCaf\u{e9},Cr\u{ea}pe,1,1\n").unwrap();
    let mut catalogue = Catalogue::default();
    for opening in openings(&file, &catalogue, false).unwrap() {
        let opening = match opening {
            Opening::Category(_) => Opening::Category(CategoryName::parse("Cafe\u{301}").unwrap()),
            Opening::Product(details, stock) => {
                let name = crate::domain::text::ProductName::parse("Cre\u{302}pe").unwrap();
                Opening::Product(ProductDetails { name, ..details }, stock)
            }
        };
        create(&mut catalogue, opening);
    }
    let said = openings(&file, &catalogue, false).unwrap_err().to_string();
    assert!(said.contains("already, as product 1"), "{said}");
    let twice = "category,name,price,stock\nCaf\u{e9},Salt,1,1\nCafe\u{301},Salt,2,2\n";
    let text = format!("c.csv, line 3: \"Salt\" is in category \"Caf\u{e9}\" already, by line 2 of this file{remedy}");
    assert_eq!(refused(honey, twice), text);
}

#[test]
fn a_header_is_found_in_any_case_and_separated_by_commas_semicolons_or_tabs() {
    let rows = vec![row("Tools", "Hammer", "", 1_250, 0, None)];
    for text in [
        "Category;Name;Price;Stock;Expiry date\nTools;Hammer;12.50;0;\n",
        "sep=;\nCATEGORY;NAME;PRICE;STOCK;;\nTools;Hammer;12.50;0;;\n",
        "\u{feff}category\tname\tprice\tstock\r\nTools\tHammer\t12.50\t0\r\n",
    ] {
        assert_eq!(csv(text).unwrap(), rows, "{text:?}");
    }
}

#[test]
fn quotes_that_do_not_fit_and_control_characters_are_refused() {
    let said = |rows: &str| csv(&format!("category,name,price,stock\n{rows}")).unwrap_err();
    assert!(said("a,\"b,1,1\nc,d,1,1\n").contains("line 2 is never closed"), "an open quote would swallow a row");
    assert!(said("a,\"b\" c,1,1\n").contains("text behind a closing quote in line 2"));
    assert!(said("To\0ols,Saw,5.00,3\n").starts_with("c.csv, line 2: category is \"To\\0ols\"; allowed: 1 to 50"));
    assert!(said("a,b\u{7}c,1,1\n").contains("line 2: name is"));
}
