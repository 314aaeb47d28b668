//! Domain: whether a run reads everybody or changes, where it goes on, and from when the next one asks. Pure.

use super::client::source_invalid;
use crate::sync::connector::{Ask, MAX_CURSOR};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

/// Changes are asked for from a little before the last reading, for those that were on their way and clocks that differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// After so many hours everybody is read again, unless the source says otherwise.
const FULL_HOURS: i32 = 24;

/// What the last good run left: from when to ask for changes, by the source's clock, and when everybody was read, by ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    since: Timestamp,
    full: Timestamp,
}

/// Where a run is; the cursor between its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Changes since then; everybody when none.
    pub(super) since: Option<Timestamp>,
    /// When everybody was read; when this run began, if it reads everybody.
    full: Timestamp,
    /// When the run began by the source's clock, once it is known.
    #[serde(default)]
    began: Option<Timestamp>,
    /// What the source needs for the next page; empty on the first.
    #[serde(default)]
    pub(super) next: String,
}

impl Place {
    /// Where a run begins or goes on.
    pub(super) fn of(ask: &Ask, cursor: Option<&str>, full_hours: i32, now: Timestamp) -> Result<Place> {
        if let Some(cursor) = cursor {
            return serde_json::from_str(cursor)
                .map_err(|error| Error::internal(error).with("cursor", "is not one of this kind of source"));
        }
        let hours = if full_hours == 0 { FULL_HOURS } else { full_hours };
        // A mark that can't be read is none: everybody is read.
        let mark: Option<Mark> = ask.since.as_deref().and_then(|mark| serde_json::from_str(mark).ok());
        let due = |mark: &Mark| now.duration_since(mark.full) >= SignedDuration::from_hours(hours.into());
        let mark = mark.filter(|mark| !due(mark));
        Ok(Place {
            since: mark.map(|mark| mark.since),
            full: mark.map_or(now, |mark| mark.full),
            began: None,
            next: String::new(),
        })
    }

    /// Keeps the source's time of the first answer.
    pub(super) fn answered(&mut self, date: Option<Timestamp>, now: Timestamp) {
        self.began.get_or_insert(date.unwrap_or(now));
    }

    /// Whether the run names everybody.
    pub(super) fn complete(&self) -> bool {
        self.since.is_none()
    }

    /// The cursor of the next page.
    ///
    /// # Errors
    /// `SOURCE_INVALID` when the source wants more kept than fits.
    pub(super) fn cursor(mut self, next: String) -> Result<String> {
        self.next = next;
        let cursor = serde_json::to_string(&self).map_err(Error::internal)?;
        if cursor.len() > MAX_CURSOR {
            return Err(source_invalid("the source's link to its next page is longer than 8 KiB"));
        }
        Ok(cursor)
    }

    /// What the next run asks with.
    pub(super) fn mark(&self) -> Result<Option<String>> {
        let Some(began) = self.began else { return Ok(None) };
        let since = began.checked_sub(OVERLAP).unwrap_or(began);
        serde_json::to_string(&Mark { since, full: self.full }).map(Some).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn ask(since: Option<String>) -> Ask {
        Ask { since, page_size: 0 }
    }

    #[test]
    fn changes_follow_everybody_until_a_day_is_over() {
        let (monday, theirs) = (at("2025-01-06T09:00:00Z"), at("2025-01-06T08:58:00Z"));
        let mut first = Place::of(&ask(None), None, 0, monday).expect("a place");
        assert!(first.complete());
        first.answered(Some(theirs), monday);
        first.answered(Some(monday), monday);
        let mark = first.mark().expect("a mark");
        let later = Place::of(&ask(mark.clone()), None, 0, at("2025-01-06T12:00:00Z")).expect("a place");
        assert_eq!(
            later.since,
            Some(at("2025-01-06T08:53:00Z")),
            "by the source's clock, and a little before"
        );
        let next_day = Place::of(&ask(mark.clone()), None, 0, at("2025-01-07T09:00:00Z")).expect("a place");
        assert!(next_day.complete());
        let weekly = Place::of(&ask(mark), None, 168, at("2025-01-07T09:00:00Z")).expect("a place");
        assert!(!weekly.complete());
    }

    #[test]
    fn changes_do_not_put_off_the_next_reading_of_everybody() {
        let start = at("2025-01-06T09:00:00Z");
        let mut place = Place::of(&ask(None), None, 0, start).expect("a place");
        for hour in 0..=23 {
            assert_eq!(place.complete(), hour == 0);
            let now = start + SignedDuration::from_hours(hour);
            place.answered(None, now);
            let mark = place.mark().expect("a mark");
            place = Place::of(&ask(mark), None, 0, now + SignedDuration::from_hours(1)).expect("a place");
        }
        assert!(place.complete());
    }

    #[test]
    fn a_run_goes_on_as_it_began() {
        let start = at("2025-01-06T09:00:00Z");
        let mut place = Place::of(&ask(None), None, 0, start).expect("a place");
        place.answered(Some(start), start);
        let cursor = place.clone().cursor("page 2".into()).expect("a cursor");
        let on = Place::of(&ask(place.mark().expect("a mark")), Some(&cursor), 0, start).expect("a place");
        assert_eq!(on, Place { next: "page 2".into(), ..place.clone() });
        assert!(place.cursor("x".repeat(9_000)).is_err());
        assert!(Place::of(&ask(None), Some("{}"), 0, start).is_err());
    }

    proptest! {
        /// What is kept may be anything, when a source was set up anew.
        #[test]
        fn no_mark_breaks_it(mark in ".{0,80}", cursor in ".{0,80}") {
            let now = at("2025-01-06T09:00:00Z");
            prop_assert!(Place::of(&ask(Some(mark)), None, 0, now).is_ok());
            let _ = Place::of(&ask(None), Some(&cursor), 0, now);
        }
    }
}
