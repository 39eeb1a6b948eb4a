//! The kinds of values that a setting can have. Each reads text, whether it came from a flag, a variable or a file.

use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use chrono_tz::Tz;

use crate::domain::order::After;

/// The smallest and the largest value of a setting, both allowed, as they are written down.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The smallest value.
    pub min: &'static str,
    /// The largest value.
    pub max: &'static str,
}

/// A kind of value.
pub(super) trait Kind {
    /// What the text becomes.
    type Value;

    /// What is allowed, as the end of the sentence "allowed: ...".
    fn allowed(limits: Option<Limits>) -> String;

    /// The value that `text` means; `None` when it means none or one outside `limits`.
    fn read(text: &str, limits: Option<Limits>) -> Option<Self::Value>;
}

/// A whole number.
pub(super) struct Count;
/// A number of bytes: `4096`, `64 KiB`, `8 MiB`, `1 GiB`.
pub(super) struct Bytes;
/// A length of time as `humantime` writes it: `500ms`, `5s`, `1h 30m`.
pub(super) struct Span;
/// When a stage ends by itself: a [`Span`], or `manual`.
pub(super) struct Ending;
/// A number of threads, or `cores` for as many as the machine runs at once.
pub(super) struct Threads;
/// An address to listen on.
pub(super) struct Address;
/// A path.
pub(super) struct Path;
/// A time zone.
pub(super) struct Zone;

/// One of the words for [`Access`].
pub(super) struct Word;
/// A path, or `none`.
pub(super) struct MaybePath;
/// Origins of web pages, or `none`.
pub(super) struct Origins;

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, until the first user or key is made; only on a loopback address.
    Open,
    /// Nobody without a key or session.
    Required,
    /// As [`Access::Open`], on every address.
    InsecureOpen,
}

impl Kind for Word {
    type Value = Access;

    fn allowed(_: Option<Limits>) -> String {
        "\"open\", \"required\" or \"insecure-open\"".into()
    }

    fn read(text: &str, _: Option<Limits>) -> Option<Access> {
        match text {
            "open" => Some(Access::Open),
            "required" => Some(Access::Required),
            "insecure-open" => Some(Access::InsecureOpen),
            _ => None,
        }
    }
}

impl Kind for MaybePath {
    type Value = Option<PathBuf>;

    fn allowed(_: Option<Limits>) -> String {
        format!("\"none\", or {}", Path::allowed(None))
    }

    fn read(text: &str, _: Option<Limits>) -> Option<Option<PathBuf>> {
        if text == "none" { Some(None) } else { Path::read(text, None).map(Some) }
    }
}

impl Kind for Origins {
    type Value = Vec<String>;

    fn allowed(_: Option<Limits>) -> String {
        "\"none\", or origins such as https://shop.example, separated by commas".into()
    }

    fn read(text: &str, _: Option<Limits>) -> Option<Vec<String>> {
        if text == "none" {
            return Some(Vec::new());
        }
        text.split(',').map(|part| origin(part.trim()).map(str::to_owned)).collect()
    }
}

/// An origin as browsers send it: scheme, name and port in small letters, and nothing behind them.
fn origin(text: &str) -> Option<&str> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let is_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_host)).then_some(text)
}

impl Kind for Count {
    type Value = u64;

    fn allowed(limits: Option<Limits>) -> String {
        format!("a whole number{}", between(limits))
    }

    fn read(text: &str, limits: Option<Limits>) -> Option<u64> {
        within(text, limits, number)
    }
}

impl Kind for Bytes {
    type Value = u64;

    fn allowed(limits: Option<Limits>) -> String {
        format!("a size{}, in B, KiB, MiB or GiB", between(limits))
    }

    fn read(text: &str, limits: Option<Limits>) -> Option<u64> {
        within(text, limits, size)
    }
}

impl Kind for Span {
    type Value = Duration;

    fn allowed(limits: Option<Limits>) -> String {
        format!("a duration{}, with its unit", between(limits))
    }

    fn read(text: &str, limits: Option<Limits>) -> Option<Duration> {
        within(text, limits, span)
    }
}

impl Kind for Ending {
    type Value = After;

    fn allowed(limits: Option<Limits>) -> String {
        format!("\"manual\", or {}", Span::allowed(limits))
    }

    fn read(text: &str, limits: Option<Limits>) -> Option<After> {
        if text == "manual" { Some(After::Manual) } else { Span::read(text, limits).map(After::Span) }
    }
}

impl Kind for Threads {
    type Value = u64;

    fn allowed(limits: Option<Limits>) -> String {
        format!("\"cores\", or {}", Count::allowed(limits))
    }

