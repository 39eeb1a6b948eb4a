//! What happened, step by step, for whoever replays a seed. It is only written down when somebody reads it.

use std::fmt;
use std::time::Duration;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace that is kept.
    pub(crate) fn kept() -> Self {
        Self { lines: Some(Vec::new()) }
    }

    /// Notes what happens after `passed`.
    pub(crate) fn note(&mut self, passed: Duration, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let (seconds, millis) = (passed.as_secs(), passed.subsec_millis());
            let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
            lines.push(format!("{days:2}d {hours:02}:{minutes:02}:{:02}.{millis:03}  {}", seconds % 60, what()));
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().flatten().try_for_each(|line| writeln!(f, "{line}"))
    }
}
