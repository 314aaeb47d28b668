//! Exemplars: for each bucket of a histogram one recent sample with the trace it belongs to, so that a slow bucket in a
//! dashboard leads to the trace of a call that was slow. The exporter has none; OpenMetrics 1.0 says how they look.

use kernel::{Clock, SystemClock};
use metrics::{Histogram, HistogramFn, Key};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Upper bounds of the buckets of every `*_seconds` histogram.
pub(super) const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A bucket takes a new sample this often at most, so that a busy one costs next to nothing.
const PACE: Duration = Duration::from_secs(1);
/// One bucket for each bound, and the one above.
const BUCKETS: usize = SECONDS.len() + 1;

/// The exemplars of all histograms, by series.
#[derive(Default)]
pub(super) struct Exemplars(RwLock<HashMap<String, Arc<Slots>>>);

/// The exemplars of one series.
struct Slots {
    began: Instant,
    slots: [Slot; BUCKETS],
}

#[derive(Default)]
struct Slot {
    /// Milliseconds since `began`, before which there is nothing to do.
    not_before: AtomicU64,
    last: Mutex<Option<Exemplar>>,
}

#[derive(Clone)]
struct Exemplar {
    span: SpanContext,
    value: f64,
    at_ms: i64,
}

/// A histogram that remembers traces.
struct Watched {
    inner: Histogram,
    slots: Arc<Slots>,
}

impl HistogramFn for Watched {
    fn record(&self, value: f64) {
        self.inner.record(value);
        self.slots.note(value);
    }
}

impl Exemplars {
    /// The same histogram, remembering traces.
    pub(super) fn watch(&self, key: &Key, inner: Histogram) -> Histogram {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let slots = all.entry(series(key)).or_insert_with(|| Arc::new(Slots::new()));
        Histogram::from_arc(Arc::new(Watched { inner, slots: Arc::clone(slots) }))
    }

    /// Prometheus' text as OpenMetrics: counters named without `_total` in their head, exemplars behind buckets, and an
    /// end.
    pub(super) fn open_metrics(&self, text: &str) -> String {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::with_capacity(text.len() * 3 / 2);
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("# ") {
                out.push_str(&family(head));
            } else if let Some(bucket) = Bucket::of(line) {
                bucket.write(&mut out);
                let exemplar = all.get(&bucket.series()).and_then(|slots| slots.of(bucket.bound));
                exemplar.into_iter().for_each(|exemplar| exemplar.write(&mut out));
            } else {
                out.push_str(line);
            }
            out.push('\n');
        }
        out.push_str("# EOF\n");
        out
    }
}

/// `TYPE x_total counter` is the family `x`; the meaning above it goes by the same name.
fn family(head: &str) -> String {
    let mut parts = head.splitn(3, ' ');
    let (kind, name, rest) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    format!("# {kind} {} {rest}", name.strip_suffix("_total").unwrap_or(name))
}

/// How a series is written, without its bucket's bound. Values with characters to be escaped have no exemplars.
fn series(key: &Key) -> String {
    let labels: Vec<String> =
        key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value())).collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

/// A line `name_bucket{labels,le="bound"} count`.
struct Bucket<'a> {
    name: &'a str,
    /// With their comma at the end, if there are any.
    labels: &'a str,
    bound: &'a str,
    count: &'a str,
}

impl<'a> Bucket<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (name, rest) = line.split_once("_bucket{")?;
        let (labels, count) = rest.rsplit_once("\"} ")?;
        let (labels, bound) = labels.rsplit_once("le=\"")?;
        Some(Bucket { name, labels, bound, count })
    }

    /// As [`series`] writes it.
    fn series(&self) -> String {
        format!("{}{{{}}}", self.name, self.labels.trim_end_matches(','))
    }

    /// OpenMetrics writes whole bounds with a fraction.
    fn write(&self, out: &mut String) {
        let Bucket { name, labels, bound, count } = self;
        let fraction = if bound.bytes().all(|byte| byte.is_ascii_digit()) { ".0" } else { "" };
        // Writing to a string can't fail.
        let _ = write!(out, "{name}_bucket{{{labels}le=\"{bound}{fraction}\"}} {count}");
    }
}

impl Slots {
    fn new() -> Self {
        Slots { began: Instant::now(), slots: std::array::from_fn(|_| Slot::default()) }
    }

