//! The rules of this code that the compiler does not know: which module may use which, where a crate may be named, and
//! a few habits. The rules are the tables right below; each is itself tested on a tiny bad input further down.
//!
//! What is read is the text of the files, with comments and strings blanked, so a path made by a macro is not seen.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::path::Path;

/// The modules from the bottom up, and what each may use of ours besides itself. A longer path allows only what lies
/// below it.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("telemetry", &[]),
    ("regular", &[]),
    ("room", &[]),
    ("secret", &["domain"]),
    ("spreadsheet", &[]),
    ("config", &["domain", "regular"]),
    ("decide", &["domain"]),
    ("journal", &["domain", "regular", "room"]),
    ("view", &["domain", "journal"]),
    ("store", &["domain", "regular", "room", "journal::format", "journal::Position", "journal::Revisions"]),
    ("actors", &["domain", "telemetry", "decide", "view", "journal"]),
    ("access", &["domain", "secret", "view", "actors"]),
    ("wire", &["domain", "view"]),
    ("web", &["domain", "telemetry", "config::Limits", "view", "actors", "access", "wire"]),
    ("api", &["domain", "telemetry", "secret", "config::Limits", "view", "actors", "access", "wire", "web"]),
    (
        "console",
        &[
            "domain",
            "telemetry",
            "secret",
            "spreadsheet",
            "config::Limits",
            "view",
            "actors",
            "access",
            "wire",
            "web",
            "api",
        ],
    ),
    (
        "app",
        &[
            "domain",
            "telemetry",
            "regular",
            "room",
            "config",
            "secret",
            "spreadsheet",
            "decide",
            "view",
            "journal",
            "store",
            "actors",
            "access",
            "wire",
            "web",
            "api",
            "console",
        ],
    ),
    ("cli", &["domain", "telemetry", "config", "secret", "spreadsheet", "app"]),
    ("main", &["cli"]),
];

/// Crates that only some modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("bincode", &["journal::format", "store"]),
    ("actix", &["actors", "api", "app", "cli", "main"]),
    ("actix_web", &["actors", "access", "web", "api", "console", "app", "cli", "main"]),
    ("minijinja", &["console"]),
    ("anyhow", &["cli", "main"]),
    ("clap", &["cli"]),
    ("argon2", &["secret"]),
    ("base64", &["secret"]),
    ("getrandom", &["secret"]),
    ("ureq", &["cli::access"]),
    ("tar", &["app::backup"]),
    ("csv", &["app::export", "console", "cli", "spreadsheet"]),
    ("toml", &["config"]),
    ("rustls", &["app::tls", "app::connections"]),
    ("actix_http", &["app::connections"]),
    ("actix_service", &["app::connections"]),
    ("actix_tls", &["app::connections"]),
];

/// Words that a module must not contain, as parts of a path.
const BANNED: &[(&str, &[&str])] = &[
    ("domain", &["actix", "actix_web", "tokio", "serde", "serde_json", "sled", "bincode", "tracing"]),
    ("domain", &["SystemTime", "Instant", "Utc::now", "Local"]),
    ("decide", &["actix", "actix_web", "tokio", "serde_json", "sled", "bincode"]),
    ("decide", &["SystemTime", "Instant", "Utc::now", "Local"]),
];

/// Macros that stand for work not done.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// The longest line of prose, in characters.
const COLUMNS_MAX: usize = 120;

/// The longest file, in lines.
const LINES_MAX: usize = 549;

/// A rule: what is wrong with a file, one message per place, without the file's name.
type Rule = fn(&Source) -> Vec<String>;

/// Rules for `src`.
const RULES: &[Rule] = &[
    every_module_has_a_layer,
    arrows_point_down,
    crates_stay_where_they_belong,
    banned_words_are_absent,
    nothing_is_unwrapped,
    nothing_is_unfinished,
    lints_are_expected_with_a_reason,
    tests_can_fail_and_read_as_sentences,
    a_file_begins_with_its_doc,
    comments_fit_the_page,
    files_are_short,
];

