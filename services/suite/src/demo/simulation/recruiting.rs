//! The program is designed and published; people apply, managers endorse, the program manager decides, people
//! train.

use super::{World, together, world::Person};
use anyhow::{Context, Result};
use contracts::mentor::{
    common::v1::{ParticipantRole, Policy},
    enrollment::v1::{
        Application, ApplicationDecision, ApplicationState, CompleteCourseRequest, CreateCourseRequest,
        CreateProgramRequest, DecideApplicationRequest, EndorseApplicationRequest, FormAnswer,
        ListApplicationsRequest, Objective, ProgramFormat, ProgramSpec, PublishProgramRequest,
        SetCourseRequirementRequest, StartProgramRequest, SubmitApplicationRequest, form_answer,
    },
    matching::v1::UpdateCriteriaRequest,
};
use kernel::Uuid;

/// What people run into now and then while applying: they left meanwhile, or it is too late.
const TOLERATED: [&str; 4] =
    ["APPLICATION_STATE", "NOT_LINE_MANAGER", "PERSON_DEACTIVATED", "PARTICIPANT_STATE"];

/// Designs and publishes the program.
pub(crate) async fn publish(world: &mut World) -> Result<()> {
    let request = CreateProgramRequest { request_id: world.clients.request_id(), spec: Some(spec()) };
    let answer = world.clients.programs.clone().create_program(world.clients.manager(request)?).await?;
    world.program = answer.into_inner().program.context("the program")?.program_id;
    world.courses = [
        course(world, "Mentoring well", ParticipantRole::Mentor).await?,
        course(world, "Making the most of a mentor", ParticipantRole::Mentee).await?,
    ];
    let (request_id, program_id) = (world.clients.request_id(), world.program.clone());
    let request = PublishProgramRequest { request_id, program_id };
    world.clients.programs.clone().publish_program(world.clients.manager(request)?).await?;
    Ok(())
}

fn spec() -> ProgramSpec {
    ProgramSpec {
        name: "Grow together".to_owned(),
        description: "A year of one-on-one mentoring across units.".to_owned(),
        objectives: vec![Objective {
            text: "Two in three mentees reach a development goal".to_owned(),
            organisation_goal: "Fill senior positions from within".to_owned(),
        }],
        audience_units: Vec::new(),
        audience_groups: Vec::new(),
        format: ProgramFormat::OneOnOne.into(),
        policy: Some(Policy {
            meetings_per_month: 1,
            meeting_minutes: 60,
            review_day: 90,
            answer_days: 10,
            application_days: 40,
            check_in_days: 14,
            duration_months: 9,
            endorsement_required: true,
            contact_point: "mentoring@example.org".to_owned(),
            confidentiality_statement: "What the two say to each other stays between them.".to_owned(),
        }),
    }
}

async fn course(world: &World, title: &str, role: ParticipantRole) -> Result<String> {
    let request = CreateCourseRequest {
        request_id: world.clients.request_id(),
        title: title.to_owned(),
        description: String::new(),
        duration_minutes: 90,
    };
    let mut training = world.clients.training.clone();
    let answer = training.create_course(world.clients.manager(request)?).await?.into_inner();
    let course_id = answer.course.context("the course")?.course_id;
    let request = SetCourseRequirementRequest {
        request_id: world.clients.request_id(),
        program_id: world.program.clone(),
        course_id: course_id.clone(),
        role: role.into(),
        required: true,
    };
    training.set_course_requirement(world.clients.manager(request)?).await?;
    Ok(course_id)
}

/// Starts the program and says what the grades of this organisation are.
pub(crate) async fn start(world: &World, grades: &[&str]) -> Result<()> {
    let (request_id, program_id) = (world.clients.request_id(), world.program.clone());
    let request = StartProgramRequest { request_id, program_id: program_id.clone() };
    world.clients.programs.clone().start_program(world.clients.manager(request)?).await?;
    world.host.settle().await?;
    let mut criteria = world.clients.criteria.clone();
    let request = UpdateCriteriaRequest {
        request_id: world.clients.request_id(),
        program_id,
        grades: grades.iter().map(|grade| (*grade).to_owned()).collect(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["grades".to_owned()] }),
        ..UpdateCriteriaRequest::default()
    };
    criteria.update_criteria(world.clients.manager(request)?).await?;
    Ok(())
}

/// Whoever applies today does; their managers endorse within days.
pub(crate) async fn apply(world: &World, first: i64, days: i64) -> Result<()> {
    let today = world.day();
    let applying: Vec<(&Person, ParticipantRole)> = world
        .people
        .values()
        .filter(|person| first + day_of(world, person, "applies", days) == today)
        .filter_map(|person| Some((person, world.wish(person)?)))
        .collect();
    together(applying, |(person, role)| submit(world, person, role)).await
}

