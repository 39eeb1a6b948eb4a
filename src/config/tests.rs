//! Precedence, unknown keys and bad values, through the same `load` as the program.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::*;
use crate::domain::order::{After, Policy, Stage};

/// What `load` makes of a file, an environment and flags; the file's name in messages is `packhorse.toml`.
fn load(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Settings, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("packhorse.toml");
    fs::write(&path, file).unwrap();
    let flag = |(name, value): &(&'static str, &str)| Flag { flag: "--flag", name, value: (*value).into() };
    let sources = Sources {
        flags: flags.iter().map(flag).collect(),
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        file: Some(path.clone()),
    };
    Settings::load(sources).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "packhorse.toml"))
}

#[test]
fn every_declared_default_and_limit_is_allowed() {
    let mut names = BTreeSet::new();
    for key in KEYS.iter().copied().flatten() {
        assert!((key.accepts)(key.default), "{} {}", key.name(), key.default);
        for text in key.limits.iter().flat_map(|limits| [limits.min, limits.max]) {
            assert!((key.accepts)(text), "{} {text}", key.name());
        }
        assert!(names.insert(key.name()), "{} is declared twice", key.name());
        assert!(!key.meaning.trim().is_empty());
        let section: String = key.name().to_uppercase().replace('.', "__");
        assert_eq!(key.variable, format!("PACKHORSE_{section}"));
    }
}

#[test]
fn nothing_set_means_the_documented_defaults() {
    let settings = Settings::load(Sources::default()).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.general.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.general.data_dir, PathBuf::from("./data-dir"));
    assert_eq!(settings.general.time_zone, chrono_tz::Asia::Dhaka);
    assert_eq!(settings.stages.policy(), Policy::default());
    assert_eq!(settings.watchdog.interval, Duration::from_secs(1));
    assert_eq!(settings.journal.group_bytes, 8 << 20);
    assert_eq!(settings.retention.idempotency_keys, Duration::from_hours(24));
    assert_eq!(settings.limits.bulk_body_bytes, 64 << 20);
    assert!(settings.http.workers >= 1);
}

#[test]
fn flags_go_before_environment_before_file_before_default() {
    let check = |file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)], port: u16| {
        let settings = load(file, environment, flags).unwrap();
        assert_eq!(settings.general.listen.port(), port, "{file:?} {environment:?} {flags:?}");
    };
    let file = "listen = '127.0.0.1:1'";
    let environment = [("PACKHORSE_LISTEN", "127.0.0.1:2")];
    let flags = [("listen", "127.0.0.1:3")];
    check("", &[], &[], 8080);
    check(file, &[], &[], 1);
    check("", &environment, &[], 2);
    check(file, &environment, &[], 2);
    check("", &[], &flags, 3);
    check(file, &environment, &flags, 3);
}

#[test]
fn one_section_may_come_from_several_places() {
    let file =
        "[stages.pending]\nafter = 'manual'\nstale_after = '2s'\n[journal]\nqueue = 1_024\ngroup_entries = 0x10\n";
    let environment = [
        ("PACKHORSE_STAGES__PENDING__AFTER", "250ms"),
        ("PACKHORSE_STAGES__SHIPPED__AFTER", "manual"),
        ("PACKHORSE_JOURNAL__GROUP_BYTES", "64 KiB"),
        ("PATH", "/bin"),
        ("PACKHORSEMAN", "rides"),
    ];
    let settings = load(file, &environment, &[]).unwrap();
    let policy = settings.stages.policy();
    assert_eq!(policy.0[Stage::Pending].after, After::Span(Duration::from_millis(250)));
    assert_eq!(policy.0[Stage::Pending].stale_after, Duration::from_secs(2));
    assert_eq!(policy.0[Stage::Processing], Policy::default().0[Stage::Processing]);
    assert_eq!(policy.0[Stage::Shipped].after, After::Manual);
    assert_eq!(settings.journal.queue, 1024);
    assert_eq!(settings.journal.group_entries, 16);
    assert_eq!(settings.journal.group_bytes, 65_536);
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let check = |file: &str, environment: &[(&str, &str)], text: &str| {
        assert_eq!(load(file, environment, &[]).unwrap_err(), text);
    };
    check(
        "\n[watchdog]\nintervall = '1s'\n",
        &[],
        "packhorse.toml, line 3: there is no setting watchdog.intervall; known here: watchdog.interval",
    );
    check(
        "watchdog = '1s'",
        &[],
        "packhorse.toml, line 1: there is no setting watchdog; known here: watchdog.interval",
    );
    check(
        "\"a\\nb\" = 1",
        &[],
        &format!("packhorse.toml, line 1: there is no setting a\\nb; known here: {}", all_names()),
    );
    check(
        "[engine]\narbiters.max = 2",
        &[],
        "packhorse.toml, line 2: there is no setting engine.arbiters.max; known here: engine.arbiters",
    );
    check(
        "",
        &[("PACKHORSE_ENGINE__THREADS", "2")],
        "environment variable PACKHORSE_ENGINE__THREADS: there is no setting engine.threads; \
         known here: PACKHORSE_ENGINE__ARBITERS",
    );
    check(
        "",
        &[("PACKHORSE_data_dir", "x")],
        "environment variable PACKHORSE_data_dir: there is no setting PACKHORSE_data_dir; \
         known here: PACKHORSE_DATA_DIR",
    );
    let error = load("", &[("PACKHORSE_", "1")], &[]).unwrap_err();
    let text = "environment variable PACKHORSE_: there is no setting without a name; known here: PACKHORSE_LISTEN, ";
    assert!(error.starts_with(text), "{error}");
    let error = load("colour = 'red'", &[], &[]).unwrap_err();
    assert!(error.ends_with(&format!("known here: {}", all_names())), "{error}");
}

