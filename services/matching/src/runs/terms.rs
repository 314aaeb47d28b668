//! Domain: what is asked of a run beyond its mode: how close, how long, which run it follows, which floors it keeps.

use crate::criteria::person::Person;
use kernel::{Error, FieldViolation, Result, Uuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Points that a pair of the run before has on top, unless another number was asked for: 0.5 % of a perfect
/// pair outweighs what a re-pairing of many usually gains, and no real difference between two pairs.
pub(crate) const KEEP_BONUS: i32 = 50;
/// The longest search that can be asked for.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);
/// How many groups a complaint about a floor lists.
const LISTED: usize = 5;

/// The terms. What was not asked for is left out, so that a snapshot without terms is what it was before there
/// were any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Terms {
    /// Points from the best that are good enough.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) gap_limit: i64,
    /// How long the search may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_limit: Option<Duration>,
    /// The run it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) follows: Option<Follows>,
    /// The floors of the fair mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fair: Option<Fair>,
    /// Least mentees of a mentor who gets any.
    #[serde(skip_serializing_if = "is_no_group")]
    pub(crate) least_group: i32,
}

/// The run before, and what its pairs are worth on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Follows {
    pub(crate) run: Uuid,
    pub(crate) keep_bonus: i32,
}

/// Whom a mentee had in the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) mentee: Uuid,
    pub(crate) mentor: Option<Uuid>,
}

/// By what mentees are grouped. Protected attributes are not known to this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attribute {
    Unit,
    Grade,
    Profession,
}

impl Attribute {
    /// The name in sentences.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Attribute::Unit => "unit",
            Attribute::Grade => "grade",
            Attribute::Profession => "profession",
        }
    }

    fn of(self, person: &Person) -> &str {
        match self {
            Attribute::Unit => &person.unit,
            Attribute::Grade => &person.grade,
            Attribute::Profession => &person.profession,
        }
    }
}

/// Least means of groups of mentees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fair {
    pub(crate) by: Attribute,
    pub(crate) floors: Vec<Floor>,
}

/// The least mean of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Floor {
    pub(crate) group: String,
    pub(crate) least_mean: i32,
}

impl Terms {
    /// Nothing was asked for.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Terms::default()
    }
}

impl Fair {
    /// The floor that counts for each mentee, by its place in the list.
    pub(crate) fn groups(&self, mentees: &[Person]) -> Vec<Option<u32>> {
        let floor_of = |person: &Person| {
            let group = self.by.of(person);
            let at = self.floors.iter().position(|floor| floor.group == group)?;
            u32::try_from(at).ok()
        };
        mentees.iter().map(floor_of).collect()
    }

    /// Refuses a group named twice, or one in which none of the mentees is.
    pub(crate) fn check(&self, mentees: &[Person]) -> Result<()> {
        let known: BTreeSet<&str> = mentees.iter().map(|person| self.by.of(person)).collect();
        let mut violations = Vec::new();
        for (at, floor) in self.floors.iter().enumerate() {
            let before = self.floors.iter().take(at).any(|other| other.group == floor.group);
            let description = if before {
                format!("the {} '{}' has a floor already", self.by.name(), floor.group)
            } else if !known.contains(floor.group.as_str()) {
                let some: Vec<_> =
                    known.iter().filter(|name| !name.is_empty()).take(LISTED).copied().collect();
                let name = self.by.name();
                format!(
                    "no mentee of this run has the {name} '{}'; there is {}",
                    floor.group,
                    some.join(", ")
                )
            } else {
                continue;
            };
            violations.push(FieldViolation { field: format!("fair.floors[{at}].group"), description });
        }
        if violations.is_empty() { Ok(()) } else { Err(Error::fields(violations)) }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_no_group(least: &i32) -> bool {
    *least == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::snapshot::tests::snapshot;

    fn fair(groups: &[&str]) -> Fair {
        let floor = |group: &&str| Floor { group: (*group).to_owned(), least_mean: 5000 };
        Fair { by: Attribute::Unit, floors: groups.iter().map(floor).collect() }
    }

    #[test]
    fn what_was_not_asked_for_leaves_no_trace() {
        assert_eq!(serde_json::to_string(&Terms::default()).expect("it serialises"), "{}");
        let plain = serde_json::to_string(&snapshot(1, &[1])).expect("it serialises");
        assert!(!plain.contains("terms") && !plain.contains("before"), "{plain}");
    }

    #[test]
    fn terms_read_back() {
        let terms = Terms {
            gap_limit: 3,
            time_limit: Some(Duration::from_millis(1500)),
            follows: Some(Follows { run: Uuid::from_u128(4), keep_bonus: 7 }),
            fair: Some(fair(&["Finance"])),
            least_group: 3,
        };
        let text = serde_json::to_string(&terms).expect("it serialises");
        assert_eq!(serde_json::from_str::<Terms>(&text).expect("it reads"), terms);
    }

    #[test]
    fn says_which_floor_is_wrong() {
        let mut snapshot = snapshot(3, &[1]);
        snapshot.mentees[0].unit = "Finance".to_owned();
        snapshot.mentees[1].unit = "Law".to_owned();
        fair(&["Law", "Finance"]).check(&snapshot.mentees).expect("both are there");
        assert_eq!(fair(&["Law", "Finance"]).groups(&snapshot.mentees), [Some(1), Some(0), None]);
        let error = fair(&["Law", "Tax", "Law"]).check(&snapshot.mentees).expect_err("two are wrong");
        let said: Vec<_> =
            error.violations.iter().map(|one| (one.field.as_str(), one.description.as_str())).collect();
        assert_eq!(
            said,
            [
                ("fair.floors[1].group", "no mentee of this run has the unit 'Tax'; there is Finance, Law"),
                ("fair.floors[2].group", "the unit 'Law' has a floor already"),
            ]
        );
    }
}