    fn read(text: &str, limits: Option<Limits>) -> Option<u64> {
        if text == "cores" {
            let cores = thread::available_parallelism().map_or(1, NonZero::get);
            let most = limits.and_then(|limits| number(limits.max)).unwrap_or(u64::MAX);
            return u64::try_from(cores).ok().map(|cores| cores.min(most));
        }
        Count::read(text, limits)
    }
}

impl Kind for Address {
    type Value = SocketAddr;

    fn allowed(_: Option<Limits>) -> String {
        "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".into()
    }

    fn read(text: &str, _: Option<Limits>) -> Option<SocketAddr> {
        text.parse().ok()
    }
}

impl Kind for Path {
    type Value = PathBuf;

    fn allowed(_: Option<Limits>) -> String {
        "a path that is not empty".into()
    }

    fn read(text: &str, _: Option<Limits>) -> Option<PathBuf> {
        (!text.trim().is_empty() && !text.contains('\0')).then(|| text.into())
    }
}

impl Kind for Zone {
    type Value = Tz;

    fn allowed(_: Option<Limits>) -> String {
        "a name of the IANA time zone database, such as Asia/Dhaka or UTC".into()
    }

    fn read(text: &str, _: Option<Limits>) -> Option<Tz> {
        text.parse().ok()
    }
}

fn between(limits: Option<Limits>) -> String {
    limits.map(|limits| format!(" from {limits}")).unwrap_or_default()
}

impl Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

fn within<T: PartialOrd>(text: &str, limits: Option<Limits>, read: fn(&str) -> Option<T>) -> Option<T> {
    let value = read(text)?;
    let Some(limits) = limits else { return Some(value) };
    let declared = |limit| read(limit).expect("the declared limits are values themselves");
    (declared(limits.min) <= value && value <= declared(limits.max)).then_some(value)
}

fn number(text: &str) -> Option<u64> {
    // `parse` alone would take "+5".
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number(count)?.checked_mul(unit)
}

fn span(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_in_binary_units_only() {
        let check = |text: &str, bytes: Option<u64>| assert_eq!(Bytes::read(text, None), bytes, "{text:?}");
        check("0", Some(0));
        check("4096", Some(4096));
        check("4096 B", Some(4096));
        check("64KiB", Some(65_536));
        check("8 MiB", Some(8_388_608));
        check("1 GiB", Some(1_073_741_824));
        check("", None);
        check("MiB", None);
        check("8 MB", None);
        check("8 mib", None);
        check("1.5 MiB", None);
        check("-1", None);
        check("17179869184 GiB", None);
    }

    #[test]
    fn reads_numbers_without_sign_or_point() {
        let check = |text: &str, value: Option<u64>| assert_eq!(Count::read(text, None), value, "{text:?}");
        check("0", Some(0));
        check("18446744073709551615", Some(u64::MAX));
        check("18446744073709551616", None);
        check("+5", None);
        check("-5", None);
        check("5.0", None);
        check(" 5", None);
        check("", None);
    }

    #[test]
    fn limits_are_themselves_allowed() {
        let limits = Some(Limits { min: "10ms", max: "1h" });
        let check = |text: &str, ok: bool| assert_eq!(Span::read(text, limits).is_some(), ok, "{text:?}");
        check("9ms", false);
        check("10ms", true);
        check("60m", true);
        check("1h 1ms", false);
        check("5", false);
    }

    #[test]
    fn stages_end_after_a_while_or_by_hand() {
        assert_eq!(Ending::read("manual", None), Some(After::Manual));
        assert_eq!(Ending::read("2m", None), Some(After::Span(Duration::from_mins(2))));
        assert_eq!(Ending::read("Manual", None), None);
    }

    #[test]
    fn origins_are_exact() {
        let check = |text: &str, count: Option<usize>| {
            assert_eq!(Origins::read(text, None).map(|origins| origins.len()), count, "{text:?}");
        };
        check("none", Some(0));
        check("https://a.example, http://localhost:3000", Some(2));
        check("*", None);
        check("null", None);
        check("", None);
        check("https://a.example/", None);
        check("https://", None);
        check("a.example", None);
    }

    #[test]
    fn cores_are_at_least_one_and_at_most_the_limit() {
        assert!(Threads::read("cores", None) >= Some(1));
        assert_eq!(Threads::read("cores", Some(Limits { min: "1", max: "1" })), Some(1));
        assert_eq!(Threads::read("3", Some(Limits { min: "1", max: "8" })), Some(3));
        assert_eq!(Threads::read("0", Some(Limits { min: "1", max: "8" })), None);
    }
}
