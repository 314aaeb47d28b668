//! W3C trace context: read from a call, kept through the handler, handed to events and to other services.

use opentelemetry::{
    Context as Otel,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Header and metadata key.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// Reads `00-<trace id>-<span id>-<flags>`. Later versions may append fields, which are skipped.
pub(crate) fn parse(header: &str) -> Option<SpanContext> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let plain = |text: &str, length| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !plain(version, 2) || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    if !plain(trace, 32) || !plain(span, 16) || !plain(flags, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

/// Makes the caller's span the parent of ours.
pub(crate) fn adopt(span: &Span, parent: SpanContext) {
    // Fails only when no exporter is installed; then there is nothing to link.
    let _ = span.set_parent(Otel::new().with_remote_span_context(parent));
}

/// The `traceparent` of a span, when traces are exported.
pub(crate) fn of(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| {
        format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_the_standard_says() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = parse(header).expect("valid");
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(context.is_sampled() && context.is_remote());
        assert!(parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later").is_some());
    }

    #[test]
    fn refuses_what_it_forbids() {
        for header in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-ééé7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert!(parse(header).is_none(), "{header}");
        }
    }
}
