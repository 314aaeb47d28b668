//! Applications: submitted, endorsed, decided, withdrawn.

use crate::world::{World, error, field, profile, reason, spec};
use contracts::mentor::{
    common::v1::{
        ParticipantRole::{Mentee, Mentor},
        Profile, Weekday, WeeklyWindow,
    },
    enrollment::{
        events::v1::{
            ApplicationDecided, ApplicationEndorsed, ApplicationOutcome, ApplicationSubmitted,
            ParticipantReady,
        },
        v1::{ApplicationDecision as Decision, application_service_client::ApplicationServiceClient, *},
    },
};

#[tokio::test]
async fn an_application_is_endorsed_and_accepted() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    assert_eq!((application.state(), application.capacity), (ApplicationState::Submitted, 1));
    assert_eq!(reason(world.decide(&application, Decision::Accept, "").await), "NOT_ENDORSED");
    let endorsed = world.endorse("lea", &application).await.expect("lea is the line manager");
    assert_eq!(endorsed.state(), ApplicationState::Endorsed);
    assert_eq!(endorsed.endorsed_by, world.person("lea").await.to_string());
    let accepted = world.decide(&application, Decision::Accept, "").await.expect("endorsed");
    let participant = world.participant(&accepted.participant_id).await;
    assert_eq!(
        (participant.state(), participant.role()),
        (ParticipantState::Ready, Mentee),
        "nothing to learn first"
    );

    assert_eq!(world.suite.events::<ApplicationSubmitted>().await.len(), 1);
    assert_eq!(world.suite.events::<ApplicationEndorsed>().await.len(), 1);
    let decided = world.suite.events::<ApplicationDecided>().await.remove(0);
    assert_eq!(
        (decided.outcome(), &decided.participant_id),
        (ApplicationOutcome::Accepted, &participant.participant_id)
    );
    let ready = world.suite.events::<ParticipantReady>().await.remove(0);
    assert_eq!((ready.capacity, ready.profile), (1, Some(profile())));
    assert_eq!(reason(world.decide(&application, Decision::Reject, "late").await), "APPLICATION_STATE");
    assert_eq!(reason(world.apply("ann", &program, Mentee).await), "ALREADY_EXISTS");
}

#[tokio::test]
async fn nobody_stands_above_the_top_to_endorse() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ceo", &program, Mentor).await.expect("may apply");
    world.decide(&application, Decision::Accept, "").await.expect("needs no endorsement");
}

#[tokio::test]
async fn waitlisting_and_rejecting_are_told_with_their_reason() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    let waiting = world.decide(&application, Decision::Waitlist, "full until May").await.expect("open");
    assert_eq!(waiting.state(), ApplicationState::Waitlisted);
    assert_eq!(field(world.decide(&application, Decision::Reject, "").await), "reason");
    let stale = DecideApplicationRequest {
        request_id: world.request_id(),
        application_id: application.application_id.clone(),
        decision: Decision::Reject.into(),
        reason: "no place".into(),
        etag: application.etag.clone(),
    };
    assert_eq!(reason(world.applications().decide_application(stale).await), "ETAG_MISMATCH");
    let rejected = world.decide(&application, Decision::Reject, "no place").await.expect("with a reason");
    assert_eq!(
        (rejected.state(), rejected.decision_reason.as_str()),
        (ApplicationState::Rejected, "no place")
    );
    let outcomes: Vec<_> =
        world.suite.events::<ApplicationDecided>().await.iter().map(|e| e.outcome()).collect();
    assert_eq!(outcomes, [ApplicationOutcome::Waitlisted, ApplicationOutcome::Rejected]);
    world.apply("ann", &program, Mentee).await.expect("may apply again");
}

#[tokio::test]
async fn one_takes_back_ones_own_while_it_is_open() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    let withdraw = || WithdrawApplicationRequest {
        request_id: world.request_id(),
        application_id: application.application_id.clone(),
        reason: "no time".into(),
    };
    for (person, expected) in [("bob", "PERMISSION_DENIED"), ("lea", "PERMISSION_DENIED")] {
        let mut client = ApplicationServiceClient::new(world.employee(person).await);
        assert_eq!(reason(client.withdraw_application(withdraw()).await), expected, "{person}");
    }
    let mut ann = ApplicationServiceClient::new(world.employee("ann").await);
    let withdrawn = ann.withdraw_application(withdraw()).await.expect("one's own").into_inner().application;
    assert_eq!(withdrawn.expect("answered").state(), ApplicationState::Withdrawn);
    assert_eq!(reason(ann.withdraw_application(withdraw()).await), "APPLICATION_STATE");
    assert_eq!(reason(world.endorse("lea", &application).await), "APPLICATION_STATE");
}

