//! Domain: what makes a good pair in a program: weights, targets, hard rules.

use kernel::{Error, FieldViolation, Result};
use serde::{Deserialize, Serialize};

/// Points of a perfect pair.
pub(crate) const PERFECT: i32 = 10_000;
/// How many criteria there are; parts of a score stand in the order of [`Criterion::ALL`].
pub(crate) const CRITERIA: usize = 8;

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Criterion {
    Skills,
    CommunicationStyle,
    Languages,
    Availability,
    ZoneDistance,
    GradeGap,
    Profession,
    UnitDifference,
}

impl Criterion {
    /// Every criterion, in the order of weights and parts.
    pub(crate) const ALL: [Criterion; CRITERIA] = [
        Criterion::Skills,
        Criterion::CommunicationStyle,
        Criterion::Languages,
        Criterion::Availability,
        Criterion::ZoneDistance,
        Criterion::GradeGap,
        Criterion::Profession,
        Criterion::UnitDifference,
    ];

    /// As a person would call it in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Criterion::Skills => "skills",
            Criterion::CommunicationStyle => "communication style",
            Criterion::Languages => "languages",
            Criterion::Availability => "shared time",
            Criterion::ZoneDistance => "time zone",
            Criterion::GradeGap => "grade",
            Criterion::Profession => "profession",
            Criterion::UnitDifference => "different unit",
        }
    }
}

/// What forbids a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum HardRule {
    SamePerson,
    ReportingLine,
    SameUnit,
    RequiredLanguage,
    NoSharedLanguage,
    TooLittleOverlap,
    ZoneTooFar,
    Forbidden,
    FailedBefore,
    MentorFull,
    BelowLeastScore,
    GroupTooSmall,
}

impl HardRule {
    /// As a person would say it of one pair.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            HardRule::SamePerson => "mentor and mentee are the same person",
            HardRule::ReportingLine => "one stands in the other's reporting line",
            HardRule::SameUnit => "both work in the same unit",
            HardRule::RequiredLanguage => "a required language is missing",
            HardRule::NoSharedLanguage => "they share no language",
            HardRule::TooLittleOverlap => "they share too little time",
            HardRule::ZoneTooFar => "their time zones are too far apart",
            HardRule::Forbidden => "the program manager has forbidden the pair",
            HardRule::FailedBefore => "the pair was declined or ended before",
            HardRule::MentorFull => "the mentor had no free place",
            HardRule::BelowLeastScore => "the score is below the program's least score",
            HardRule::GroupTooSmall => "the mentor has too few free places for a group",
        }
    }

    /// As what takes several mentors away.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            HardRule::SamePerson => "being the mentee",
            HardRule::ReportingLine => "the reporting line",
            HardRule::SameUnit => "working in the same unit",
            HardRule::RequiredLanguage => "a required language missing",
            HardRule::NoSharedLanguage => "no shared language",
            HardRule::TooLittleOverlap => "too little shared time",
            HardRule::ZoneTooFar => "time zones too far apart",
            HardRule::Forbidden => "the program manager's word",
            HardRule::FailedBefore => "a match that was declined or ended before",
            HardRule::MentorFull => "no free place",
            HardRule::BelowLeastScore => "a score below the program's least",
            HardRule::GroupTooSmall => "too few free places for a group",
        }
    }
}

/// Where a criterion is fully met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Targets {
    /// Shared minutes a week that earn all points.
    pub(crate) overlap_minutes: i32,
    /// Minutes between the clocks that earn none.
    pub(crate) zone_distance_minutes: i32,
    /// Least number of grades the mentor should stand above the mentee.
    pub(crate) grade_gap_min: i32,
    /// Most of them.
    pub(crate) grade_gap_max: i32,
}

/// What forbids a pair, as far as a program can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Levels of the reporting line looked at.
    pub(crate) reporting_line_depth: i32,
    /// Whether units must differ.
    pub(crate) different_unit: bool,
    /// Whether a language must be shared.
    pub(crate) shared_language: bool,
    /// A language both must speak, or empty.
    pub(crate) required_language: String,
    /// Minutes a week that must be shared, or 0.
    pub(crate) least_overlap_minutes: i32,
    /// Minutes the clocks may be apart, or 0.
    pub(crate) most_zone_distance_minutes: i32,
    /// Least score, or 0.
    pub(crate) least_score: i32,
}

/// The criteria of a program in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Criteria {
    /// 0 is the built-in default.
    pub(crate) version: i32,
    /// One weight per criterion.
    pub(crate) weights: [i32; CRITERIA],
    pub(crate) targets: Targets,
    pub(crate) rules: Rules,
    /// From junior to senior.
    pub(crate) grades: Vec<String>,
    /// Next choices offered to a mentee after the run's own pair.
    pub(crate) next_choices: i32,
}

