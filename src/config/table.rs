//! The settings as a table for people, from the same declaration that the program reads them by.

use std::fmt::Write;

use super::KEYS;

/// Every setting in a Markdown table: name, variable, default, what is allowed, meaning.
#[must_use]
pub fn table() -> String {
    let mut text = String::from("| setting | variable | default | allowed | meaning |\n|---|---|---|---|---|\n");
    for key in KEYS.iter().copied().flatten() {
        let (name, variable, default, allowed) = (key.name(), key.variable, key.default, key.allowed());
        let meaning = key.meaning.trim();
        writeln!(text, "| `{name}` | `{variable}` | `{default}` | {allowed} | {meaning} |")
            .expect("writing to a string never fails");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    const BEGIN: &str = "<!-- settings:begin -->\n";
    const END: &str = "<!-- settings:end -->";

    /// `page` with the table between its markers; `None` without markers.
    fn renewed(page: &str) -> Option<String> {
        let (before, rest) = page.split_once(BEGIN)?;
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}{}{END}{after}", table()))
    }

    #[test]
    fn the_page_shows_the_settings_as_they_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
        let page = fs::read_to_string(path).expect("there is a docs/settings.md");
        let renewed = renewed(&page).expect("docs/settings.md has the markers of the table");
        if env::var_os("RENEW").is_some() {
            fs::write(path, renewed).unwrap();
            return;
        }
        assert!(page == renewed, "docs/settings.md is stale; renew it with: RENEW=1 cargo test settings");
    }

    #[test]
    fn a_stale_table_is_noticed() {
        let stale = format!("# Title\n{BEGIN}| old |\n{END}\nrest\n");
        let fresh = renewed(&stale).unwrap();
        assert_ne!(stale, fresh);
        assert_eq!(renewed(&fresh).as_deref(), Some(fresh.as_str()));
        assert!(fresh.starts_with("# Title\n") && fresh.ends_with("\nrest\n"));
        assert_eq!(renewed("no markers"), None);
    }

    #[test]
    fn no_cell_breaks_the_table() {
        for line in table().lines() {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
    }
}