/// Rules for `tests` and `benches`.
const RULES_OUTSIDE: &[Rule] = &[
    nothing_is_unfinished,
    lints_are_expected_with_a_reason,
    tests_can_fail_and_read_as_sentences,
    a_file_begins_with_its_doc,
    comments_fit_the_page,
    what_is_skipped_goes_through_one_door,
];

/// The file with the function by which alone a test says that it did not run: in CI it fails.
const SKIPS_IN: &str = "crash/cases.rs";

#[test]
fn the_pages_for_people_fit_the_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for folder in ["", "docs", "docs/decisions", "benches/compare"] {
        let mut pages: Vec<_> = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
        assert!(!pages.is_empty(), "there are pages in {folder}");
        for page in pages {
            let long = lines_beyond_the_page(&fs::read_to_string(&page).unwrap());
            broken.extend(long.into_iter().map(|line| format!("{}, line {line}", page.display())));
        }
    }
    assert!(broken.is_empty(), "lines of prose end at column {COLUMNS_MAX}:\n{}", broken.join("\n"));
}

#[test]
fn the_pages_for_people_name_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code: String = sources("src").iter().map(|source| source.product.as_str()).collect();
    let named: HashSet<String> = tokens(&code).into_iter().map(|token| token.item).collect();
    let mut broken = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/glossary.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let missing = match what_it_names(word) {
                Some(Named::File(path)) => !root.join(path).exists() && !root.join("src").join(path).exists(),
                Some(Named::Item(item)) => !named.contains(item),
                None => false,
            };
            if missing {
                broken.push(format!("{page}: {word}"));
            }
        }
    }
    assert!(broken.is_empty(), "these are named and are not there:\n{}", broken.join("\n"));
}

/// What a word in backticks names.
#[derive(Debug, PartialEq)]
enum Named<'a> {
    /// A file or folder, from the root or from `src`.
    File(&'a str),
    /// A type, or what a type has.
    Item(&'a str),
}

fn what_it_names(word: &str) -> Option<Named<'_>> {
    let path = word.split("::").next().unwrap_or_default();
    let is_path = |text: &str| text.chars().all(|sign| sign.is_ascii_lowercase() || "0123456789_-./".contains(sign));
    if path.contains('/') && !path.starts_with('/') && is_path(path) {
        return Some(Named::File(path));
    }
    let item = word.rsplit("::").next().unwrap_or_default();
    let is_type =
        |text: &str| text.starts_with(|sign: char| sign.is_ascii_uppercase()) && text.contains(char::is_lowercase);
    (is_type(word) && item.chars().all(|sign| sign.is_alphanumeric() || sign == '_')).then_some(Named::Item(item))
}

#[test]
fn files_and_items_are_told_from_other_words_of_a_page() {
    assert_eq!(what_it_names("actors/shard.rs"), Some(Named::File("actors/shard.rs")));
    assert_eq!(what_it_names("actors/start.rs::feed_inventory"), Some(Named::File("actors/start.rs")));
    assert_eq!(what_it_names("Balance::on_hand"), Some(Named::Item("on_hand")));
    assert_eq!(what_it_names("OrderShard"), Some(Named::Item("OrderShard")));
    for word in ["on_hand", "/admin/", "If-Match", "RENEW=1 cargo test settings", "ALL", "?dry_run=true"] {
        assert_eq!(what_it_names(word), None, "{word}");
    }
}

#[test]
fn a_line_of_prose_beyond_the_page_is_noticed_and_tables_and_code_are_not() {
    let long = "a ".repeat(70);
    let page = format!("short\n{long}\n| {long} |\n```\n{long}\n```\n{}\n", "a".repeat(130));
    assert_eq!(lines_beyond_the_page(&page), [2]);
    let source = format!("//! Doc.\n\n// {long}\n/// | {long}\nfn f() {{}}\n");
    check(comments_fit_the_page, "domain/x.rs", &source, &["3: 143 columns; at most 120"]);
}

/// The lines of a Markdown page that are too long and could be broken: neither tables, nor code, nor one long word.
fn lines_beyond_the_page(page: &str) -> Vec<usize> {
    let mut is_code = false;
    let mut long = Vec::new();
    for (number, line) in (1..).zip(page.lines()) {
        is_code ^= line.trim_start().starts_with("```");
        let is_prose = !is_code && !line.starts_with('|') && line.trim().contains(' ');
        if is_prose && line.chars().count() > COLUMNS_MAX {
            long.push(number);
        }
    }
    long
}

