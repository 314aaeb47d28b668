//! Availability and slots.

use crate::world::{
    self, Who, World, at, fields, mentee, mentor, ready, refused, request_id, stranger, wire,
};
use contracts::mentor::{
    common::v1::WeeklyWindow,
    enrollment::events::v1::{ParticipantProfileChanged, PersonDeactivated},
    scheduling::v1::{
        Availability, AvailabilityException, AvailabilityExceptionKind, AvailabilitySource, FindSlotsRequest,
        GetAvailabilityRequest, SetAvailabilityRequest,
    },
};
use contracts::time::from_timestamp;
use tonic::Code;
use uuid::Uuid;

fn own(person: Uuid) -> SetAvailabilityRequest {
    let availability = Availability {
        person_id: person.to_string(),
        zone: "America/Chicago".to_owned(),
        windows: vec![WeeklyWindow { day: 2, start_minute: 600, end_minute: 720 }],
        exceptions: vec![AvailabilityException {
            kind: AvailabilityExceptionKind::Busy.into(),
            starts_at: wire("2025-01-14T00:00:00Z"),
            ends_at: wire("2025-01-15T00:00:00Z"),
        }],
        ..Availability::default()
    };
    SetAvailabilityRequest { request_id: request_id(), availability: Some(availability) }
}

fn find(people: &[Uuid], from: &str, to: &str) -> FindSlotsRequest {
    FindSlotsRequest {
        person_ids: people.iter().map(Uuid::to_string).collect(),
        not_before: wire(from),
        not_after: wire(to),
        duration_minutes: 60,
        step_minutes: 60,
        ..FindSlotsRequest::default()
    }
}

fn get(person: Uuid) -> GetAvailabilityRequest {
    GetAvailabilityRequest { person_id: person.to_string() }
}

