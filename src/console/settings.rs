//! The settings in force.

use minijinja::context;
use serde::Serialize;

use super::visit::{Answer, Visit};

/// One setting, for people.
#[derive(Clone, Debug, Serialize)]
pub struct SettingRow {
    /// Its name in a file.
    pub name: String,
    /// The value in force.
    pub value: String,
    /// The value where nothing else is said.
    pub default: String,
    /// What is allowed.
    pub allowed: String,
    /// What it is for.
    pub meaning: String,
}

/// Shows what the server runs with.
pub(super) async fn show(visit: Visit) -> Answer {
    let rows = &visit.console.0.settings;
    let mut sections: Vec<(&str, Vec<&SettingRow>)> = Vec::new();
    for row in rows {
        let section = row.name.split_once('.').map_or("general", |(section, _)| section);
        match sections.last_mut() {
            Some((last, rows)) if *last == section => rows.push(row),
            Some(_) | None => sections.push((section, vec![row])),
        }
    }
    visit.page("settings.html", context! { sections => minijinja::value::Serde(&sections) })
}
