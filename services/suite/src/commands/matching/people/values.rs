//! What can stand in a field, to the integer.

use super::super::input::{What, whole as ranged};
use assignment::people::Week;

type Read<T> = std::result::Result<T, What>;

/// Minutes of a week.
const MINUTES: i64 = 7 * DAY;
const DAY: i64 = 24 * 60;

pub(super) fn form(text: &str, expected: &str) -> What {
    What::Form { text: text.to_owned(), expected: expected.to_owned() }
}

/// The values of a field.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty())
}

/// A whole number.
pub(super) fn whole(text: &str) -> Read<i64> {
    ranged(text, i64::MIN, i64::MAX)
}

/// A value that may be unknown.
pub(super) fn optional<T>(text: &str, read: impl FnOnce(&str) -> Read<T>) -> Read<Option<T>> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// A whole number of 32 bits.
pub(super) fn ordinal(text: &str) -> Read<i32> {
    // The range makes the conversion exact.
    ranged(text, i64::from(i32::MIN), i64::from(i32::MAX)).map(|value| value as i32)
}

/// A word's place in an order, from 1.
pub(super) fn placed(text: &str, order: &[String]) -> Read<i32> {
    let at = order.iter().position(|word| word == text);
    at.map(|at| at as i32 + 1).ok_or_else(|| form(text, &format!("one of {}", order.join(", "))))
}

/// A vector of numbers from 0 to `range`.
pub(super) fn vector(text: &str, range: u8) -> Read<Vec<u8>> {
    items(text).map(|item| ranged(item, 0, i64::from(range)).map(|value| value as u8)).collect()
}

/// Yes or no.
pub(super) fn yes(text: &str) -> Read<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" | "" => Ok(false),
        _ => Err(form(text, "yes or no")),
    }
}

/// A decimal number from 0 to `best` in thousandths of `best`.
pub(super) fn rating(text: &str, best: i64) -> Read<i64> {
    let wrong = || form(text, &format!("a number from 0 to {best}, with at most three decimals"));
    let (units, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if units.is_empty() || units.len() > 9 || decimals.len() > 3 || !digits(units) || !digits(decimals) {
        return Err(wrong());
    }
    let thousandths: i64 = format!("{units}{decimals:0<3}").parse().map_err(|_| wrong())?;
    match thousandths / best.max(1) {
        permille if thousandths <= best.saturating_mul(1000) => Ok(permille),
        _ => Err(wrong()),
    }
}

/// Minutes that local time is ahead of UTC.
pub(super) fn offset(text: &str) -> Read<i32> {
    let wrong = || form(text, "an offset from UTC such as +02:00 or Z");
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(0);
    }
    let (sign, clock) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(clock), _) => (1, clock),
        (_, Some(clock)) => (-1, clock),
        _ => return Err(wrong()),
    };
    let minutes = minute(clock).filter(|&minutes| minutes <= 18 * 60).ok_or_else(wrong)?;
    Ok(sign * minutes as i32)
}

/// Free times of a week; half hours that are free as a whole count.
pub(super) fn week(text: &str, offset: i32) -> Read<Week> {
    let mut slots = Vec::new();
    for item in items(text) {
        let (from, to) = window(item).ok_or_else(|| form(item, "a time such as mon 09:00-12:00"))?;
        let (from, to) = (from - i64::from(offset), to - i64::from(offset));
        let first = from.div_euclid(Week::SLOT) + i64::from(from.rem_euclid(Week::SLOT) > 0);
        for slot in first..to.div_euclid(Week::SLOT) {
            slots.push(slot.rem_euclid(MINUTES / Week::SLOT) as usize);
        }
    }
    Ok(Week::from_slots(slots))
}

/// `mon 09:00-12:00` as minutes of the week.
fn window(text: &str) -> Option<(i64, i64)> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (day, times) = text.split_once(' ')?;
    let day = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))? as i64;
    let (from, to) = times.split_once('-')?;
    let (from, to) = (minute(from.trim())?, minute(to.trim())?);
    (from < to).then_some((day * DAY + from, day * DAY + to))
}

/// `HH:MM` up to 24:00.
fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| -> Option<i64> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_read_to_the_integer() {
        let read =
            ["4.5", "5", "0", "0.001", "5.001", "NaN", "-1", "1e1", ""].map(|text| rating(text, 5).ok());
        assert_eq!(read, [Some(900), Some(1000), Some(0), Some(0), None, None, None, None, None]);
    }

    #[test]
    fn times_are_local_and_compared_in_utc() {
        let here = week("mon 09:00-12:00", 0).expect("a time");
        let there = week("mon 11:00-13:00; sun 23:00-24:00", 120).expect("times");
        assert_eq!(here.common_minutes(&there), 120);
        // Half hours that are free only in part do not count.
        let odd = week("mon 09:10-10:10", 0).expect("a time");
        assert_eq!(here.common_minutes(&odd), 30);
        // The week is a circle.
        let early = week("mon 00:00-01:00", 60).expect("a time");
        let late = week("sun 23:00-24:00", 0).expect("a time");
        assert_eq!(early.common_minutes(&late), 60);
        for wrong in ["mon", "mon 9:00-10:00", "mon 10:00-09:00", "xyz 09:00-10:00", "mon 09:00-24:30"] {
            assert!(week(wrong, 0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn offsets_are_minutes() {
        let read = ["+02:00", "-03:30", "Z", "2", "+2:00", "+20:00"].map(|text| offset(text).ok());
        assert_eq!(read, [Some(120), Some(-210), Some(0), None, None, None]);
    }
}
