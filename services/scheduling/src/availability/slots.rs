//! Domain: Slots that a set of people have in common. Arithmetic on sorted, disjoint spans.

use super::availability::{Availability, Kind};
use crate::time::Span;
use jiff::{SignedDuration, Timestamp};

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// No slot leaves this range.
    pub(crate) range: Span,
    /// Length of a slot.
    pub(crate) duration: SignedDuration,
    /// Slots start at multiples of this since the Unix epoch; at least a minute.
    pub(crate) step: SignedDuration,
    /// At most so many.
    pub(crate) limit: usize,
}

/// A person and the times of their meetings.
#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    /// When the person has time.
    pub(crate) availability: Availability,
    /// When the person meets somebody.
    pub(crate) meetings: Vec<Span>,
}

impl Agenda {
    /// Windows and free exceptions, less busy exceptions and meetings.
    fn free(&self, range: Span) -> Vec<Span> {
        let exceptions = |kind: Kind| {
            let of_kind = self.availability.exceptions.iter().filter(move |exception| exception.kind == kind);
            of_kind.map(|exception| exception.span)
        };
        let windows = self.availability.windows_within(range);
        let free = union(windows.into_iter().chain(exceptions(Kind::Free)));
        let busy = union(exceptions(Kind::Busy).chain(self.meetings.iter().copied()));
        subtract(&free, &busy)
    }
}

/// The first slots at which everybody is free; none when nobody is asked about.
pub(crate) fn find(search: Search, agendas: &[Agenda]) -> Vec<Span> {
    let mut common = if agendas.is_empty() { Vec::new() } else { vec![search.range] };
    for agenda in agendas {
        common = intersect(&common, &agenda.free(search.range));
    }
    let slots = common.into_iter().flat_map(|free| starts(free, search));
    slots.take(search.limit).collect()
}

/// The slots inside one free span.
fn starts(free: Span, search: Search) -> impl Iterator<Item = Span> {
    let step = search.step.as_secs().max(60);
    // Rounded up to the step: a part of a second counts as a whole one.
    let second = free.from.as_second() + i64::from(free.from.subsec_nanosecond() > 0);
    let first = second.div_euclid(step) * step + if second.rem_euclid(step) == 0 { 0 } else { step };
    (0_i64..).map_while(move |i| {
        let from = Timestamp::from_second(first.checked_add(i.checked_mul(step)?)?).ok()?;
        let to = from.checked_add(search.duration).ok()?;
        (to <= free.to).then_some(Span { from, to })
    })
}

/// Sorts spans and joins those that touch.
fn union(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

/// What two sorted, disjoint lists share.
fn intersect(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut shared = Vec::new();
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        shared.extend(left.intersection(right));
        if left.to < right.to {
            a.next();
        } else {
            b.next();
        }
    }
    shared
}