async fn slots(world: &World, who: Who, request: FindSlotsRequest) -> Vec<String> {
    let found = world.availability(who).find_slots(request).await.expect("found").into_inner();
    let start =
        |slot: contracts::mentor::scheduling::v1::Slot| slot.starts_at.as_ref().and_then(from_timestamp);
    found.slots.into_iter().filter_map(start).map(|start| start.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn is_set_as_a_whole_and_read_back() {
    let world = World::start().await;
    let mut client = world.availability(Who::Mentee);
    let request = own(mentee());
    let set = client.set_availability(request.clone()).await.expect("set").into_inner();
    let again = client.set_availability(request.clone()).await.expect("replayed").into_inner();
    assert_eq!(set, again);
    let stored = set.availability.expect("stored");
    assert_eq!(stored.source(), AvailabilitySource::Person);
    let given = request.availability.expect("given");
    assert_eq!((&stored.windows, &stored.exceptions), (&given.windows, &given.exceptions));

    let read = client.get_availability(get(mentee())).await.expect("read").into_inner();
    assert_eq!(read.availability.as_ref(), Some(&stored));
    let read =
        world.availability(Who::Manager).get_availability(get(mentee())).await.expect("read").into_inner();
    assert_eq!(read.availability.as_ref(), Some(&stored));

    let mut stale = own(mentee());
    if let Some(availability) = &mut stale.availability {
        availability.etag = stored.etag.clone();
        availability.windows.clear();
    }
    let changed = client.set_availability(stale.clone()).await.expect("the etag is current").into_inner();
    assert!(changed.availability.expect("stored").windows.is_empty());
    stale.request_id = request_id();
    refused(client.set_availability(stale).await, Code::Aborted, "ETAG_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn is_ones_own() {
    let world = World::start().await;
    let mut stranger_client = world.availability(Who::Stranger);
    refused(
        stranger_client.set_availability(own(mentee())).await,
        Code::PermissionDenied,
        "PERMISSION_DENIED",
    );
    refused(
        stranger_client.get_availability(get(mentee())).await,
        Code::PermissionDenied,
        "PERMISSION_DENIED",
    );
    refused(stranger_client.get_availability(get(stranger())).await, Code::NotFound, "NOT_FOUND");
    let mut machine = world.availability(Who::HrClient);
    refused(machine.get_availability(get(mentee())).await, Code::PermissionDenied, "PERMISSION_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_nothing_is_stored() {
    let world = World::start().await;
    let mut client = world.availability(Who::Mentee);
    let wrong = |change: fn(&mut Availability)| {
        let mut request = own(mentee());
        if let Some(availability) = &mut request.availability {
            change(availability);
        }
        request
    };
    let zone = wrong(|availability| availability.zone = "Mars/Olympus".to_owned());
    let status = refused(client.set_availability(zone).await, Code::InvalidArgument, "ZONE_UNKNOWN");
    assert_eq!(fields(&status), ["availability.zone"]);
    let backwards = wrong(|availability| availability.windows[0].end_minute = 500);
    let status = refused(client.set_availability(backwards).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["availability.windows[0].end_minute"]);
    let day = wrong(|availability| availability.windows[0].day = 8);
    let status = refused(client.set_availability(day).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["availability.windows[0].day"]);
    let exception = wrong(|availability| availability.exceptions[0].ends_at = wire("2025-01-13T00:00:00Z"));
    let status = refused(client.set_availability(exception).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["availability.exceptions[0].ends_at"]);
    refused(client.get_availability(get(mentee())).await, Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_seeds_it_until_the_person_sets_their_own() {
    let world = World::start().await;
    world.suite.publish(&ready(mentee(), "Europe/London")).await;
    world.settle().await;
    let mut client = world.availability(Who::Mentee);
    let seeded = client.get_availability(get(mentee())).await.expect("seeded").into_inner();
    let seeded = seeded.availability.expect("seeded");
    assert_eq!((seeded.source(), seeded.windows.len()), (AvailabilitySource::Profile, 5));

    let later = ready(mentee(), "Asia/Tokyo");
    let changed = ParticipantProfileChanged {
        participant_id: later.participant_id,
        person_id: later.person_id,
        profile: later.profile,
        ..ParticipantProfileChanged::default()
    };
    world.suite.publish(&changed).await;
    world.settle().await;
    let seeded = client.get_availability(get(mentee())).await.expect("seeded").into_inner();
    assert_eq!(seeded.availability.expect("seeded").zone, "Asia/Tokyo");

    client.set_availability(own(mentee())).await.expect("set");
    world.suite.publish(&ready(mentee(), "Europe/London")).await;
    world.suite.publish(&ready(mentor(), "Mars/Olympus")).await;
    world.settle().await;
    let kept =
        client.get_availability(get(mentee())).await.expect("own").into_inner().availability.expect("own");
    assert_eq!((kept.source(), kept.zone.as_str()), (AvailabilitySource::Person, "America/Chicago"));
    refused(
        world.availability(Who::Mentor).get_availability(get(mentor())).await,
        Code::NotFound,
        "NOT_FOUND",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_common_to_zones_and_avoid_meetings() {
    let world = World::start().await;
    world.suite.publish(&ready(mentor(), "America/Chicago")).await;
    world.suite.publish(&ready(mentee(), "Europe/London")).await;
    world.settle().await;
    // Nine to five in both: 15:00 to 17:00 UTC in winter.
    let tuesday = || find(&[mentor(), mentee()], "2025-01-07T00:00:00Z", "2025-01-08T00:00:00Z");
    assert_eq!(slots(&world, Who::Mentee, tuesday()).await, ["2025-01-07T15:00:00Z", "2025-01-07T16:00:00Z"]);

    let meeting = world.meeting("2025-01-07T15:30:00Z").await; // 45 minutes, as the policy says
    assert_eq!(slots(&world, Who::Mentee, tuesday()).await, Vec::<String>::new());
    let short = FindSlotsRequest { duration_minutes: 30, step_minutes: 15, ..tuesday() };
    let found = slots(&world, Who::Manager, short).await;
    assert_eq!(found, ["2025-01-07T15:00:00Z", "2025-01-07T16:15:00Z", "2025-01-07T16:30:00Z"]);
    let moving =
        FindSlotsRequest { ignore_meeting_id: meeting.meeting_id.clone(), max_results: 1, ..tuesday() };
    assert_eq!(slots(&world, Who::Mentee, moving).await, ["2025-01-07T15:00:00Z"]);

    // On 10 March Chicago has summer time and London has not: 14:00 to 17:00 UTC.
    let march = find(&[mentor(), mentee()], "2025-03-10T00:00:00Z", "2025-03-11T00:00:00Z");
    assert_eq!(slots(&world, Who::Mentor, march).await.len(), 3);
    // What has passed has no slots.
    world.suite.clock.set(at("2025-01-07T16:20:00Z"));
    let short = FindSlotsRequest { duration_minutes: 30, step_minutes: 15, ..tuesday() };
    assert_eq!(slots(&world, Who::Mentee, short).await, ["2025-01-07T16:30:00Z"]);
    world.suite.clock.set(at("2025-01-09T00:00:00Z"));
    assert_eq!(slots(&world, Who::Mentee, tuesday()).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_for_ones_own_match() {
    let world = World::start().await;
    let range = ("2025-01-07T00:00:00Z", "2025-01-08T00:00:00Z");
    let pair = find(&[mentor(), mentee()], range.0, range.1);
    let denied = world.availability(Who::Stranger).find_slots(pair.clone()).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    let wider = find(&[mentor(), mentee(), stranger()], range.0, range.1);
    let denied = world.availability(Who::Mentee).find_slots(wider.clone()).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    world.availability(Who::Manager).find_slots(wider).await.expect("a program manager may");
    world
        .availability(Who::Stranger)
        .find_slots(find(&[stranger()], range.0, range.1))
        .await
        .expect("one's own");

    let long = find(&[mentee()], "2025-01-07T00:00:00Z", "2025-06-08T00:00:00Z");
    let status = refused(
        world.availability(Who::Mentee).find_slots(long).await,
        Code::InvalidArgument,
        "FIELD_INVALID",
    );
    assert_eq!(fields(&status), ["not_after"]);
    let twice = find(&[mentee(), mentee()], range.0, range.1);
    refused(world.availability(Who::Mentee).find_slots(twice).await, Code::InvalidArgument, "FIELD_INVALID");

    world.suite.publish(&world.ended()).await;
    world.settle().await;
    let denied = world.availability(Who::Mentee).find_slots(pair).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_without_availability_and_leavers_are_named() {
    let world = World::start().await;
    let request = || find(&[mentor(), mentee()], "2025-01-07T00:00:00Z", "2025-01-08T00:00:00Z");
    world.suite.publish(&ready(mentor(), "UTC")).await;
    world.settle().await;
    let mut client = world.availability(Who::Manager);
    let found = client.find_slots(request()).await.expect("found").into_inner();
    assert_eq!((found.slots.len(), found.unavailable_person_ids), (0, vec![mentee().to_string()]));

    world.suite.publish(&ready(mentee(), "UTC")).await;
    let left =
        PersonDeactivated { person_id: mentor().to_string(), deactivated_at: wire("2025-01-06T09:00:00Z") };
    world.suite.publish(&left).await;
    world.settle().await;
    let found = client.find_slots(request()).await.expect("found").into_inner();
    assert_eq!(found.unavailable_person_ids, [mentor().to_string()]);
    world.suite.publish(&world::person(mentor(), "Ann")).await;
    world.settle().await;
    let found = client.find_slots(request()).await.expect("back").into_inner();
    assert_eq!(found.slots.len(), 8);
}
