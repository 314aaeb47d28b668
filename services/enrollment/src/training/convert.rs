//! Training between the contract and the domain.

use super::course::{Completion, Course, Requirement};
use crate::convert::role;
use contracts::{mentor::enrollment::v1 as pb, time::timestamp};

/// A course for an answer.
pub(crate) fn course_out(course: &Course) -> pb::Course {
    pb::Course {
        course_id: course.id.to_string(),
        title: course.title.clone(),
        description: course.description.clone(),
        duration_minutes: course.duration_minutes,
        created_at: Some(timestamp(course.created_at)),
    }
}

/// A requirement for an answer.
pub(crate) fn requirement_out(requirement: &Requirement) -> pb::CourseRequirement {
    pb::CourseRequirement {
        program_id: requirement.program.to_string(),
        course_id: requirement.course.to_string(),
        role: role(requirement.side).into(),
    }
}

/// A completion for an answer.
pub(crate) fn completion_out(completion: &Completion) -> pb::Completion {
    pb::Completion {
        course_id: completion.course.to_string(),
        person_id: completion.person.to_string(),
        completed_at: Some(timestamp(completion.completed_at)),
    }
}