/// `from` without `what`; both sorted and disjoint.
fn subtract(from: &[Span], what: &[Span]) -> Vec<Span> {
    let mut left = Vec::with_capacity(from.len());
    for span in from {
        let mut start = span.from;
        for hole in what.iter().filter(|hole| hole.overlaps(span)) {
            left.extend(Span::new(start, hole.from));
            start = start.max(hole.to);
        }
        left.extend(Span::new(start, span.to));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::availability::{Exception, Source, Window};
    use jiff::{ToSpan, tz::TimeZone};
    use proptest::prelude::*;
    use uuid::Uuid;

    /// Weeks with a jump somewhere, and zones that jump then, at midnight, by half an hour, or never.
    const WEEKS: [&str; 4] =
        ["2025-03-06T00:00:00Z", "2025-03-28T00:00:00Z", "2025-10-30T00:00:00Z", "2025-04-03T00:00:00Z"];
    const ZONES: [&str; 6] = [
        "America/Chicago",
        "Europe/London",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/Havana",
        "UTC",
    ];
    const MINUTES: i64 = 5 * 24 * 60;

    fn minute(start: Timestamp, minute: i64) -> Timestamp {
        start + SignedDuration::from_mins(minute)
    }

    /// Marks every minute in which the person is free, reading the zone's clock minute by minute.
    fn free_minutes(agenda: &Agenda, range: Span) -> Vec<bool> {
        let zone = &agenda.availability.zone;
        let local: Vec<_> =
            (-1440..MINUTES + 1440).map(|m| zone.to_datetime(minute(range.from, m))).collect();
        let first = |wanted: jiff::civil::DateTime| local.iter().position(|shown| *shown >= wanted);
        let mut free = vec![false; local.len()];
        let mut date = local[0].date();
        while date <= local[local.len() - 1].date() {
            for window in &agenda.availability.windows {
                if window.day != date.weekday().to_monday_one_offset() {
                    continue;
                }
                let midnight = date.at(0, 0, 0, 0);
                let from = first(midnight + i64::from(window.start).minutes()).unwrap_or(free.len());
                let to = first(midnight + i64::from(window.end).minutes()).unwrap_or(free.len());
                free[from..to].fill(true);
            }
            date = date.tomorrow().expect("no end of time here");
        }
        for (m, free) in (-1440..).zip(&mut free) {
            let now = minute(range.from, m);
            let inside = |span: &Span| span.from <= now && now < span.to;
            let exceptions = &agenda.availability.exceptions;
            *free |= exceptions.iter().any(|e| e.kind == Kind::Free && inside(&e.span));
            *free &= !exceptions.iter().any(|e| e.kind == Kind::Busy && inside(&e.span));
            *free &= !agenda.meetings.iter().any(inside);
        }
        free[1440..1440 + usize::try_from(MINUTES).expect("small")].to_vec()
    }

    fn naive(search: Search, agendas: &[Agenda]) -> Vec<Span> {
        let free: Vec<Vec<bool>> = agendas.iter().map(|agenda| free_minutes(agenda, search.range)).collect();
        let length = search.duration.as_mins();
        let fits = |m: &i64| {
            let start = minute(search.range.from, *m);
            start.as_second() % search.step.as_secs() == 0
                && m + length <= MINUTES
                && (*m..m + length).all(|m| free.iter().all(|p| p[usize::try_from(m).expect("small")]))
        };
        let slot =
            |m: i64| Span { from: minute(search.range.from, m), to: minute(search.range.from, m + length) };
        (0..MINUTES).filter(fits).map(slot).take(search.limit).collect()
    }

    fn spans(start: Timestamp, most: usize) -> impl Strategy<Value = Vec<Span>> {
        let span = (-600..MINUTES + 600, 1_i64..900).prop_map(move |(from, length)| Span {
            from: minute(start, from),
            to: minute(start, from + length),
        });
        prop::collection::vec(span, 0..=most)
    }

    fn agendas(start: Timestamp) -> impl Strategy<Value = Vec<Agenda>> {
        let window = (1_i8..=7, 0_i16..1440, 1_i16..900).prop_map(|(day, start, length)| Window {
            day,
            start,
            end: (start + length).min(1440),
        });
        let agenda = (
            prop::sample::select(&ZONES[..]),
            prop::collection::vec(window, 0..12),
            spans(start, 2),
            spans(start, 2),
            spans(start, 3),
        );
        let agenda = agenda.prop_map(move |(zone, windows, busy, free, meetings)| {
            let of = |kind: Kind| move |span: Span| Exception { kind, span };
            let exceptions = busy.into_iter().map(of(Kind::Busy)).chain(free.into_iter().map(of(Kind::Free)));
            let availability = Availability {
                person: Uuid::nil(),
                zone: TimeZone::get(zone).expect("known"),
                windows,
                exceptions: exceptions.collect(),
                source: Source::Person,
                updated_at: start,
                version: 1,
            };
            Agenda { availability, meetings }
        });
        prop::collection::vec(agenda, 1..4)
    }

    fn case() -> impl Strategy<Value = (Search, Vec<Agenda>)> {
        prop::sample::select(&WEEKS[..]).prop_flat_map(|week| {
            let start: Timestamp = week.parse().expect("instant");
            let search = (5_i64..120, prop::sample::select(&[5_i64, 15, 30, 45, 60][..]), 1_usize..300);
            let search = search.prop_map(move |(duration, step, limit)| Search {
                range: Span { from: start, to: minute(start, MINUTES) },
                duration: SignedDuration::from_mins(duration),
                step: SignedDuration::from_mins(step),
                limit,
            });
            (search, agendas(start))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn slots_are_those_of_a_minute_by_minute_search((search, agendas) in case()) {
            prop_assert_eq!(find(search, &agendas), naive(search, &agendas));
        }
    }

    #[test]
    fn nobody_has_no_slots() {
        let from = Timestamp::UNIX_EPOCH;
        let search = Search {
            range: Span { from, to: minute(from, 60) },
            duration: SignedDuration::from_mins(30),
            step: SignedDuration::from_mins(30),
            limit: 10,
        };
        assert!(find(search, &[]).is_empty());
    }
}