#[test]
fn the_code_keeps_the_rules_of_the_house() {
    let mut broken = Vec::new();
    assert!(!sources("src").is_empty(), "there is code to judge");
    for (folder, rules) in [("src", RULES), ("tests", RULES_OUTSIDE), ("benches", RULES_OUTSIDE)] {
        for source in sources(folder) {
            for message in rules.iter().flat_map(|rule| rule(&source)) {
                broken.push(format!("{folder}/{}: {message}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{} places break a rule of tests/tidy.rs:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn no_files_need_each_other() {
    let circles: Vec<_> = circles(&sources("src")).iter().map(|circle| circle.join(" -> ")).collect();
    assert!(circles.is_empty(), "each of these files needs the next one, in a circle:\n{}", circles.join("\n"));
}

#[test]
fn files_that_need_each_other_are_noticed() {
    let of = |files: &[(&str, &str)]| {
        let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&sources)
    };
    let circle = [
        ("x/a.rs", "use super::b::B;"),
        ("x/b.rs", "fn f() { crate::y::c::g() }"),
        ("y/c.rs", "use crate::x::{a::A, d};"),
        ("x/d.rs", "use super::a::A;"),
    ];
    assert_eq!(of(&circle), [["x/a.rs", "x/b.rs", "y/c.rs"]]);
    let line = [("x/mod.rs", "mod a;\nuse a::A;"), ("x/a.rs", "use super::B;"), ("x/d.rs", "use super::a::A;")];
    assert!(of(&line).is_empty(), "a module says what its files are, and they may use what it has");
    let tests = [("x/a.rs", "use super::b::B;"), ("x/b.rs", "#[cfg(test)]\nmod tests {\nuse super::super::a::A;\n}")];
    assert!(of(&tests).is_empty(), "tests may use what uses what they test");
}

#[test]
fn the_table_of_layers_is_in_order() {
    for (height, (module, may_use)) in LAYERS.iter().enumerate() {
        for used in *may_use {
            let below = LAYERS[..height].iter().any(|(lower, _)| is_within(&split(used), lower));
            assert!(below, "{module} may use {used}, which is not below it");
        }
    }
}

// The rules.

fn every_module_has_a_layer(source: &Source) -> Vec<String> {
    let top = source.module.first().map_or("lib", String::as_str);
    let known = top == "lib" || LAYERS.iter().any(|(module, _)| *module == top);
    if known { Vec::new() } else { vec![format!("module {top} is in no layer; add it to LAYERS")] }
}

fn arrows_point_down(source: &Source) -> Vec<String> {
    let Some((module, may_use)) = LAYERS.iter().find(|(module, _)| is_within(&source.module, module)) else {
        return Vec::new();
    };
    let ours = |path: &Spot<Vec<String>>| Some(Spot { line: path.line, item: source.resolve(&path.item)? });
    source
        .paths()
        .iter()
        .filter_map(ours)
        .filter(|path| LAYERS.iter().any(|(layer, _)| is_within(&path.item, layer)))
        .filter(|path| !is_within(&path.item, module) && !may_use.iter().any(|allowed| is_within(&path.item, allowed)))
        .map(|path| format!("{}: {module} must not use {}", path.line, path.item.join("::")))
        .collect()
}

fn crates_stay_where_they_belong(source: &Source) -> Vec<String> {
    let at_home = |homes: &[&str]| homes.iter().any(|home| is_within(&source.module, home));
    let mut messages = Vec::new();
    for path in source.paths() {
        for (name, homes) in CRATES {
            if is_within(&path.item, name) && !at_home(homes) {
                messages.push(format!("{}: {name} belongs only in {}", path.line, homes.join(", ")));
            }
        }
    }
    messages
}

fn banned_words_are_absent(source: &Source) -> Vec<String> {
    let mut messages = Vec::new();
    for (module, words) in BANNED.iter().filter(|(module, _)| is_within(&source.module, module)) {
        for path in source.paths() {
            for word in *words {
                let parts = split(word);
                if path.item.windows(parts.len()).any(|window| window == parts) {
                    messages.push(format!("{}: {module} must not know {word}", path.line));
                }
            }
        }
    }
    messages
}

/// The circles of files, each of which needs the next; each circle once. A file and the module that it lies in, which
/// says what there is, may need each other.
fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let file_of: HashMap<&[String], usize> =
        sources.iter().enumerate().map(|(at, source)| (source.module.as_slice(), at)).collect();
    let needs = |at: usize| -> Vec<usize> {
        let module = &sources[at].module;
        let found = sources[at].paths().into_iter().filter_map(|path| {
            let path = sources[at].resolve(&path.item)?;
            (1..=path.len()).rev().find_map(|parts| file_of.get(&path[..parts]).copied())
        });
        let is_family = |other: &[String]| other.starts_with(module) || module.starts_with(other);
        found.filter(|other| !is_family(&sources[*other].module)).collect()
    };
    let needs: Vec<_> = (0..sources.len()).map(needs).collect();
    let circles = (0..sources.len()).filter_map(|first| circle_from(first, &needs));
    circles.map(|circle| circle.into_iter().map(|at| sources[at].path.clone()).collect()).collect()
}

/// The shortest circle that leads from `first` back to it, by files after it.
fn circle_from(first: usize, needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut found_by = HashMap::from([(first, first)]);
    let mut ahead = VecDeque::from([first]);
    while let Some(at) = ahead.pop_front() {
        if needs[at].contains(&first) {
            let mut circle: Vec<_> =
                std::iter::successors(Some(at), |at| Some(found_by[at]).filter(|_| *at != first)).collect();
            circle.reverse();
            return Some(circle);
        }
        for next in needs[at].iter().copied().filter(|next| *next > first) {
            found_by.entry(next).or_insert_with(|| {
                ahead.push_back(next);
                at
            });
        }
    }
    None
}

fn nothing_is_unwrapped(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.product);
    let unwraps = tokens.iter().filter(|token| token.item == "unwrap");
    unwraps.map(|token| format!("{}: unwrap; say with expect why it cannot fail, or return it", token.line)).collect()
}

fn nothing_is_unfinished(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.code);
    let calls = tokens.windows(2).filter(|pair| UNFINISHED.contains(&pair[0].item.as_str()) && pair[1].item == "!");
    calls.map(|pair| format!("{}: {}!", pair[0].line, pair[0].item)).collect()
}

fn lints_are_expected_with_a_reason(source: &Source) -> Vec<String> {
    let mut messages = Vec::new();
    for attribute in attributes(&tokens(&source.code)) {
        let names = |name: &str| attribute.item.windows(2).any(|pair| pair[0] == name && pair[1] == "(");
        if names("allow") {
            messages.push(format!("{}: allow; use expect with a reason", attribute.line));
        }
        if names("expect") && !attribute.item.iter().any(|token| token == "reason") {
            messages.push(format!("{}: expect without a reason", attribute.line));
        }
    }
    messages
}

fn tests_can_fail_and_read_as_sentences(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.code);
    let mut messages = Vec::new();
    for attribute in attributes(&tokens) {
        if let Some(word) = attribute.item.first().filter(|word| ["ignore", "should_panic"].contains(&word.as_str())) {
            messages.push(format!("{}: {word}", attribute.line));
        }
    }
    for pair in tokens.windows(2) {
        if pair[0].item == "fn" && pair[1].item.starts_with("test_") {
            messages.push(format!("{}: {}; name it by a sentence", pair[1].line, pair[1].item));
        }
    }
    messages
}

