//! How values are written for programs: the fields of a JSON document as they are read, and the bodies that are
//! answered, exported and shown.
//!
//! Deliberately absent: HTTP.

pub(crate) mod fields;
pub(crate) mod render;

pub use render::SettingRow;
