//! Bounds on what one request may ask for, and on what may wait.

use super::section::section;

section! {
    /// `[limits]`.
    Limits {
        /// Size of a request body, except a bulk; beyond it the answer is 413.
        body_bytes: usize = Bytes("1 MiB", "1 KiB" to "64 MiB") in "PACKHORSE_LIMITS__BODY_BYTES";
        /// Size of the body of a bulk of orders; beyond it the answer is 413.
        bulk_body_bytes: usize = Bytes("64 MiB", "1 KiB" to "1 GiB") in "PACKHORSE_LIMITS__BULK_BODY_BYTES";
        /// Orders in one bulk.
        bulk_orders: usize = Count("100000", "1" to "1000000") in "PACKHORSE_LIMITS__BULK_ORDERS";
        /// Lines in one order.
        order_lines: usize = Count("1000", "1" to "10000") in "PACKHORSE_LIMITS__ORDER_LINES";
        /// Rows in one page of a list.
        page_size: usize = Count("1000", "1" to "1000") in "PACKHORSE_LIMITS__PAGE_SIZE";
        /// Placements under way at once of one caller, single orders and bulks alike, and twice as many of all; beyond that the answer is 503.
        placements: usize = Count("512", "1" to "65536") in "PACKHORSE_LIMITS__PLACEMENTS";
        /// Orders in the placements under way of one caller, and twice as many of all; while there are as many, the answer to a further one is 503.
        orders: usize = Count("50000", "1" to "10000000") in "PACKHORSE_LIMITS__ORDERS";
        /// Messages that may wait at one actor; when it is full the answer is 503.
        mailbox: usize = Count("16384", "16" to "1048576") in "PACKHORSE_LIMITS__MAILBOX";
    }
}
