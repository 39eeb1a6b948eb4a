//! The queue, the groups and the files of the journal.

use std::time::Duration;

use super::section::section;

section! {
    /// `[journal]`.
    Journal {
        /// Entries that may wait for the journal's writer; when it is full the answer is 503.
        queue: usize = Count("8192", "16" to "1048576") in "PACKHORSE_JOURNAL__QUEUE";
        /// Entries that share one write and one sync, at most.
        group_entries: usize = Count("4096", "1" to "1048576") in "PACKHORSE_JOURNAL__GROUP_ENTRIES";
        /// Bytes after which a group takes no further entry.
        group_bytes: usize = Bytes("8 MiB", "4 KiB" to "1 GiB") in "PACKHORSE_JOURNAL__GROUP_BYTES";
        /// Size of a segment file; a larger entry gets a file of its own size.
        segment_bytes: u64 = Bytes("64 MiB", "1 MiB" to "1 GiB") in "PACKHORSE_JOURNAL__SEGMENT_BYTES";
        /// How long one write or sync may take before the journal counts as broken and the process stops.
        stall_max: Duration = Span("10s", "100ms" to "10m") in "PACKHORSE_JOURNAL__STALL_MAX";
        /// How much of the journal is read again in a second while the server runs, to find damage on the disk.
        verify_bytes_per_second: u64 = Bytes("4 MiB", "64 KiB" to "1 GiB") in "PACKHORSE_JOURNAL__VERIFY_BYTES_PER_SECOND";
        /// How long to wait after the whole journal was read again, before it is read once more.
        verify_pause: Duration = Span("1day", "1s" to "30days") in "PACKHORSE_JOURNAL__VERIFY_PAUSE";
    }
}
