//! Courses, requirements, completions and the gate to being ready.

use crate::world::{World, field, reason};
use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    enrollment::{
        events::v1::ParticipantReady,
        v1::{training_service_client::TrainingServiceClient, *},
    },
};
use kernel::Uuid;

#[tokio::test]
async fn a_participant_is_ready_once_every_required_course_is_complete() {
    let world = World::start().await;
    let program = world.program().await;
    let (basics, ethics) = (world.course("Basics").await, world.course("Ethics").await);
    for course in [&basics, &ethics] {
        world.require(&program, course, Mentee, true).await;
    }
    let mentee = world.join("ann", &program, Mentee).await;
    assert_eq!(mentee.state(), ParticipantState::InTraining);
    assert_eq!(
        world.join("bob", &program, Mentor).await.state(),
        ParticipantState::Ready,
        "nothing for mentors"
    );
    assert_eq!(world.complete("ann", &basics).await.ready_participant_ids, Vec::<String>::new());
    let first = world.complete("ann", &basics).await.completion.expect("answered");
    world.suite.advance(jiff::SignedDuration::from_hours(1));
    assert_eq!(world.complete("ann", &basics).await.completion, Some(first), "the first one counts");
    let done = world.complete("ann", &ethics).await;
    assert_eq!(done.ready_participant_ids, std::slice::from_ref(&mentee.participant_id));
    assert_eq!(world.participant(&mentee.participant_id).await.state(), ParticipantState::Ready);
    assert_eq!(world.suite.events::<ParticipantReady>().await.len(), 2);
}

#[tokio::test]
async fn what_was_learned_before_counts_and_what_is_dropped_opens_the_gate() {
    let world = World::start().await;
    let program = world.program().await;
    let course = world.course("Basics").await;
    world.require(&program, &course, Mentee, true).await;
    world.complete("ann", &course).await;
    assert_eq!(world.join("ann", &program, Mentee).await.state(), ParticipantState::Ready);
    let bob = world.join("bob", &program, Mentee).await;
    assert_eq!(bob.state(), ParticipantState::InTraining);
    world.require(&program, &course, Mentee, false).await;
    assert_eq!(world.participant(&bob.participant_id).await.state(), ParticipantState::Ready);
}

#[tokio::test]
async fn two_courses_completed_at_once_open_the_gate() {
    let world = World::start().await;
    let program = world.program().await;
    let mut courses = Vec::new();
    for number in 0..6 {
        let course = world.course(&format!("Course {number}")).await;
        world.require(&program, &course, Mentee, true).await;
        courses.push(course);
    }
    let mentee = world.join("ann", &program, Mentee).await;
    futures::future::join_all(courses.iter().map(|course| world.complete("ann", course))).await;
    assert_eq!(world.participant(&mentee.participant_id).await.state(), ParticipantState::Ready);
    assert_eq!(world.suite.events::<ParticipantReady>().await.len(), 1);
}

#[tokio::test]
async fn courses_and_completions_are_listed() {
    let world = World::start().await;
    let program = world.program().await;
    let (basics, ethics) = (world.course("Basics").await, world.course("Ethics").await);
    world.require(&program, &ethics, Mentor, true).await;
    for person in ["ann", "bob"] {
        world.complete(person, &basics).await;
    }
    let titles =
        |answer: &ListCoursesResponse| answer.courses.iter().map(|c| c.title.clone()).collect::<Vec<_>>();
    let all =
        world.training().list_courses(ListCoursesRequest::default()).await.expect("allowed").into_inner();
    assert_eq!((titles(&all), all.requirements.len()), (vec!["Basics".to_owned(), "Ethics".to_owned()], 1));
    let required = ListCoursesRequest { program_id: program.program_id.clone(), ..Default::default() };
    let required = world.training().list_courses(required).await.expect("allowed").into_inner();
    assert_eq!(titles(&required), ["Ethics"]);
    let homeless = ListCoursesRequest { role: Mentor.into(), ..Default::default() };
    assert_eq!(field(world.training().list_courses(homeless).await), "program_id");

    let mut ann = TrainingServiceClient::new(world.employee("ann").await);
    let own = ann.list_completions(ListCompletionsRequest::default()).await.expect("one's own").into_inner();
    assert_eq!(own.completions.len(), 1);
    let mut request = ListCompletionsRequest { page_size: 1, ..Default::default() };
    let first = world.training().list_completions(request.clone()).await.expect("allowed").into_inner();
    request.page_token = first.next_page_token;
    let second = world.training().list_completions(request).await.expect("allowed").into_inner();
    assert_eq!(
        (first.completions.len(), second.completions.len(), second.next_page_token.as_str()),
        (1, 1, "")
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_refused() {
    let world = World::start().await;
    let program = world.program().await;
    let course = world.course("Basics").await;
    let again = CreateCourseRequest {
        request_id: world.request_id(),
        title: " Basics ".into(),
        ..Default::default()
    };
    assert_eq!(reason(world.training().create_course(again).await), "ALREADY_EXISTS");
    let blank =
        CreateCourseRequest { request_id: world.request_id(), title: "  ".into(), ..Default::default() };
    assert_eq!(field(world.training().create_course(blank).await), "title");

    let nil = Uuid::nil().to_string();
    let set = |program_id: &str, course_id: &str| SetCourseRequirementRequest {
        request_id: world.request_id(),
        program_id: program_id.into(),
        course_id: course_id.into(),
        role: Mentee.into(),
        required: true,
    };
    let mut training = world.training();
    assert_eq!(reason(training.set_course_requirement(set(&nil, &course.course_id)).await), "NOT_FOUND");
    assert_eq!(reason(training.set_course_requirement(set(&program.program_id, &nil)).await), "NOT_FOUND");
    let release = SetCourseRequirementRequest { required: false, ..set(&program.program_id, &nil) };
    assert_eq!(reason(training.set_course_requirement(release).await), "NOT_FOUND");

    let complete = |course_id: &str, person_id: String| CompleteCourseRequest {
        request_id: world.request_id(),
        course_id: course_id.into(),
        person_id,
    };
    let bob = world.person("bob").await.to_string();
    let mut ann = TrainingServiceClient::new(world.employee("ann").await);
    assert_eq!(
        reason(ann.complete_course(complete(&course.course_id, bob.clone())).await),
        "PERMISSION_DENIED"
    );
    assert_eq!(reason(ann.complete_course(complete(&nil, String::new())).await), "NOT_FOUND");
    assert_eq!(
        reason(training.complete_course(complete(&course.course_id, String::new())).await),
        "PERMISSION_DENIED"
    );
    training
        .complete_course(complete(&course.course_id, bob))
        .await
        .expect("the program manager records for others");
    let design =
        CreateCourseRequest { request_id: world.request_id(), title: "Mine".into(), ..Default::default() };
    assert_eq!(reason(ann.create_course(design).await), "PERMISSION_DENIED");
}
