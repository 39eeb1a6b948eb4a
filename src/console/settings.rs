//! The settings in force.

use minijinja::context;

use super::page_request::{Answer, PageRequest};
use crate::wire::SettingRow;

/// Shows what the server runs with.
pub(super) async fn show(request: PageRequest) -> Answer {
    let rows = request.console.0.app.settings();
    let mut sections: Vec<(&str, Vec<&SettingRow>)> = Vec::new();
    for row in rows {
        let section = row.name.split_once('.').map_or("general", |(section, _)| section);
        match sections.last_mut() {
            Some((last, rows)) if *last == section => rows.push(row),
            Some(_) | None => sections.push((section, vec![row])),
        }
    }
    let sections: Vec<_> = sections.into_iter().map(|(name, rows)| (name, title(name), rows)).collect();
    request.page("settings.html", context! { sections => minijinja::value::Serde(&sections) })
}

/// What stands above the settings of a section.
fn title(section: &str) -> String {
    if ["http", "tls", "cors"].contains(&section) {
        return section.to_ascii_uppercase();
    }
    let mut title = section.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}
