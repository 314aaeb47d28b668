//! Domain: when runs start by themselves: civil times in a zone. Pure.

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use kernel::{Error, Result};

/// Times of the day in a zone; none for never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) times: Vec<String>,
    pub(crate) zone: String,
}

impl Schedule {
    /// Checks times and zone, and sorts the times.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the field.
    pub(crate) fn checked(mut self) -> Result<Schedule> {
        if self.times.is_empty() {
            return Ok(Schedule::default());
        }
        TimeZone::get(&self.zone).map_err(|_| {
            Error::field("source.schedule.zone", "must be an IANA zone, such as Europe/Berlin")
        })?;
        if self.times.iter().any(|time| parse(time).is_none()) {
            return Err(Error::field("source.schedule.times", "must be times such as 02:30"));
        }
        self.times.sort();
        self.times.dedup();
        Ok(self)
    }

    /// The first time after an instant. A time that the clocks leap over comes after the leap; one that they repeat
    /// counts once.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::get(&self.zone).ok()?;
        let today = after.to_zoned(zone.clone()).date();
        let days = (0..3).filter_map(|days| today.checked_add(jiff::Span::new().days(days)).ok());
        let times: Vec<Time> = self.times.iter().filter_map(|time| parse(time)).collect();
        let moments = days.flat_map(|day| times.iter().map(move |time| day.to_datetime(*time)));
        let instants = moments.filter_map(|moment| moment.to_zoned(zone.clone()).ok());
        instants.map(|zoned| zoned.timestamp()).filter(|instant| *instant > after).min()
    }
}

fn parse(time: &str) -> Option<Time> {
    let (hour, minute) = time.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(times: &[&str], after: &str) -> String {
        let times = times.iter().map(|time| (*time).to_owned()).collect();
        let schedule = Schedule { times, zone: "Europe/Berlin".to_owned() }.checked().expect("valid");
        schedule.next(after.parse().expect("an instant")).expect("there is one").to_string()
    }

    #[test]
    fn a_civil_time_stays_where_it_is_when_clocks_change() {
        assert_eq!(next(&["02:30"], "2026-01-10T01:29:59Z"), "2026-01-10T01:30:00Z");
        assert_eq!(next(&["02:30"], "2026-01-10T01:30:00Z"), "2026-01-11T01:30:00Z");
        assert_eq!(next(&["02:30"], "2026-07-10T12:00:00Z"), "2026-07-11T00:30:00Z");
        // 29 March 2026 has no 02:30: half an hour after the leap.
        assert_eq!(next(&["02:30"], "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
        // 25 October 2026 has it twice: the first counts, and the next is a day later.
        assert_eq!(next(&["02:30"], "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(next(&["02:30"], "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
        assert_eq!(next(&["20:00", "06:00"], "2026-01-10T06:00:00Z"), "2026-01-10T19:00:00Z");
    }

    #[test]
    fn nonsense_is_refused_and_none_is_never() {
        let wrong = Schedule { times: vec!["02:30".into()], zone: "Mars/Base".into() };
        assert_eq!(wrong.checked().expect_err("no zone").violations[0].field, "source.schedule.zone");
        let wrong = Schedule { times: vec!["25:00".into()], zone: "UTC".into() };
        assert_eq!(wrong.checked().expect_err("no time").violations[0].field, "source.schedule.times");
        assert_eq!(Schedule::default().checked().expect("never").next(Timestamp::UNIX_EPOCH), None);
    }
}