fn all_names() -> String {
    KEYS.iter().copied().flatten().map(Key::name).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_bad_value_is_named_with_its_place_and_what_is_allowed() {
    let file = |file: &str, text: &str| assert_eq!(load(file, &[], &[]).unwrap_err(), text);
    file(
        "[journal]\nqueue = 3",
        "packhorse.toml, line 2: journal.queue is \"3\"; allowed: a whole number from 16 to 1048576",
    );
    file(
        "journal.queue = 1.5",
        "packhorse.toml, line 1: journal.queue is \"1.5\"; allowed: a whole number from 16 to 1048576",
    );
    file(
        "listen = ['a']",
        "packhorse.toml, line 1: listen is a list; \
         allowed: an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080",
    );
    file(
        "[stages.pending.after]",
        "packhorse.toml, line 1: stages.pending.after is a section; \
         allowed: \"manual\", or a duration from 0s to 365days, with its unit",
    );
    file(
        "store.cache_bytes = 0xfffffffffffffffff",
        "packhorse.toml, line 1: store.cache_bytes is a number beyond 64 bits; \
         allowed: a size from 1 MiB to 64 GiB, in B, KiB, MiB or GiB",
    );
    file(
        "limits = { body_bytes = '2 MiB', bulk_body_bytes = '1 MiB' }",
        "limits.bulk_body_bytes is less than limits.body_bytes; allowed: at least as much",
    );
    let variable = |name: &str, value: &str, text: &str| {
        let expected = format!("environment variable {name}: {text}");
        assert_eq!(load("", &[(name, value)], &[]).unwrap_err(), expected);
    };
    variable(
        "PACKHORSE_STAGES__SHIPPED__STALE_AFTER",
        "5",
        "stages.shipped.stale_after is \"5\"; allowed: a duration from 1ms to 365days, with its unit",
    );
    variable(
        "PACKHORSE_TIME_ZONE",
        "Dhaka",
        "time_zone is \"Dhaka\"; allowed: a name of the IANA time zone database, such as Asia/Dhaka or UTC",
    );
    variable("PACKHORSE_DATA_DIR", "", "data_dir is \"\"; allowed: a path that is not empty");
    variable(
        "PACKHORSE_HTTP__WORKERS",
        "many",
        "http.workers is \"many\"; allowed: \"cores\", or a whole number from 1 to 512",
    );
    assert_eq!(
        load("", &[], &[("listen", "localhost")]).unwrap_err(),
        "flag --flag: listen is \"localhost\"; allowed: an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080"
    );
}

#[test]
fn everything_wrong_is_reported_at_once_even_what_is_overruled() {
    let error = load("listen = 'x'", &[("PACKHORSE_LISTEN", "y")], &[("listen", "127.0.0.1:3")]).unwrap_err();
    let starts: Vec<_> = error.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(
        starts,
        ["packhorse.toml, line 1: listen is \"x\"", "environment variable PACKHORSE_LISTEN: listen is \"y\""]
    );
}

#[test]
fn a_flag_does_not_open_what_another_place_closes() {
    let open = [("access", "insecure-open")];
    let check = |file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)], place: Option<&str>| {
        let says = place.map(|place| {
            format!(
                "flag --flag lets everybody in, and {place} says access = \"required\", which lets nobody in without a \
                 key or session; leave out --flag, or set access to \"open\" there"
            )
        });
        assert_eq!(load(file, environment, flags).err(), says);
    };
    let required = [("PACKHORSE_ACCESS", "required")];
    check("access = 'required'", &[], &open, Some("packhorse.toml, line 1"));
    check("access = 'open'", &required, &open, Some("environment variable PACKHORSE_ACCESS"));
    check("access = 'required'", &[("PACKHORSE_ACCESS", "open")], &open, None);
    check("access = 'open'", &[], &open, None);
    check("", &[], &open, None);
    check("access = 'required'", &required, &[], None);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Sources { file: Some("no/such.toml".into()), ..Sources::default() };
    let error = Settings::load(missing).unwrap_err().to_string();
    assert!(error.starts_with("the settings file no/such.toml cannot be read: "), "{error}");
    let error = load("listen = ", &[], &[]).unwrap_err();
    assert!(error.starts_with("the settings file packhorse.toml is not valid TOML: "), "{error}");
    assert!(error.contains("line 1"), "{error}");
    let twice = load("listen = '127.0.0.1:1'\nlisten = '127.0.0.1:2'", &[], &[]).unwrap_err();
    assert!(twice.contains("duplicate key"), "{twice}");
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff]);
    let sources = Sources { environment: vec![("PACKHORSE_LISTEN".into(), value)], ..Sources::default() };
    let error = Settings::load(sources).unwrap_err().to_string();
    assert!(error.contains("PACKHORSE_LISTEN: listen is text that is not UTF-8; allowed: "), "{error}");
}
