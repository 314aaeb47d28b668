//! Domain: when people have time, in minutes of the week of UTC.

use jiff::{civil::Date, tz::TimeZone};

/// Minutes of a week, which begins on Monday 00:00 UTC.
pub(crate) const WEEK_MINUTES: u16 = 7 * 24 * 60;

/// A window of civil time: day of the week from Monday = 1, minutes after midnight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CivilWindow {
    pub(crate) day: i8,
    pub(crate) start_minute: i16,
    pub(crate) end_minute: i16,
}

/// Minutes east of UTC at noon UTC of the week's Monday.
pub(crate) fn offset_minutes(zone: &TimeZone, week: Date) -> Option<i32> {
    let noon = TimeZone::UTC.to_ambiguous_timestamp(week.at(12, 0, 0, 0)).compatible().ok()?;
    Some(zone.to_offset(noon).seconds() / 60)
}

/// Windows of a zone in one week, as minutes of the UTC week; what runs over its end comes back at its
/// start, since availability repeats every week.
pub(crate) fn utc_windows(zone: &TimeZone, week: Date, windows: &[CivilWindow]) -> Vec<(u16, u16)> {
    let minute = |day: i8, minute: i16| -> Option<i64> {
        let midnight = week.checked_add(jiff::Span::new().days(i64::from(day) - 1)).ok()?.at(0, 0, 0, 0);
        let local = midnight.checked_add(jiff::Span::new().minutes(i64::from(minute))).ok()?;
        let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
        let begin = TimeZone::UTC.to_ambiguous_timestamp(week.at(0, 0, 0, 0)).compatible().ok()?;
        Some((instant.as_second() - begin.as_second()).div_euclid(60))
    };
    let mut found = Vec::with_capacity(windows.len());
    for window in windows {
        let (start, end) = (minute(window.day, window.start_minute), minute(window.day, window.end_minute));
        let (Some(start), Some(end)) = (start, end) else { continue };
        let length = (end - start).clamp(0, i64::from(WEEK_MINUTES));
        let start = start.rem_euclid(i64::from(WEEK_MINUTES));
        let before = length.min(i64::from(WEEK_MINUTES) - start);
        for (start, length) in [(start, before), (0, length - before)] {
            if length > 0 {
                let at = |minute: i64| u16::try_from(minute).unwrap_or(WEEK_MINUTES);
                found.push((at(start), at(start + length)));
            }
        }
    }
    merged(found)
}

/// Sorted, with overlapping and touching windows made one.
pub(crate) fn merged(mut windows: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    windows.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(windows.len());
    for (start, end) in windows {
        match joined.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => joined.push((start, end)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINTER: Date = jiff::civil::date(2025, 3, 3);
    const SUMMER: Date = jiff::civil::date(2025, 3, 10);

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone of the database")
    }

    fn window(day: i8, start_minute: i16, end_minute: i16) -> CivilWindow {
        CivilWindow { day, start_minute, end_minute }
    }

    #[test]
    fn windows_follow_daylight_saving() {
        let chicago = zone("America/Chicago");
        let monday_three = [window(1, 15 * 60, 16 * 60)];
        assert_eq!(utc_windows(&chicago, WINTER, &monday_three), [(21 * 60, 22 * 60)], "winter");
        assert_eq!(utc_windows(&chicago, SUMMER, &monday_three), [(20 * 60, 21 * 60)], "summer");
        assert_eq!(offset_minutes(&chicago, WINTER), Some(-360));
        assert_eq!(offset_minutes(&chicago, SUMMER), Some(-300));
    }

    #[test]
    fn windows_wrap_around_the_week_and_merge() {
        let auckland = zone("Pacific/Auckland");
        // Monday 00:00-24:00 in Auckland (UTC+13) is Sunday 11:00 to Monday 11:00 UTC.
        assert_eq!(utc_windows(&auckland, WINTER, &[window(1, 0, 1440)]), [(0, 660), (9_300, 10_080)]);
        let london = zone("Europe/London");
        let windows = [window(2, 600, 660), window(2, 540, 600), window(2, 570, 630)];
        assert_eq!(utc_windows(&london, WINTER, &windows), [(1440 + 540, 1440 + 660)]);
    }

    proptest! {
        #[test]
        fn merged_windows_are_sorted_apart_and_cover_the_same(
            windows in prop::collection::vec((0..500u16, 1..60u16), 0..12)
        ) {
            let windows: Vec<_> = windows.into_iter().map(|(start, length)| (start, start + length)).collect();
            let joined = merged(windows.clone());
            prop_assert!(joined.windows(2).all(|pair| pair[0].1 < pair[1].0));
            for minute in 0..600 {
                let inside = |list: &[(u16, u16)]| list.iter().any(|(start, end)| (*start..*end).contains(&minute));
                prop_assert_eq!(inside(&windows), inside(&joined));
            }
        }
    }
}
