//! A number and its word go together by one function, so that nothing says "1 rows".

use std::fs;
use std::path::Path;

use super::browser::{filled, holds, page, submit};

/// Every file below `folder`, with its text.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        if path.is_dir() {
            return texts(&path);
        }
        let text = fs::read(&path).unwrap();
        vec![(path.display().to_string(), String::from_utf8_lossy(&text).into_owned())]
    };
    entries.flat_map(read).collect()
}

#[test]
fn nothing_chooses_between_one_and_several_by_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut looked_at = 0;
    for (path, text) in texts(&root) {
        let is_ours =
            ["rs", "html"].iter().any(|end| path.ends_with(&format!(".{end}"))) || path.ends_with("console.js");
        if !is_ours || path.ends_with("domain/count.rs") {
            continue;
        }
        looked_at += 1;
        for (nth, line) in text.lines().enumerate() {
            // A choice of words, or a number with a word that stands there whatever the number is.
            let chooses = ["== 1 { \"", "== 1 else \"", "> 1 ? \""].iter().any(|choice| line.contains(choice));
            let fixed = ["row", "order", "product", "entrie", "unit"].iter().any(|word| {
                line.contains(&format!("|number }}}} {word}s")) || line.contains(&format!("ed {{}} {word}s"))
            });
            assert!(!chooses && !fixed, "{path}:{}: {line}", nth + 1);
        }
    }
    assert!(looked_at > 100, "{looked_at} files");
}

#[test]
fn one_is_said_as_one() {
    let server = filled();
    let preview = submit(&server, "/orders/", "/orders/bulk/", &[("id", "1"), ("to", "shipped")]);
    let preview = preview.header("location").unwrap().strip_prefix("/admin").unwrap().to_owned();
    holds(&page(&server, &preview), &["0 of 1 order</h1>", "1 cannot be changed and is left out."]);
    submit(&server, "/categories/", "/categories/", &[("name", "Cases")]);
    let case = r#"{"name": "Sleeve", "price": "9.50", "stock": 3, "category_id": 2}"#;
    server.post("/api/inventory/products/", case).expect(201);
    let used = submit(&server, "/categories/", "/categories/2/delete/", &[]).expect(409);
    holds(used.text(), &["is used by 1 product; move or delete it first."]);
    let content = "customer_name,customer_email,customer_phone,delivery_address,product_id\nZoe,z@example.com,1,Here,1";
    submit(&server, "/upload/", "/upload/", &[("content", content)]);
    holds(&page(&server, "/upload/"), &["1 order, not placed yet"]);
}
