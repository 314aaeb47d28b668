//! Participants: change, withdraw.

use crate::world::{World, field, profile, reason};
use contracts::mentor::{
    common::v1::{
        ParticipantRole::{Mentee, Mentor},
        Profile,
    },
    enrollment::{
        events::v1::{ParticipantProfileChanged, ParticipantWithdrawn, WithdrawalReason},
        v1::{participant_service_client::ParticipantServiceClient, *},
    },
};
use prost_types::FieldMask;

fn update(world: &World, participant: &Participant, paths: &[&str]) -> UpdateParticipantRequest {
    UpdateParticipantRequest {
        request_id: world.request_id(),
        participant_id: participant.participant_id.clone(),
        profile: Some(Profile { goals: vec!["Change my mind".into()], ..profile() }),
        capacity: 3,
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        etag: String::new(),
    }
}

#[tokio::test]
async fn one_changes_ones_own_profile_and_capacity() {
    let world = World::start().await;
    let program = world.program().await;
    let mentor = world.join("ann", &program, Mentor).await;
    let mut ann = ParticipantServiceClient::new(world.employee("ann").await);
    let request = update(&world, &mentor, &["capacity"]);
    let changed = ann.update_participant(request.clone()).await.expect("one's own").into_inner();
    let participant = changed.participant.clone().expect("answered");
    assert_eq!((participant.capacity, participant.profile), (3, mentor.profile.clone()));
    assert_eq!(ann.update_participant(request).await.expect("the same request").into_inner(), changed);
    ann.update_participant(update(&world, &mentor, &["profile"])).await.expect("one's own");
    let told = world.suite.events::<ParticipantProfileChanged>().await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].profile.as_ref().expect("whole").goals, ["Change my mind"]);

    let stale =
        UpdateParticipantRequest { etag: mentor.etag.clone(), ..update(&world, &mentor, &["profile"]) };
    assert_eq!(reason(ann.update_participant(stale).await), "ETAG_MISMATCH");
    assert_eq!(
        field(ann.update_participant(update(&world, &mentor, &["state"])).await),
        "update_mask.paths[0]"
    );
    let none = UpdateParticipantRequest { capacity: 0, ..update(&world, &mentor, &["capacity"]) };
    assert_eq!(field(ann.update_participant(none).await), "capacity");
    let mut lea = ParticipantServiceClient::new(world.employee("lea").await);
    assert_eq!(
        reason(lea.update_participant(update(&world, &mentor, &["profile"])).await),
        "PERMISSION_DENIED"
    );
}

#[tokio::test]
async fn a_mentee_has_one_place() {
    let world = World::start().await;
    let program = world.program().await;
    let mentee = world.join("ann", &program, Mentee).await;
    assert_eq!(
        field(world.participants().update_participant(update(&world, &mentee, &["capacity"])).await),
        "capacity"
    );
}

#[tokio::test]
async fn one_withdraws_or_is_taken_out() {
    let world = World::start().await;
    let program = world.program().await;
    let (ann, bob) = (world.join("ann", &program, Mentee).await, world.join("bob", &program, Mentee).await);
    let withdraw = |participant: &Participant| WithdrawParticipantRequest {
        request_id: world.request_id(),
        participant_id: participant.participant_id.clone(),
        note: "no time".into(),
    };
    let mut own = ParticipantServiceClient::new(world.employee("ann").await);
    assert_eq!(reason(own.withdraw_participant(withdraw(&bob)).await), "PERMISSION_DENIED");
    own.withdraw_participant(withdraw(&ann)).await.expect("one's own");
    world.participants().withdraw_participant(withdraw(&bob)).await.expect("the program manager");
    assert_eq!(reason(own.withdraw_participant(withdraw(&ann)).await), "PARTICIPANT_STATE");
    let reasons: Vec<_> =
        world.suite.events::<ParticipantWithdrawn>().await.iter().map(|e| e.reason()).collect();
    assert_eq!(reasons, [WithdrawalReason::OwnWish, WithdrawalReason::ProgramManager]);
    let gone = world.participant(&ann.participant_id).await;
    assert_eq!(gone.withdrawal_reason(), ParticipantWithdrawalReason::OwnWish);
    assert_eq!(reason(own.update_participant(update(&world, &ann, &["profile"])).await), "PARTICIPANT_STATE");
    world.join("ann", &program, Mentee).await;
}
