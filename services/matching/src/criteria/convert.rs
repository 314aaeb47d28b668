//! Between the contract's criteria and the domain's.

use super::domain::{self, CRITERIA, Criterion, HardRule};
use super::store::Stored;
use contracts::mentor::matching::v1 as pb;
use contracts::time::timestamp;
use kernel::Uuid;

/// Criteria as the contract shows them.
pub(crate) fn criteria(program: Uuid, stored: &Stored) -> pb::Criteria {
    let domain = &stored.criteria;
    pb::Criteria {
        program_id: program.to_string(),
        version: domain.version,
        weights: Some(weights(&domain.weights)),
        targets: Some(pb::Targets {
            overlap_minutes: domain.targets.overlap_minutes,
            zone_distance_minutes: domain.targets.zone_distance_minutes,
            grade_gap_min: domain.targets.grade_gap_min,
            grade_gap_max: domain.targets.grade_gap_max,
        }),
        rules: Some(pb::HardRules {
            reporting_line_depth: domain.rules.reporting_line_depth,
            different_unit: domain.rules.different_unit,
            shared_language: domain.rules.shared_language,
            required_language: domain.rules.required_language.clone(),
            least_overlap_minutes: domain.rules.least_overlap_minutes,
            most_zone_distance_minutes: domain.rules.most_zone_distance_minutes,
            least_score: domain.rules.least_score,
        }),
        grades: domain.grades.clone(),
        next_choices: domain.next_choices,
        created_at: stored.created_at.map(timestamp),
        etag: storage::etag(i64::from(domain.version)),
    }
}

fn weights(weights: &[i32; CRITERIA]) -> pb::Weights {
    let [
        skills,
        communication_style,
        languages,
        availability,
        zone_distance,
        grade_gap,
        profession,
        unit_difference,
    ] = *weights;
    pb::Weights {
        skills,
        communication_style,
        languages,
        availability,
        zone_distance,
        grade_gap,
        profession,
        unit_difference,
    }
}

/// Weights in the order of the criteria.
pub(crate) fn read_weights(weights: &pb::Weights) -> [i32; CRITERIA] {
    [
        weights.skills,
        weights.communication_style,
        weights.languages,
        weights.availability,
        weights.zone_distance,
        weights.grade_gap,
        weights.profession,
        weights.unit_difference,
    ]
}

/// Targets of the domain.
pub(crate) fn read_targets(targets: &pb::Targets) -> domain::Targets {
    domain::Targets {
        overlap_minutes: targets.overlap_minutes,
        zone_distance_minutes: targets.zone_distance_minutes,
        grade_gap_min: targets.grade_gap_min,
        grade_gap_max: targets.grade_gap_max,
    }
}

/// Rules of the domain.
pub(crate) fn read_rules(rules: &pb::HardRules) -> domain::Rules {
    domain::Rules {
        reporting_line_depth: rules.reporting_line_depth,
        different_unit: rules.different_unit,
        shared_language: rules.shared_language,
        required_language: rules.required_language.clone(),
        least_overlap_minutes: rules.least_overlap_minutes,
        most_zone_distance_minutes: rules.most_zone_distance_minutes,
        least_score: rules.least_score,
    }
}

/// The parts of a score beside the points of a perfect pair; criteria that do not count are left out.
pub(crate) fn parts(parts: &[i32], points_at_most: &[i32]) -> Vec<pb::ScorePart> {
    let all = Criterion::ALL.iter().zip(parts).zip(points_at_most);
    all.filter(|(_, most)| **most > 0)
        .map(|((name, points), most)| pb::ScorePart {
            criterion: criterion(*name).into(),
            points: *points,
            points_at_most: *most,
            ..pb::ScorePart::default()
        })
        .collect()
}

fn criterion(criterion: Criterion) -> pb::Criterion {
    match criterion {
        Criterion::Skills => pb::Criterion::Skills,
        Criterion::CommunicationStyle => pb::Criterion::CommunicationStyle,
        Criterion::Languages => pb::Criterion::Languages,
        Criterion::Availability => pb::Criterion::Availability,
        Criterion::ZoneDistance => pb::Criterion::ZoneDistance,
        Criterion::GradeGap => pb::Criterion::GradeGap,
        Criterion::Profession => pb::Criterion::Profession,
        Criterion::UnitDifference => pb::Criterion::UnitDifference,
    }
}

/// A hard rule as the contract names it.
pub(crate) fn rule(rule: HardRule) -> pb::HardRule {
    match rule {
        HardRule::SamePerson => pb::HardRule::SamePerson,
        HardRule::ReportingLine => pb::HardRule::ReportingLine,
        HardRule::SameUnit => pb::HardRule::SameUnit,
        HardRule::RequiredLanguage => pb::HardRule::RequiredLanguage,
        HardRule::NoSharedLanguage => pb::HardRule::NoSharedLanguage,
        HardRule::TooLittleOverlap => pb::HardRule::TooLittleOverlap,
        HardRule::ZoneTooFar => pb::HardRule::ZoneTooFar,
        HardRule::Forbidden => pb::HardRule::Forbidden,
        HardRule::FailedBefore => pb::HardRule::FailedBefore,
        HardRule::MentorFull => pb::HardRule::MentorFull,
        HardRule::BelowLeastScore => pb::HardRule::BelowLeastScore,
        HardRule::GroupTooSmall => pb::HardRule::GroupTooSmall,
    }
}
