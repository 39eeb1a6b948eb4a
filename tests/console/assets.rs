//! What a browser loads beside the pages.

use std::fs;
use std::path::Path;

use super::browser::{filled, page};
use crate::support::Running;

/// The addresses that `page` makes a browser load.
fn loaded(page: &str) -> Vec<String> {
    let parts = page
        .split(" src=\"")
        .skip(1)
        .chain(page.split("<link ").skip(1).filter_map(|rest| Some(rest.split_once("href=\"")?.1)));
    parts.map(|rest| rest.split('"').next().unwrap().replace("&#x2f;", "/").replace("&#x3d;", "=")).collect()
}

#[test]
fn assets_are_kept_by_the_browser_and_travel_compressed() {
    let server = Running::start();
    let loaded = loaded(&page(&server, "/"));
    assert!(loaded.len() >= 6, "{loaded:?}");
    for path in loaded {
        let plain = server.get(&path).expect(200);
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(plain.header("content-encoding"), None);
        let small = server.send("GET", &path, &[("Accept-Encoding", "gzip, br")], "").expect(200);
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(small.header("vary"), Some("accept-encoding"));
        assert!(small.body.len() < plain.body.len(), "{path}");
        let stale = server.get(&format!("{}?v=0", path.split('?').next().unwrap())).expect(200);
        assert_eq!(stale.header("cache-control"), Some("no-cache"));
    }
    server.get("/admin/assets/nothing.js").expect(404);
    server.get("/admin/assets/../mod.rs").expect(404);
}

#[test]
fn the_first_page_is_small() {
    let server = filled();
    let first = server.get("/admin/").expect(200);
    let assets: usize = loaded(first.text())
        .iter()
        .map(|path| server.send("GET", path, &[("Accept-Encoding", "gzip")], "").expect(200).body.len())
        .sum();
    let trend = server.get("/api/overview/trend/").expect(200).body.len();
    let total = first.body.len() + assets + trend;
    assert!(total <= 200 * 1024, "{total} bytes");
}

#[test]
fn no_page_holds_script_or_style_and_nothing_names_another_host() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
    let mut files = Vec::new();
    for part in ["templates", "assets"] {
        files.extend(fs::read_dir(folder.join(part)).unwrap().map(|file| file.unwrap().path()));
    }
    assert!(files.len() > 20, "there are files to look at");
    for file in files {
        let (name, text) = (file.display().to_string(), fs::read_to_string(&file).unwrap());
        if name.ends_with("LICENSE") {
            continue;
        }
        // A comment that says where it is from, and the names of the drawing language: nobody loads either.
        let text = text.replace("https://github.com/leeoniya/uPlot", "").replace("http://www.w3.org/2000/svg", "");
        for host in ["http://", "https://", "src=\"//", "url(//", "@import", "ws://", "wss://"] {
            assert!(!text.contains(host), "{name} names {host}");
        }
        if file.extension().is_some_and(|extension| extension == "html") {
            for inline in
                ["style=", "onclick", "onload", "onchange", "onsubmit", "hx-on", "javascript:", "<style", "|safe"]
            {
                assert!(!text.contains(inline), "{name} holds {inline}");
            }
            assert!(text.split("<script").skip(1).all(|rest| rest.starts_with(" src=")), "{name} holds a script");
        }
    }
}

#[test]
fn pages_are_kept_by_nobody() {
    let server = filled();
    for path in ["/admin/", "/admin/orders/", "/admin/orders/1/"] {
        assert_eq!(server.get(path).expect(200).header("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/admin/", "/admin/orders/", "/admin/nothing/"] {
        let policy = server.get(path).header("content-security-policy").unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
    }
}