fn day_of(world: &World, person: &Person, what: &str, days: i64) -> i64 {
    let days = usize::try_from(days).unwrap_or(1);
    i64::try_from(world.dice.pick(days, &[&person.external_id, what])).unwrap_or(0)
}

async fn submit(world: &World, person: &Person, role: ParticipantRole) -> Result<()> {
    let capacity = match role {
        ParticipantRole::Mentor => 1 + world.dice.pick(3, &[&person.external_id, "places"]),
        _ => 1,
    };
    let request = SubmitApplicationRequest {
        request_id: world.clients.request_id(),
        program_id: world.program.clone(),
        role: role.into(),
        answers: vec![FormAnswer {
            question: "Why do you want to take part?".to_owned(),
            answer: Some(form_answer::Answer::Text("To grow, and to help others grow.".to_owned())),
        }],
        profile: Some(world.profile(person, role)),
        capacity: i32::try_from(capacity).unwrap_or(1),
    };
    let answer =
        world.clients.applications.clone().submit_application(world.clients.person(person, request)?).await;
    world.clients.tolerate(answer, &TOLERATED)?;
    Ok(())
}

/// Line managers endorse what waits for them; some take a second look, a few never do.
pub(crate) async fn endorse(world: &World) -> Result<()> {
    let waiting = list(world, ApplicationState::Submitted).await?;
    let round = (world.day() / 3).to_string();
    let endorsing: Vec<(&Person, Application)> = waiting
        .into_iter()
        .filter_map(|application| {
            let applicant = world.person(&application.person_id)?;
            let manager = world.people.get(&applicant.manager?)?;
            let never = world.dice.chance(5, &[&applicant.external_id, "is not endorsed"]);
            let now = world.does(manager, &["endorses", &applicant.external_id, &round]);
            (now && !never).then_some((manager, application))
        })
        .collect();
    together(endorsing, |(manager, application)| async move {
        let request = EndorseApplicationRequest {
            request_id: world.clients.request_id(),
            application_id: application.application_id,
        };
        let mut client = world.clients.applications.clone();
        let answer = client.endorse_application(world.clients.person(manager, request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        Ok(())
    })
    .await
}

/// The program manager goes through what was endorsed; whoever is accepted trains in the days after.
pub(crate) async fn decide(world: &World) -> Result<()> {
    let endorsed = list(world, ApplicationState::Endorsed).await?;
    together(endorsed, |application| async move {
        let accept = !world.dice.chance(3, &[&application.person_id, "is turned down"]);
        let (decision, reason) = if accept {
            (ApplicationDecision::Accept, "")
        } else {
            (ApplicationDecision::Reject, "The goals belong into another program.")
        };
        let request = DecideApplicationRequest {
            request_id: world.clients.request_id(),
            application_id: application.application_id,
            decision: decision.into(),
            reason: reason.to_owned(),
            etag: application.etag,
        };
        let mut client = world.clients.applications.clone();
        let answer = client.decide_application(world.clients.manager(request)?).await;
        world.clients.tolerate(answer, &TOLERATED)?;
        Ok(())
    })
    .await
}

/// Accepted people complete their course, most of them soon.
pub(crate) async fn train(world: &mut World) -> Result<()> {
    let accepted = list(world, ApplicationState::Accepted).await?;
    let round = world.day().to_string();
    let mut training = Vec::new();
    for application in accepted {
        let key = format!("trained {}", application.application_id);
        let Some(person) = world.person(&application.person_id) else { continue };
        let never = world.dice.chance(4, &[&person.external_id, "never trains"]);
        if never || world.seen.contains(&key) || !world.does(person, &["trains", &round]) {
            continue;
        }
        training.push((person.id, usize::from(application.role() == ParticipantRole::Mentee)));
        world.seen.insert(key);
    }
    let world = &*world;
    together(training, |(person, course)| complete(world, person, course)).await
}

async fn complete(world: &World, person: Uuid, course: usize) -> Result<()> {
    let Some(person) = world.people.get(&person) else { return Ok(()) };
    let request = CompleteCourseRequest {
        request_id: world.clients.request_id(),
        course_id: world.courses[course].clone(),
        person_id: String::new(),
    };
    let answer = world.clients.training.clone().complete_course(world.clients.person(person, request)?).await;
    world.clients.tolerate(answer, &TOLERATED)?;
    Ok(())
}

async fn list(world: &World, state: ApplicationState) -> Result<Vec<Application>> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListApplicationsRequest {
            page_size: 1000,
            page_token,
            program_id: world.program.clone(),
            state: state.into(),
            ..ListApplicationsRequest::default()
        };
        let mut client = world.clients.applications.clone();
        let answer = client.list_applications(world.clients.manager(request)?).await?.into_inner();
        found.extend(answer.applications);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}
