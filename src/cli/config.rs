//! `packhorse config`: the settings in force, in the form of a settings file.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::pipe::print;
use super::settings;
use crate::config::{Flag, Key, Settings};

/// The flags of `config`: those of `serve` that are settings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    packhorse config --config packhorse.toml\n  \
    packhorse config --example > packhorse.toml")]
pub(super) struct Config {
    /// Settings file (TOML) to read
    #[arg(long = "config", id = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Address and port that `serve` would be told
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Data directory that `serve` would be told
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Print every setting with its meaning, what is allowed and its default instead
    #[arg(long, conflicts_with_all = ["config", "listen", "data_dir"])]
    example: bool,
}

impl Config {
    /// Checks the settings, and prints them.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let text = if self.example {
            example(&Settings::default())
        } else {
            let listen = self.listen.map(|value| Flag { flag: "--listen", name: "listen", value });
            let flags = listen.into_iter().chain(self.data_dir.map(settings::data_dir));
            in_force(&settings::load(flags, self.file)?)
        };
        print(&text)
    }
}

fn in_force(settings: &Settings) -> String {
    file(settings, false, |_| String::new())
}

fn example(settings: &Settings) -> String {
    let about = |key: &Key| format!("# {} Allowed: {}.\n", key.meaning.trim().replace('`', ""), key.allowed());
    file(settings, true, about)
}

/// A settings file: each setting with what goes above it, as a comment where everything is or it says nothing.
fn file(settings: &Settings, commented: bool, above: impl Fn(&Key) -> String) -> String {
    let (mut text, mut open) = (String::new(), String::new());
    for (key, value) in settings.in_force() {
        let name = key.name();
        let (section, word) = name.rsplit_once('.').unwrap_or(("", &name));
        if section != open {
            writeln!(text, "\n{}[{section}]", if commented { "# " } else { "" })
                .expect("writing to a string never fails");
            section.clone_into(&mut open);
        }
        let before = if commented || value.is_empty() { "# " } else { "" };
        writeln!(text, "{}{before}{word} = {}", above(key), quoted(value)).expect("writing to a string never fails");
    }
    text
}

/// `value` as a TOML string; every setting may be written as one.
fn quoted(value: &str) -> String {
    let mut text = String::from('"');
    for sign in value.chars() {
        match sign {
            '"' | '\\' => text.extend(['\\', sign]),
            sign if sign.is_control() => {
                write!(text, "\\u{:04X}", u32::from(sign)).expect("writing to a string never fails");
            }
            sign => text.push(sign),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Sources;

    fn read(text: &str) -> Settings {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("c.toml");
        fs::write(&path, text).unwrap();
        Settings::load(Sources { file: Some(path), ..Sources::default() }).unwrap()
    }

    #[test]
    fn what_is_printed_is_a_settings_file_that_says_the_same() {
        let settings = read(
            "data_dir = 'a \"b\" \\c'\n[journal]\nsegment_bytes = \"1 MiB\"\n[stages.pending]\nafter = \"manual\"\n",
        );
        let text = in_force(&settings);
        assert!(text.contains("\n[journal]\n") && text.contains("\nsegment_bytes = \"1 MiB\"\n"), "{text}");
        assert_eq!(read(&text), settings);
    }

    #[test]
    fn the_example_names_every_setting_and_sets_none() {
        let text = example(&Settings::default());
        assert_eq!(read(&text), Settings::default());
        for (key, _) in Settings::default().in_force() {
            let name = key.name();
            let word = name.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("\n# {word} = ")) || text.starts_with(&format!("# {word}")), "{name}");
        }
    }
}
