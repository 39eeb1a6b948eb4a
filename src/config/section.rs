//! How a section of settings is declared: once, for the struct, its documentation, docs/settings.md and the checks.

use std::collections::BTreeMap;

use super::value::Limits;

/// The declaration of one setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The environment variable, from which the name follows: `PACKHORSE_HTTP__WORKERS` sets `http.workers`.
    pub variable: &'static str,
    /// The value where nothing else is said, as text.
    pub default: &'static str,
    /// The smallest and the largest value, where the kind of value has an order.
    pub limits: Option<Limits>,
    /// What it is for.
    pub meaning: &'static str,
    pub(super) allowed: fn(Option<Limits>) -> String,
    pub(super) accepts: fn(&str) -> bool,
}

impl Key {
    /// What stands before the name in every variable.
    pub const PREFIX: &'static str = "PACKHORSE_";

    /// The name in a file, with a dot after each section.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.variable)
    }

    /// What values are allowed.
    #[must_use]
    pub fn allowed(&self) -> String {
        (self.allowed)(self.limits)
    }
}

/// The text that won for each setting, by its variable. Every text in it was accepted by its key.
pub(super) type Texts = BTreeMap<&'static str, String>;

/// The name in a file that belongs to `variable`.
pub(super) fn name_of(variable: &str) -> String {
    let bare = variable.strip_prefix(Key::PREFIX).unwrap_or(variable);
    bare.to_ascii_lowercase().replace("__", ".")
}

/// Declares a section: `field: type = Kind("default", "min" to "max") in "VARIABLE"`, where the first line of the doc is
/// the meaning. Makes the struct, its `KEYS`, and `read`.
macro_rules! section {
    (
        $(#[$outer:meta])*
        $name:ident {
            $(
                #[doc = $meaning:literal]
                $field:ident: $type:ty = $kind:ident($default:literal $(, $min:literal to $max:literal)?) in $variable:literal;
            )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $(
                #[doc = $meaning]
                #[doc = ""]
                #[doc = concat!("Variable `", $variable, "`, default `", $default, "`", $(", from `", $min, "` to `", $max, "`",)? ".")]
                pub $field: $type,
            )*
        }

        impl $name {
            /// The declarations of these settings, in the order of the fields.
            pub(super) const KEYS: &'static [$crate::config::section::Key] = &[
                $($crate::config::section::Key {
                    variable: $variable,
                    default: $default,
                    limits: section!(@limits $($min to $max)?),
                    meaning: $meaning,
                    allowed: <$crate::config::value::$kind as $crate::config::value::Kind>::allowed,
                    accepts: |text| Self::$field(text).is_some(),
                },)*
            ];

            $(
                fn $field(text: &str) -> Option<$type> {
                    use $crate::config::value::{$kind, Kind};
                    <$type>::try_from($kind::read(text, section!(@limits $($min to $max)?))?).ok()
                }
            )*

            /// The values of `texts`, which were checked before.
            pub(super) fn read(texts: &$crate::config::section::Texts) -> Self {
                Self {
                    $($field: Self::$field(&texts[$variable]).expect("the text of a setting was checked before"),)*
                }
            }
        }
    };
    (@limits) => { None };
    (@limits $min:literal to $max:literal) => {
        Some($crate::config::value::Limits { min: $min, max: $max })
    };
}

pub(super) use section;