fn a_file_begins_with_its_doc(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") { Vec::new() } else { vec!["1: does not begin with //!".into()] }
}

fn comments_fit_the_page(source: &Source) -> Vec<String> {
    // There the one line of a setting's doc is what the program says of it.
    if source.path.starts_with("config/") {
        return Vec::new();
    }
    let long = |(number, line): (usize, &str)| {
        let text = line.trim_start().strip_prefix("//")?.trim_start_matches(['/', '!']).trim();
        let is_prose = !text.starts_with('|') && text.contains(' ');
        let columns = line.chars().count();
        (is_prose && columns > COLUMNS_MAX).then(|| format!("{number}: {columns} columns; at most {COLUMNS_MAX}"))
    };
    (1..).zip(source.text.lines()).filter_map(long).collect()
}

fn files_are_short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= LINES_MAX { Vec::new() } else { vec![format!("{lines} lines; at most {LINES_MAX} are allowed")] }
}

fn what_is_skipped_goes_through_one_door(source: &Source) -> Vec<String> {
    // This file speaks of it.
    if [SKIPS_IN, "tidy.rs"].contains(&source.path.as_str()) {
        return Vec::new();
    }
    let says = |line: &&(usize, &str)| line.1.contains("print") && line.1.to_lowercase().contains("skip");
    let lines = source.text.lines().enumerate();
    let mut messages: Vec<_> = lines
        .map(|(at, line)| (at + 1, line))
        .filter(|line| says(&line))
        .map(|(line, _)| format!("{line}: says that something is skipped; call skipped() of {SKIPS_IN}"))
        .collect();
    let tokens = tokens(&source.code);
    let calls = |path: &[&str]| {
        tokens.windows(path.len()).any(|at| at.iter().map(|token| &*token.item).eq(path.iter().copied()))
    };
    if calls(&["Mount", "::", "new"]) && !calls(&["skipped", "("]) {
        messages.push(format!("mounts, which takes root, and does not call skipped() of {SKIPS_IN} where it cannot"));
    }
    messages
}

