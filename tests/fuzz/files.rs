//! What an operator writes: the settings file, the environment, catalogue files.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use packhorse::cli::CatalogueFile;
use packhorse::config::{self, Settings, Sources};

use super::harness::{Decoder, memory};
use super::mutate::{Chance, mutate};

/// Name, variable and default of every setting, from the table of the settings.
fn settings() -> Vec<[String; 3]> {
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let rows = config::table();
    let row = |row: &str| {
        let cells: Vec<_> = row.split('|').collect();
        [cell(cells[1]), cell(cells[2]), cell(cells[3])]
    };
    rows.lines().skip(2).map(row).collect()
}

fn words() -> Vec<Vec<u8>> {
    let texts =
        ["manual", "cores", "5s", "1h 1ms", "64 MiB", "99999999999 GiB", "[a.b]", "'''", "\"\"\"", "1979-05-27"];
    settings().into_iter().flatten().chain(texts.map(Into::into)).map(String::into_bytes).collect()
}

/// Loads `sources`. What comes out is within its limits, or an error names what is wrong.
fn load(sources: Sources) {
    match Settings::load(sources) {
        Ok(settings) => assert!(settings.limits.page_size <= 1_000 && settings.journal.queue >= 16),
        Err(error) => assert!(error.to_string().len() > 10, "an error says what is wrong"),
    }
}

/// The settings file.
pub(crate) fn settings_file() {
    let directory = tempfile::tempdir_in(memory()).unwrap();
    let path = directory.path().join("packhorse.toml");
    let mut dotted = String::new();
    for [name, _, default] in settings() {
        writeln!(dotted, "{name} = {default:?}").unwrap();
    }
    let tables =
        "listen = \"127.0.0.1:8080\"\n[limits]\nbody_bytes = \"1 MiB\"\n[stages.pending]\nafter = \"manual\"\n";
    let odd =
        "time_zone = 'UTC'\nhttp = { workers = \"2\", keep_alive = \"75s\" }\n[journal]\nqueue = \"0\"\nx = 1.5\n";
    let corpus: Vec<_> = [dotted.as_str(), tables, odd].map(|text| text.as_bytes().to_vec()).into();
    let (words, others) = (words(), corpus.clone());
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let mut check = |input: &[u8]| {
        fs::write(&path, input).unwrap();
        load(Sources { file: Some(path.clone()), ..Sources::default() });
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut bytes = base.to_vec();
        mutate(chance, &mut bytes, &words, &others);
        bytes
    };
    Decoder { name: "settings_file", corpus, count: 1_000, mutate: &mut mutate, check: &mut check }.run();
}

/// The environment: a variable on each line.
pub(crate) fn environment() {
    let mut all = String::new();
    for [_, variable, default] in settings() {
        writeln!(all, "{variable}={default}").unwrap();
    }
    let corpus: Vec<_> = all.lines().map(|line| line.as_bytes().to_vec()).chain([all.clone().into_bytes()]).collect();
    let (words, others) = (words(), corpus.clone());
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let mut check = |input: &[u8]| {
        let pair = |line: &[u8]| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let text = |bytes| OsStr::from_bytes(bytes).to_owned();
            Some((text(&line[..at]), text(&line[at + 1..])))
        };
        let environment = input.split(|byte| *byte == b'\n').filter_map(pair).collect();
        load(Sources { environment, ..Sources::default() });
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut bytes = base.to_vec();
        mutate(chance, &mut bytes, &words, &others);
        bytes
    };
    Decoder { name: "environment", corpus, count: 2_000, mutate: &mut mutate, check: &mut check }.run();
}

/// Catalogue files: the first byte tells which format, the rest is the file.
pub(crate) fn catalogue_files() {
    let directory = tempfile::tempdir_in(memory()).unwrap();
    let demo = include_str!("../../data/demo/catalogue.csv");
    let csv: String = demo.lines().take(6).flat_map(|line| [line, "\n"]).collect();
    let quoted =
        "name,category,price,stock,description\r\n\"A \"\"b\"\", c\",Things,0.01,2147483647,\"two\nlines\"\r\n";
    let json = r#"[{"category": "Things", "name": "A", "price": "2.50", "stock": 10, "description": "x\u00e9",
        "expiry_date": "2031-12-31"}, {"category": "Things", "name": "B", "price": 1.5, "stock": "3"}]"#;
    let corpus: Vec<_> = [("c", csv.as_str()), ("c", quoted), ("j", json), ("j", "[]")]
        .map(|(format, text)| [format.as_bytes(), text.as_bytes()].concat())
        .into();
    let others = corpus.clone();
    let texts =
        ["category", "expiry_date", "2024-02-30", "9999999999", "0.005", "\u{feff}", "null", "{}", "\"\"", ",,,"];
    let words = texts.map(str::as_bytes);
    let paths = ["csv", "json"].map(|extension| directory.path().join(format!("c.{extension}")));
    let mut check = |input: &[u8]| {
        let Some((format, content)) = input.split_first() else { return };
        let path: &Path = &paths[usize::from(*format != b'c')];
        fs::write(path, content).unwrap();
        if let Err(error) = CatalogueFile::load(path) {
            assert!(error.to_string().len() > 10, "an error says what is wrong");
        }
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut bytes = base[1..].to_vec();
        mutate(chance, &mut bytes, &words, &others);
        bytes.insert(0, base[0]);
        bytes
    };
    Decoder { name: "catalogue_files", corpus, count: 4_000, mutate: &mut mutate, check: &mut check }.run();
}
