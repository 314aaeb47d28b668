//! Metrics of signing in.

const SERVICE: &str = "gateway";
/// An identity provider can't be used: an operator is to hear of it.
pub(crate) const PROVIDER: &str = "PROVIDER_UNUSABLE";

/// Who wants to be let in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Person,
    Machine,
}

impl Who {
    fn label(self) -> &'static str {
        match self {
            Who::Person => "person",
            Who::Machine => "machine",
        }
    }
}

/// Counters are there from the start: the first fault is an increase, and where there was none that is seen.
pub(crate) fn begin() {
    for who in [Who::Person, Who::Machine] {
        counter(who).increment(0);
    }
    refusals(Who::Person, PROVIDER).increment(0);
}

/// Somebody has a session, or a machine a token.
pub(crate) fn let_in(who: Who) {
    counter(who).increment(1);
}

/// Not so, for this reason.
pub(crate) fn refused(who: Who, reason: &'static str) {
    refusals(who, reason).increment(1);
}

fn counter(who: Who) -> metrics::Counter {
    metrics::counter!("mentor_sign_ins_total", "service" => SERVICE, "who" => who.label())
}

fn refusals(who: Who, reason: &'static str) -> metrics::Counter {
    metrics::counter!(
        "mentor_sign_in_refusals_total", "service" => SERVICE, "who" => who.label(), "reason" => reason
    )
}