    /// Keeps the sample if its bucket wants one and the span it is taken in is exported.
    fn note(&self, value: f64) {
        let bucket = SECONDS.iter().position(|bound| value <= *bound).unwrap_or(SECONDS.len());
        let Some(slot) = self.slots.get(bucket) else { return };
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < slot.not_before.load(Ordering::Relaxed) {
            return;
        }
        let context = tracing::Span::current().context();
        let span = context.span().span_context().clone();
        if !span.is_valid() || !span.is_sampled() {
            return;
        }
        slot.not_before.store(now.saturating_add(PACE.as_millis() as u64), Ordering::Relaxed);
        let exemplar = Exemplar { span, value, at_ms: SystemClock.now().as_millisecond() };
        *slot.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(exemplar);
    }

    /// The exemplar of the bucket with this bound, as it is written.
    fn of(&self, le: &str) -> Option<Exemplar> {
        let bound = |bound: &f64| le.parse() == Ok(*bound);
        let bucket = if le == "+Inf" { SECONDS.len() } else { SECONDS.iter().position(bound)? };
        self.slots.get(bucket)?.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Exemplar {
    fn write(&self, out: &mut String) {
        let (trace, span) = (self.span.trace_id(), self.span.span_id());
        let (seconds, millis) = (self.at_ms.div_euclid(1000), self.at_ms.rem_euclid(1000));
        // Writing to a string can't fail.
        let _ = write!(
            out,
            " # {{trace_id=\"{trace}\",span_id=\"{span}\"}} {} {seconds}.{millis:03}",
            self.value
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Label;
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

    fn key() -> Key {
        Key::from_parts("x_seconds", vec![Label::new("service", "a"), Label::new("method", "b")])
    }

    fn keep(exemplars: &Exemplars, value: f64) {
        let slots = exemplars.0.read().expect("no panic").get(&series(&key())).expect("is watched").clone();
        let span = SpanContext::new(
            TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").expect("hex"),
            SpanId::from_hex("b7ad6b7169203331").expect("hex"),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        let bucket = SECONDS.iter().position(|bound| value <= *bound).unwrap_or(SECONDS.len());
        *slots.slots[bucket].last.lock().expect("no panic") =
            Some(Exemplar { span, value, at_ms: 1_700_000_000_123 });
    }

    #[test]
    fn a_bucket_shows_its_own_exemplar_and_no_other() {
        let exemplars = Exemplars::default();
        let _ = exemplars.watch(&key(), Histogram::noop());
        keep(&exemplars, 0.02);
        keep(&exemplars, 99.0);
        let text = "# TYPE x_seconds histogram\nx_seconds_bucket{service=\"a\",method=\"b\",le=\"0.01\"} 0\n\
                    x_seconds_bucket{service=\"a\",method=\"b\",le=\"0.025\"} 1\n\
                    x_seconds_bucket{service=\"c\",method=\"b\",le=\"0.025\"} 1\n\
                    x_seconds_bucket{service=\"a\",method=\"b\",le=\"+Inf\"} 2\nx_seconds_sum{service=\"a\",method=\"b\"} 99.02\n";
        let open = exemplars.open_metrics(text);
        let lines: Vec<&str> = open.lines().collect();
        let tail = "# {trace_id=\"0af7651916cd43dd8448eb211c80319c\",span_id=\"b7ad6b7169203331\"}";
        assert!(lines[1].ends_with("} 0"), "{open}");
        assert!(lines[2].ends_with(&format!("}} 1 {tail} 0.02 1700000000.123")), "{open}");
        assert!(lines[3].ends_with("} 1"), "{open}");
        assert!(lines[4].ends_with(&format!("}} 2 {tail} 99 1700000000.123")), "{open}");
        assert_eq!(lines[6], "# EOF");
    }

    #[test]
    fn whole_bounds_have_a_fraction() {
        let text = "x_seconds_bucket{le=\"5\"} 1\nx_seconds_bucket{a=\"b\",le=\"+Inf\"} 1\nx_seconds_bucket{le=\"0.5\"} 1\n";
        assert_eq!(
            Exemplars::default().open_metrics(text),
            "x_seconds_bucket{le=\"5.0\"} 1\nx_seconds_bucket{a=\"b\",le=\"+Inf\"} 1\nx_seconds_bucket{le=\"0.5\"} 1\n# EOF\n"
        );
    }

    #[test]
    fn counters_are_families_without_their_suffix() {
        let text = "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"y\"} 3\n";
        assert_eq!(
            Exemplars::default().open_metrics(text),
            "# HELP a Things.\n# TYPE a counter\na_total{x=\"y\"} 3\n# EOF\n"
        );
    }

    #[test]
    fn what_is_not_traced_leaves_no_exemplar() {
        let exemplars = Exemplars::default();
        let histogram = exemplars.watch(&key(), Histogram::noop());
        histogram.record(0.02);
        let line = "x_seconds_bucket{service=\"a\",method=\"b\",le=\"0.025\"} 1";
        assert_eq!(exemplars.open_metrics(line), format!("{line}\n# EOF\n"));
    }
}
