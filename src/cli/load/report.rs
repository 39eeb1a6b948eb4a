//! The summary, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::drive::Pace;
use super::tally::Tally;
use super::workload::Workload;

/// What a run came to.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    requests: u64,
    orders: u64,
    ok: u64,
    refused: BTreeMap<u16, u64>,
    reasons: BTreeMap<u16, String>,
    unanswered: u64,
    orders_per_second: u64,
    requests_per_second: u64,
    latency_us: Latency,
    refused_latency_us: Latency,
    /// Only where requests were due at fixed times.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_us: Option<Latency>,
    duration_us: u64,
    offered: u64,
    bulk: u32,
    mismatches: Vec<String>,
}

/// Latencies in microseconds.
#[derive(Debug, Serialize)]
struct Latency {
    p50: u64,
    p90: u64,
    p99: u64,
    p999: u64,
    max: u64,
}

impl Report {
    /// Of `tally`, which found these `mismatches`.
    pub(super) fn new(tally: &Tally, workload: &Workload, pace: Pace, mismatches: Vec<String>) -> Self {
        let duration_us = u64::try_from(tally.took.as_micros()).unwrap_or(u64::MAX);
        let per_second = |count: u64| {
            let rate = u128::from(count) * 1_000_000 / u128::from(duration_us.max(1));
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        Self {
            requests: tally.requests(),
            orders: tally.orders,
            ok: tally.placed,
            refused: tally.refused.clone(),
            reasons: tally.reasons.clone(),
            unanswered: tally.unanswered,
            orders_per_second: per_second(tally.orders),
            requests_per_second: per_second(tally.requests()),
            latency_us: Latency::of(&tally.latency),
            refused_latency_us: Latency::of(&tally.latency_refused),
            late_us: match pace {
                Pace::Closed => None,
                Pace::Open(_) => Some(Latency::of(&tally.late)),
            },
            duration_us,
            offered: workload.orders,
            bulk: workload.bulk,
            mismatches,
        }
    }

    /// Whether the server's numbers match what it acknowledged.
    pub(super) fn is_sound(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p90, p99, p999, max } = self;
        write!(f, "p50 {p50} us, p90 {p90} us, p99 {p99} us, p99.9 {p999} us, max {max} us")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests    {} of {} orders: {} acknowledged", self.requests, self.bulk, self.ok)?;
        for (status, count) in &self.refused {
            let reason = self.reasons.get(status).map(String::as_str).unwrap_or_default();
            writeln!(f, "refused     {count} with {status}, such as {reason}")?;
        }
        if self.unanswered > 0 {
            writeln!(f, "unanswered  {}", self.unanswered)?;
        }
        writeln!(f, "orders      {} of {} offered", self.orders, self.offered)?;
        let (seconds, millis) = (self.duration_us / 1_000_000, self.duration_us / 1_000 % 1_000);
        writeln!(f, "duration    {seconds}.{millis:03} s")?;
        writeln!(f, "throughput  {} orders/s in {} requests/s", self.orders_per_second, self.requests_per_second)?;
        writeln!(f, "latency     {}", self.latency_us)?;
        if !self.refused.is_empty() {
            writeln!(f, "refusals    {}", self.refused_latency_us)?;
        }
        if let Some(late) = &self.late_us {
            writeln!(f, "sent late   {late}")?;
        }
        if self.is_sound() {
            return writeln!(f, "verified    orders and stock of the server match what it acknowledged");
        }
        self.mismatches.iter().try_for_each(|mismatch| writeln!(f, "MISMATCH    {mismatch}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::wire::Caller;
    use super::*;

    fn report(mismatches: Vec<String>) -> Report {
        let caller = Caller { host: "h".into(), key: None };
        let workload = Workload::new(&caller, &[1], 4.try_into().unwrap(), 2.try_into().unwrap(), None);
        let mut tally = Tally::new(workload.shapes());
        tally.sent(Duration::from_micros(7));
        tally.answered(0, 2, 201, br#"[{"id":1},{"id":2}]"#, Duration::from_micros(100));
        tally.answered(0, 2, 503, b"Busy", Duration::from_micros(300));
        tally.took = Duration::from_millis(1_500);
        Report::new(&tally, &workload, Pace::Open(5.try_into().unwrap()), mismatches)
    }

    #[test]
    fn reads_well() {
        let text = "requests    2 of 2 orders: 1 acknowledged\n\
                    refused     1 with 503, such as Busy\n\
                    orders      2 of 4 offered\n\
                    duration    1.500 s\n\
                    throughput  1 orders/s in 1 requests/s\n\
                    latency     p50 100 us, p90 100 us, p99 100 us, p99.9 100 us, max 100 us\n\
                    refusals    p50 300 us, p90 300 us, p99 300 us, p99.9 300 us, max 300 us\n\
                    sent late   p50 7 us, p90 7 us, p99 7 us, p99.9 7 us, max 7 us\n";
        let sound = "verified    orders and stock of the server match what it acknowledged\n";
        assert_eq!(report(vec![]).to_string(), [text, sound].concat());
        let wrong = "MISMATCH    product 1 is gone\n";
        assert_eq!(report(vec!["product 1 is gone".into()]).to_string(), [text, wrong].concat());
    }

    #[test]
    fn can_be_read_by_programs() {
        let json = r#"{"requests":2,"orders":2,"ok":1,"refused":{"503":1},"reasons":{"503":"Busy"},"unanswered":0,"orders_per_second":1,"requests_per_second":1,"latency_us":{"p50":100,"p90":100,"p99":100,"p999":100,"max":100},"refused_latency_us":{"p50":300,"p90":300,"p99":300,"p999":300,"max":300},"late_us":{"p50":7,"p90":7,"p99":7,"p999":7,"max":7},"duration_us":1500000,"offered":4,"bulk":2,"mismatches":[]}"#;
        assert_eq!(serde_json::to_string(&report(vec![])).unwrap(), json);
    }
}