#[tokio::test]
async fn who_may_apply_is_in_the_audience_of_an_open_program() {
    let world = World::start().await;
    let sales = ProgramSpec { audience_units: vec!["Sales".into()], ..spec("Sales leaders") };
    let program = world.published(sales).await;
    assert_eq!(reason(world.apply("ann", &program, Mentee).await), "NOT_IN_AUDIENCE");
    world.apply("eve", &program, Mentee).await.expect("in the audience");
    let draft = world.draft(spec("Draft")).await;
    assert_eq!(reason(world.apply("ann", &draft, Mentee).await), "NOT_FOUND");
    let close =
        CloseProgramRequest { request_id: world.request_id(), program_id: program.program_id.clone() };
    world.programs().close_program(close).await.expect("open");
    assert_eq!(reason(world.apply("eve", &program, Mentor).await), "PROGRAM_STATE");
}

#[tokio::test]
async fn bad_profiles_and_answers_name_their_field() {
    let world = World::start().await;
    let program = world.program().await;
    let mut ann = ApplicationServiceClient::new(world.employee("ann").await);
    let mut submit = async |change: fn(&mut SubmitApplicationRequest)| {
        let mut request = world.application(&program, Mentee);
        change(&mut request);
        ann.submit_application(request).await
    };
    fn in_profile(request: &mut SubmitApplicationRequest) -> &mut Profile {
        request.profile.as_mut().expect("there")
    }
    let zone = error(submit(|request| in_profile(request).zone = "Mars/Olympus".into()).await);
    assert_eq!((zone.reason, zone.violations[0].field.as_str()), ("ZONE_UNKNOWN", "profile.zone"));
    let backwards = submit(|request| {
        let window = WeeklyWindow { day: Weekday::Friday.into(), start_minute: 600, end_minute: 540 };
        in_profile(request).availability.push(window);
    });
    assert_eq!(field(backwards.await), "profile.availability[1].end_minute");
    assert_eq!(
        field(submit(|request| in_profile(request).skills_wanted[0].level = 6).await),
        "profile.skills_wanted[0].level"
    );
    assert_eq!(field(submit(|request| request.capacity = 2).await), "capacity");
    assert_eq!(field(submit(|request| request.capacity = 11).await), "capacity");
    assert_eq!(field(submit(|request| request.role = 0).await), "role");
    assert_eq!(field(submit(|request| request.program_id = "seven".into()).await), "program_id");
    let scale = submit(|request| {
        let answer = form_answer::Answer::Scale(ScaleAnswer { value: 6, max: 5 });
        request.answers.push(FormAnswer { question: "How much?".into(), answer: Some(answer) });
    });
    assert_eq!(field(scale.await), "answers[1].scale.value");
    assert_eq!(world.suite.events::<ApplicationSubmitted>().await, []);
}

#[tokio::test]
async fn a_request_repeated_a_hundred_times_is_one_application() {
    let world = World::start().await;
    let program = world.program().await;
    let request = world.application(&program, Mentee);
    let channel = world.employee("ann").await;
    let calls = (0..100).map(|_| {
        let mut client = ApplicationServiceClient::new(channel.clone());
        let request = request.clone();
        async move { client.submit_application(request).await.map(tonic::Response::into_inner) }
    });
    let answers = futures::future::join_all(calls).await;
    let first = answers[0].as_ref().expect("submitted");
    assert!(answers.iter().all(|answer| answer.as_ref().ok() == Some(first)));
    assert_eq!(world.suite.events::<ApplicationSubmitted>().await.len(), 1);
}

#[tokio::test]
async fn of_many_different_applications_at_once_one_is_open() {
    let world = World::start().await;
    let program = world.program().await;
    let channel = world.employee("ann").await;
    let calls = (0..20).map(|_| {
        let mut client = ApplicationServiceClient::new(channel.clone());
        let request = world.application(&program, Mentee);
        async move { client.submit_application(request).await }
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "ALREADY_EXISTS");
    }
}

#[tokio::test]
async fn many_who_accept_at_once_make_one_participant() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    world.endorse("lea", &application).await.expect("the line manager");
    let calls = (0..20).map(|_| world.decide(&application, Decision::Accept, ""));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(world.suite.events::<ParticipantReady>().await.len(), 1);
}