// Reading the files.

/// One file.
struct Source {
    /// Below its folder.
    path: String,
    /// The module that it is, by the names from the root down; `["main"]` and nothing for the two roots.
    module: Vec<String>,
    text: String,
    /// The text with comments and strings blanked, line by line the same.
    code: String,
    /// The code without what is only compiled for tests.
    product: String,
}

/// Something found on a line, counted from 1.
#[derive(Clone, Debug, PartialEq)]
struct Spot<T> {
    line: usize,
    item: T,
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        // A project may well have no benches.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder of the project can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("a listed file lies below its root").display().to_string();
                let text = fs::read_to_string(&path).expect("a file of code is text");
                found.push(Source::new(&name, &text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let mut module = split(path.trim_end_matches(".rs").replace('/', "::").as_str());
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        let code = blanked(text);
        let is_test = module.iter().any(|part| part == "tests");
        let product = if is_test { String::new() } else { without_tests(&code) };
        Self { path: path.into(), module, text: text.into(), code, product }
    }

    /// The paths that the code for the product names, trees of `use` spread out.
    fn paths(&self) -> Vec<Spot<Vec<String>>> {
        let tokens = tokens(&self.product);
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let goes_on = at > 0 && ["::", "."].contains(&tokens[at - 1].item.as_str());
            let is_absolute = at > 1 && tokens[at - 1].item == "::" && !is_name(&tokens[at - 2].item);
            if is_name(&tokens[at].item) && (!goes_on || is_absolute) {
                at = spread(&tokens, at, &[], &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// The path from the root of the crate that `path` means in this file; `None` when it is not one of ours.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" | "packhorse" => Some(path[1..].to_vec()),
            "self" => Some([&self.module, &path[1..]].concat()),
            "super" => Some([self.module.get(..self.module.len().checked_sub(ups)?)?, &path[ups..]].concat()),
            _ => None,
        }
    }
}

/// Reads the path at `at`, which follows `before`, adds it (each branch, where it is a tree), and says where it ends.
fn spread(tokens: &[Spot<String>], at: usize, before: &[String], found: &mut Vec<Spot<Vec<String>>>) -> usize {
    let item = |at: usize| tokens.get(at).map_or("", |token| token.item.as_str());
    let line = tokens[at].line;
    let mut path = before.to_vec();
    let mut at = at;
    while is_name(item(at)) {
        path.push(item(at).to_owned());
        at += 1;
        if item(at) != "::" {
            found.push(Spot { line, item: path });
            return at;
        }
        at += 1;
    }
    if item(at) != "{" {
        // A star, or the angle bracket of a generic.
        found.push(Spot { line, item: path });
        return at;
    }
    at += 1;
    while at < tokens.len() && item(at) != "}" {
        at = if is_name(item(at)) { spread(tokens, at, &path, found) } else { at + 1 };
        if item(at) == "as" {
            at += 2;
        }
    }
    at + 1
}

fn split(path: &str) -> Vec<String> {
    path.split("::").map(Into::into).collect()
}

/// Whether `path` is `place` or lies below it.
fn is_within(path: &[String], place: &str) -> bool {
    path.starts_with(&split(place))
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, numbers, `::` and single marks.
fn tokens(code: &str) -> Vec<Spot<String>> {
    let mut found: Vec<Spot<String>> = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let line = index + 1;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (item, after) = rest.split_at(length);
            found.push(Spot { line, item: item.into() });
            rest = after.trim_start();
        }
    }
    found
}

/// What stands between the brackets of each attribute.
fn attributes(tokens: &[Spot<String>]) -> Vec<Spot<Vec<String>>> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.item == "#") {
        let mut inside = tokens[at + 1..].iter().map(|token| token.item.as_str()).skip_while(|item| *item == "!");
        if inside.next() != Some("[") {
            continue;
        }
        let mut depth = 1;
        let is_inside = |item: &&str| {
            depth += i32::from(*item == "[") - i32::from(*item == "]");
            depth > 0
        };
        found.push(Spot { line: token.line, item: inside.take_while(is_inside).map(Into::into).collect() });
    }
    found
}

