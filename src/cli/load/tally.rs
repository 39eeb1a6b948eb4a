//! What was answered, and how long it took.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use memchr::memmem;

/// The longest latency that is told apart, in microseconds: an hour.
const LATENCY_MAX: u64 = 3_600_000_000;
/// How much is kept of an answer that refuses, in characters.
const REASON_MAX: usize = 200;
/// How an order begins in an answer. Within a text the quotes would be escaped.
const ORDER: &[u8] = b"{\"id\":";

/// Counts of one connection, or of all.
#[derive(Debug)]
pub(super) struct Tally {
    /// Latencies in microseconds, of requests that were answered with 201.
    pub(super) latency: Histogram<u64>,
    /// Latencies of requests that were answered with something else.
    pub(super) latency_refused: Histogram<u64>,
    /// How long after they were due requests were sent: what the load itself is behind.
    pub(super) late: Histogram<u64>,
    /// Requests that were answered with 201.
    pub(super) placed: u64,
    /// Requests that were answered with something else, by status.
    pub(super) refused: BTreeMap<u16, u64>,
    /// The first such answer of each status, shortened.
    pub(super) reasons: BTreeMap<u16, String>,
    /// Requests whose connection broke before the answer was there.
    pub(super) unanswered: u64,
    /// Orders of acknowledged requests.
    pub(super) orders: u64,
    /// How often each shape of the workload was acknowledged.
    pub(super) acknowledged: Vec<u64>,
    /// How often each shape went without an answer: the server may or may not have carried it out.
    pub(super) unknown: Vec<u64>,
    /// The ids of the acknowledged orders.
    pub(super) ids: Vec<u64>,
    /// Acknowledgements that named another number of orders than were asked for.
    pub(super) miscounted: u64,
    /// How long everything took.
    pub(super) took: Duration,
    /// Why not everything was offered.
    pub(super) stopped: Option<String>,
}

impl Tally {
    /// Nothing yet, of a workload of `shapes` shapes.
    pub(super) fn new(shapes: usize) -> Self {
        let histogram = || Histogram::new_with_bounds(1, LATENCY_MAX, 3).expect("the bounds are those of a histogram");
        Self {
            latency: histogram(),
            latency_refused: histogram(),
            late: histogram(),
            placed: 0,
            refused: BTreeMap::new(),
            reasons: BTreeMap::new(),
            unanswered: 0,
            orders: 0,
            acknowledged: vec![0; shapes],
            unknown: vec![0; shapes],
            ids: Vec::new(),
            miscounted: 0,
            took: Duration::ZERO,
            stopped: None,
        }
    }

    /// Counts an answer with `status` and `body` to shape `shape` of `orders` orders, which took `latency`.
    pub(super) fn answered(&mut self, shape: usize, orders: u32, status: u16, body: &[u8], latency: Duration) {
        if status != 201 {
            self.latency_refused.saturating_record(micros(latency));
            *self.refused.entry(status).or_default() += 1;
            let reason = || String::from_utf8_lossy(body).chars().take(REASON_MAX).collect();
            self.reasons.entry(status).or_insert_with(reason);
            return;
        }
        self.latency.saturating_record(micros(latency));
        self.placed += 1;
        self.orders += u64::from(orders);
        self.acknowledged[shape] += 1;
        let before = self.ids.len();
        self.ids.extend(order_ids(body));
        self.miscounted += u64::from(self.ids.len() - before != orders as usize);
    }

    /// Counts a request that was sent so long after it was due.
    pub(super) fn sent(&mut self, late: Duration) {
        self.late.saturating_record(micros(late));
    }

    /// Counts a request that got no answer.
    pub(super) fn unanswered(&mut self, shape: usize) {
        self.unanswered += 1;
        self.unknown[shape] += 1;
    }

    /// Adds what another connection counted.
    pub(super) fn add(&mut self, other: Self) {
        let histograms = [
            (&mut self.latency, &other.latency),
            (&mut self.latency_refused, &other.latency_refused),
            (&mut self.late, &other.late),
        ];
        for (mine, theirs) in histograms {
            mine.add(theirs).expect("histograms with the same bounds can be added");
        }
        self.placed += other.placed;
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        for (status, reason) in other.reasons {
            self.reasons.entry(status).or_insert(reason);
        }
        self.unanswered += other.unanswered;
        self.orders += other.orders;
        for (mine, theirs) in self.acknowledged.iter_mut().zip(other.acknowledged) {
            *mine += theirs;
        }
        for (mine, theirs) in self.unknown.iter_mut().zip(other.unknown) {
            *mine += theirs;
        }
        self.ids.extend(other.ids);
        self.miscounted += other.miscounted;
        self.stopped = self.stopped.take().or(other.stopped);
    }

    /// Requests that were sent.
    pub(super) fn requests(&self) -> u64 {
        self.placed + self.refused.values().sum::<u64>() + self.unanswered
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// The ids of the orders in `body`: one order, or a list of orders.
///
/// Reading all of the JSON would cost more than everything else here together. Objects within an order follow a colon,
/// so that they are told apart by the byte before.
fn order_ids(body: &[u8]) -> impl Iterator<Item = u64> {
    let is_order = |at: &usize| at.checked_sub(1).is_none_or(|before| matches!(body[before], b'[' | b','));
    memmem::find_iter(body, ORDER).filter(is_order).filter_map(|at| number(&body[at + ORDER.len()..]))
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let folded = digits
        .map(|digit| u64::from(digit - b'0'))
        .try_fold((0_u64, false), |(number, _), digit| Some((number.checked_mul(10)?.checked_add(digit)?, true)));
    folded.filter(|(_, has_digits)| *has_digits).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_ids_of_orders_and_of_nothing_else() {
        let check = |body: &str, ids: &[u64]| assert_eq!(order_ids(body.as_bytes()).collect::<Vec<_>>(), ids, "{body}");
        let order = |id: u64| {
            format!(
                r#"{{"id":{id},"customer_name":"[{{\"id\":9,","items":[{{"product_id":1,"product_details":{{"id":5,"category":{{"id":6}}}}}}]}}"#
            )
        };
        check("", &[]);
        check("[]", &[]);
        check(&order(17), &[17]);
        check(&format!("[{},{}]", order(1), order(20)), &[1, 20]);
        check(r#"{"id":}"#, &[]);
        check(r#"{"id":99999999999999999999999}"#, &[]);
    }

    #[test]
    fn counts_what_was_acknowledged_refused_and_lost() {
        let mut tally = Tally::new(2);
        let took = Duration::from_micros(250);
        tally.answered(0, 1, 201, br#"{"id":1}"#, took);
        tally.answered(1, 2, 201, br#"[{"id":2}]"#, took);
        tally.answered(0, 1, 503, b"", took);
        let mut other = Tally::new(2);
        other.answered(0, 1, 400, b"", took);
        other.unanswered(1);
        tally.add(other);
        assert_eq!((tally.requests(), tally.placed, tally.orders, tally.unanswered), (5, 2, 3, 1));
        assert_eq!(tally.refused, BTreeMap::from([(400, 1), (503, 1)]));
        assert_eq!((&tally.acknowledged[..], &tally.unknown[..]), (&[1, 1][..], &[0, 1][..]));
        assert_eq!((&tally.ids[..], tally.miscounted), (&[1, 2][..], 1));
        assert_eq!((tally.latency.len(), tally.latency_refused.len(), tally.latency.max()), (2, 2, 250));
    }
}