impl Default for Criteria {
    fn default() -> Self {
        Criteria {
            version: 0,
            weights: [40, 10, 10, 15, 10, 10, 0, 5],
            targets: Targets {
                overlap_minutes: 120,
                zone_distance_minutes: 480,
                grade_gap_min: 1,
                grade_gap_max: 2,
            },
            rules: Rules {
                reporting_line_depth: 20,
                different_unit: false,
                shared_language: true,
                required_language: String::new(),
                least_overlap_minutes: 0,
                most_zone_distance_minutes: 0,
                least_score: 0,
            },
            grades: Vec::new(),
            next_choices: 3,
        }
    }
}

impl Criteria {
    /// The rules that span fields; bounds of single fields were checked before the handler.
    pub(crate) fn check(&self) -> Result<()> {
        let mut violations = Vec::new();
        let mut say = |field: &str, description: &str| {
            violations.push(FieldViolation { field: field.to_owned(), description: description.to_owned() });
        };
        if self.weights.iter().all(|weight| *weight == 0) {
            say("weights", "at least one weight must be above 0");
        }
        if self.targets.grade_gap_min > self.targets.grade_gap_max {
            say("targets.grade_gap_max", "must not be below targets.grade_gap_min");
        }
        if violations.is_empty() { Ok(()) } else { Err(Error::fields(violations)) }
    }

    /// Points of a perfect pair for each criterion: 10,000 dealt out in proportion to the weights, each
    /// rounded down, and the points left over one by one to the largest remainders, the earlier
    /// criterion first among equals.
    pub(crate) fn points(&self) -> [i32; CRITERIA] {
        let sum: i64 = self.weights.iter().map(|weight| i64::from(*weight)).sum();
        if sum <= 0 {
            return [0; CRITERIA];
        }
        let share = |weight: i32| i64::from(PERFECT) * i64::from(weight);
        let mut points = self.weights.map(|weight| i32::try_from(share(weight) / sum).unwrap_or(0));
        let mut order: Vec<usize> = (0..CRITERIA).collect();
        order.sort_by_key(|&at| {
            std::cmp::Reverse(self.weights.get(at).map_or(0, |weight| share(*weight) % sum))
        });
        let left = usize::try_from(PERFECT - points.iter().sum::<i32>()).unwrap_or(0);
        for at in order.into_iter().take(left) {
            if let Some(points) = points.get_mut(at) {
                *points += 1;
            }
        }
        points
    }

    /// Steps of the ladder of grades, 0 the most junior; `None` for a grade that is not listed.
    pub(crate) fn grade(&self, name: &str) -> Option<i32> {
        self.grades.iter().position(|grade| grade == name).and_then(|at| i32::try_from(at).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn defaults_are_valid_and_deal_out_everything() {
        let criteria = Criteria::default();
        criteria.check().expect("the built-in criteria hold");
        assert_eq!(criteria.points(), [4000, 1000, 1000, 1500, 1000, 1000, 0, 500]);
    }

    #[test]
    fn left_over_points_go_to_the_largest_remainder_then_the_earlier() {
        let criteria = Criteria { weights: [1, 1, 1, 0, 0, 0, 0, 0], ..Criteria::default() };
        assert_eq!(criteria.points(), [3334, 3333, 3333, 0, 0, 0, 0, 0]);
        let criteria = Criteria { weights: [1, 2, 0, 0, 0, 0, 0, 4], ..Criteria::default() };
        // 1428.57, 2857.14, 5714.28: one point is left over.
        assert_eq!(criteria.points(), [1429, 2857, 0, 0, 0, 0, 0, 5714]);
    }

    #[test]
    fn says_what_is_wrong() {
        let mut criteria = Criteria { weights: [0; CRITERIA], ..Criteria::default() };
        criteria.targets.grade_gap_min = 3;
        let error = criteria.check().expect_err("two things are wrong");
        let fields: Vec<_> = error.violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["weights", "targets.grade_gap_max"]);
    }

    proptest! {
        #[test]
        fn points_always_sum_to_perfect(weights in prop::array::uniform8(0..=1000i32)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let points = Criteria { weights, ..Criteria::default() }.points();
            prop_assert_eq!(points.iter().sum::<i32>(), PERFECT);
            for (points, weight) in points.iter().zip(weights) {
                prop_assert!(*points >= 0);
                prop_assert!(weight > 0 || *points == 0);
            }
        }
    }
}