/// `code` with every item blanked that stands after `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        let (before, item) = rest.split_at(start);
        kept.push_str(before);
        let mut depth = 0;
        let end = item.char_indices().skip(MARK.len()).find(|(_, c)| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 0 && (*c == '}' || *c == ';')
        });
        let (gone, after) = item.split_at(end.map_or(item.len(), |(at, _)| at + 1));
        kept.extend(gone.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    kept + rest
}

/// `text` with comments and the insides of strings and characters blanked, its lines kept.
fn blanked(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_length(rest),
            '"' => quoted_length(rest, '"'),
            '\'' if is_character(rest) => quoted_length(rest, '\''),
            'r' | 'b' | 'c' if !after_word => raw_length(rest),
            _ => 0,
        };
        let (blank, after) = rest.split_at(length);
        code.extend(blank.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Whether a character begins here, and no lifetime.
fn is_character(rest: &str) -> bool {
    let mut inside = rest.chars().skip(1);
    matches!((inside.next(), inside.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

/// The length of the raw string that begins here, or 0.
fn raw_length(rest: &str) -> usize {
    let prefix = rest.find(|c: char| !matches!(c, 'r' | 'b' | 'c')).unwrap_or(rest.len());
    let hashes = rest[prefix..].find(|c| c != '#').unwrap_or(0);
    if !rest[..prefix].ends_with('r') || !rest[prefix + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = prefix + hashes + 1;
    rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len())
}

fn comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        let step = if here.starts_with("/*") || here.starts_with("*/") {
            2
        } else {
            here.chars().next().map_or(1, char::len_utf8)
        };
        depth += i32::from(here.starts_with("/*")) - i32::from(here.starts_with("*/"));
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

// Each rule on a tiny input.

/// What `rule` says of a file at `path` below `src` with the content `text`.
fn judge(rule: Rule, path: &str, text: &str) -> Vec<String> {
    rule(&Source::new(path, text))
}

#[track_caller]
fn check(rule: Rule, path: &str, text: &str, messages: &[&str]) {
    assert_eq!(judge(rule, path, text), messages, "{path}: {text}");
}

#[test]
fn a_test_that_skips_in_its_own_way_is_noticed() {
    let rule = what_is_skipped_goes_through_one_door;
    let door = "call skipped() of crash/cases.rs";
    check(rule, "slow.rs", "\neprintln!(\"SKIPPED\");", &[&format!("2: says that something is skipped; {door}")]);
    let mounts = "mounts, which takes root, and does not call skipped() of crash/cases.rs where it cannot";
    check(rule, "crash/a.rs", "let Ok(disk) = Mount::new(kind) else { return };", &[mounts]);
    check(rule, "crash/a.rs", "if let Err(why) = Mount::new(kind) { return skipped(TEST, why) }", &[]);
    check(rule, "crash/cases.rs", "eprintln!(\"SKIPPED\");", &[]);
    let source = sources("tests").into_iter().find(|source| source.path == SKIPS_IN).expect("the door is there");
    assert!(source.text.contains("fn skipped("), "{SKIPS_IN} has it");
}

#[test]
fn a_module_without_a_layer_is_noticed() {
    check(every_module_has_a_layer, "util/mod.rs", "", &["module util is in no layer; add it to LAYERS"]);
    check(every_module_has_a_layer, "util.rs", "", &["module util is in no layer; add it to LAYERS"]);
    check(every_module_has_a_layer, "domain/order/mod.rs", "", &[]);
    check(every_module_has_a_layer, "app.rs", "", &[]);
    check(every_module_has_a_layer, "lib.rs", "pub mod util;", &[]);
}

#[test]
fn an_arrow_that_points_up_is_noticed() {
    let rule = arrows_point_down;
    check(rule, "domain/a.rs", "\nuse crate::api::Route;", &["2: domain must not use api::Route"]);
    check(rule, "domain/a.rs", "use super::super::journal;", &["1: domain must not use journal"]);
    check(rule, "domain/a/b.rs", "use super::super::order;", &[]);
    check(rule, "domain/mod.rs", "fn f() { crate::store::open() }", &["1: domain must not use store::open"]);
    check(rule, "domain/a.rs", "fn f() -> &'a super::super::view::View;", &["1: domain must not use view::View"]);
    check(
        rule,
        "journal/a.rs",
        "use crate::{domain::{self, ids}, store as s,\n config::*};",
        &["1: journal must not use store", "2: journal must not use config"],
    );
    check(
        rule,
        "store/a.rs",
        "use crate::journal::{format::Frame, writer::Writer};",
        &["1: store must not use journal::writer::Writer"],
    );
    check(rule, "actors/a.rs", "use crate::{domain, decide, view, journal, telemetry::counters};", &[]);
    check(rule, "api/a.rs", "use crate::config::{Limits, Settings};", &["1: api must not use config::Settings"]);
    check(rule, "main.rs", "fn main() { packhorse::app::serve() }", &["1: main must not use app::serve"]);
    check(rule, "main.rs", "fn main() { packhorse::cli::run() }", &[]);
    check(rule, "app.rs", "use super::cli::run; use self::inner::x;", &["1: app must not use cli::run"]);
}

#[test]
fn what_is_only_for_tests_or_for_people_is_not_judged() {
    let rule = arrows_point_down;
    check(rule, "domain/a.rs", "#[cfg(test)]\nmod tests { use crate::api; fn f() {} }\n", &[]);
    check(rule, "domain/a.rs", "#[cfg(test)]\nmod tests;\nuse crate::api;", &["3: domain must not use api"]);
    check(rule, "domain/a/tests.rs", "use crate::api;", &[]);
    check(rule, "domain/a.rs", "//! See crate::api.\n/* /* crate::api */ crate::api */", &[]);
    check(rule, "domain/a.rs", r##"const A: &str = "\" crate::api"; const B: &str = r#"" crate::api"#;"##, &[]);
    check(
        rule,
        "domain/a.rs",
        r#"const A: [char; 2] = ['\'', '"']; use crate::api; // '"#,
        &["1: domain must not use api"],
    );
}

#[test]
fn a_crate_out_of_its_place_is_noticed() {
    let rule = crates_stay_where_they_belong;
    check(rule, "journal/a.rs", "use sled::Db;", &["1: sled belongs only in store"]);
    check(rule, "store/a.rs", "use sled::Db;", &[]);
    check(
        rule,
        "journal/writer.rs",
        "fn f() { ::bincode::encode() }",
        &["1: bincode belongs only in journal::format, store"],
    );
    check(rule, "journal/format/v1.rs", "#[derive(bincode::Encode)] struct S;", &[]);
    check(
        rule,
        "decide/a.rs",
        "#[actix_web::main] fn f() {}",
        &["1: actix_web belongs only in actors, access, web, api, console, app, cli, main"],
    );
    check(rule, "config/a.rs", "fn f() -> anyhow::Result<()> {}", &["1: anyhow belongs only in cli, main"]);
    check(rule, "decide/a.rs", "fn f(s: S) { s.sled }", &[]);
}

#[test]
fn a_banned_word_is_noticed() {
    let rule = banned_words_are_absent;
    check(rule, "domain/a.rs", "use std::time::{Duration, Instant};", &["1: domain must not know Instant"]);
    check(rule, "domain/a.rs", "let now = chrono::Utc::now();", &["1: domain must not know Utc::now"]);
    check(rule, "domain/a.rs", "use chrono::{DateTime, Utc};", &[]);
    check(rule, "domain/a.rs", "#[derive(serde::Serialize)] struct S;", &["1: domain must not know serde"]);
    check(rule, "domain/a.rs", "fn f() { tracing::info!(\"x\") }", &["1: domain must not know tracing"]);
    check(rule, "decide/a.rs", "use std::time::SystemTime;", &["1: decide must not know SystemTime"]);
    check(rule, "journal/a.rs", "use std::time::Instant;", &[]);
}

#[test]
fn an_unwrap_outside_tests_is_noticed() {
    let message = "1: unwrap; say with expect why it cannot fail, or return it";
    check(nothing_is_unwrapped, "domain/a.rs", "fn f() { x.unwrap() }", &[message]);
    check(nothing_is_unwrapped, "domain/a.rs", "fn f() { y.map(Option::unwrap) }", &[message]);
    check(nothing_is_unwrapped, "domain/a.rs", "fn f() { x.unwrap_or(1) } #[cfg(test)] fn g() { x.unwrap() }", &[]);
    check(nothing_is_unwrapped, "config/tests.rs", "fn f() { x.unwrap() }", &[]);
}

#[test]
fn unfinished_work_is_noticed() {
    check(nothing_is_unfinished, "domain/a.rs", "fn f() { todo!() }\nfn g() { dbg!(1) }", &["1: todo!", "2: dbg!"]);
    check(nothing_is_unfinished, "domain/a.rs", "// todo!\nlet todo = 1;", &[]);
}

#[test]
fn a_silenced_lint_is_noticed() {
    let rule = lints_are_expected_with_a_reason;
    check(rule, "domain/a.rs", "#[allow(dead_code)] fn f() {}", &["1: allow; use expect with a reason"]);
    check(rule, "domain/a.rs", "#![allow(x)]", &["1: allow; use expect with a reason"]);
    check(rule, "domain/a.rs", "#[cfg_attr(a, allow(x))] fn f() {}", &["1: allow; use expect with a reason"]);
    check(rule, "domain/a.rs", "\n#[expect(x)] fn f() {}", &["2: expect without a reason"]);
    check(rule, "domain/a.rs", "#[expect(\n x,\n reason = \"why\"\n)] fn f() { x.expect(\"y\"); allow(z) }", &[]);
}

#[test]
fn a_test_that_is_off_or_badly_named_is_noticed() {
    let rule = tests_can_fail_and_read_as_sentences;
    let text = "#[test]\n#[ignore = \"slow\"]\nfn test_it() {}\n#[should_panic]\nfn falls_over() {}";
    check(rule, "domain/a.rs", text, &["2: ignore", "4: should_panic", "3: test_it; name it by a sentence"]);
    check(rule, "domain/a.rs", "#[test] fn counts_up() {}", &[]);
}

#[test]
fn a_file_without_doc_or_end_is_noticed() {
    check(a_file_begins_with_its_doc, "domain/a.rs", "use x;", &["1: does not begin with //!"]);
    check(a_file_begins_with_its_doc, "domain/a.rs", "//! X.", &[]);
    check(files_are_short, "domain/a.rs", &"x\n".repeat(550), &["550 lines; at most 549 are allowed"]);
    check(files_are_short, "domain/a.rs", &"x\n".repeat(549), &[]);
}
