//! A program with people around it.

use contracts::mentor::common::v1::{ParticipantRole, Policy, Profile, Skill};
use contracts::mentor::enrollment::events::v1::{
    ParticipantProfileChanged, ParticipantReady, ParticipantWithdrawn, PersonUpserted, ProgramPublished,
    WithdrawalReason,
};
use contracts::mentor::matching::v1::{
    AcceptMatchRequest, DeclineMatchRequest, DeclineReason, GetMatchRunRequest, ListMatchesRequest,
    ListProposalsRequest, Match, MatchMode, MatchRun, MatchState, Proposal, PublishMatchRunRequest,
    PublishMatchRunResponse, StartMatchRunRequest, criteria_service_client::CriteriaServiceClient,
    match_service_client::MatchServiceClient, run_service_client::RunServiceClient,
};
use grpc::Channel;
use kernel::{Clock, Role, SystemClock};
use matching::Matching;
use testkit::{Suite, id};
use tonic::Status;
use uuid::Uuid;

/// The suite with the matching service and a published program.
pub(crate) struct World {
    pub(crate) suite: Suite,
}

/// The program of every test.
pub(crate) fn program() -> Uuid {
    id(10)
}

/// A mentor or mentee by number: the participant.
pub(crate) fn participant(number: u64) -> Uuid {
    id(1_000_000 + number)
}

/// A mentor or mentee by number: the person.
pub(crate) fn person(number: u64) -> Uuid {
    id(2_000_000 + number)
}

/// Somebody of the directory who takes no part.
pub(crate) fn stranger() -> Uuid {
    id(3_000_000)
}

/// A new request id.
pub(crate) fn request_id() -> String {
    SystemClock.new_id().to_string()
}

/// Why a call was refused.
pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    grpc::from_status(result.expect_err("the call must be refused")).reason.to_owned()
}

/// A profile with one skill at a level, wanted and offered.
pub(crate) fn profile(level: i32) -> Profile {
    let skill = || vec![Skill { id: "law".into(), level }];
    Profile {
        skills_wanted: skill(),
        skills_offered: skill(),
        languages: vec!["en".into()],
        zone: "Europe/London".into(),
        ..Profile::default()
    }
}

/// The directory's word on a person.
pub(crate) fn upserted(person: Uuid, managers: &[Uuid]) -> PersonUpserted {
    PersonUpserted {
        person_id: person.to_string(),
        external_id: person.to_string(),
        manager_id: managers.first().map(Uuid::to_string).unwrap_or_default(),
        manager_chain: managers.iter().map(Uuid::to_string).collect(),
        unit: "Finance".into(),
        ..PersonUpserted::default()
    }
}

/// A participant becomes ready.
pub(crate) fn ready(number: u64, role: ParticipantRole, capacity: i32, profile: Profile) -> ParticipantReady {
    ParticipantReady {
        participant_id: participant(number).to_string(),
        program_id: program().to_string(),
        person_id: person(number).to_string(),
        role: role.into(),
        capacity,
        profile: Some(profile),
    }
}

impl World {
    /// Only the service: nothing was told yet.
    pub(crate) async fn empty() -> World {
        World { suite: Suite::builder().service::<Matching>().start().await }
    }

    /// With one mentee and one mentor, and events that move only when the test settles.
    pub(crate) async fn by_hand() -> World {
        let world = World { suite: Suite::builder().service::<Matching>().in_process().start().await };
        world.suite.publish(&world.published()).await;
        world.mentee(1, 3).await;
        world.mentor(101, 1, 3).await;
        world.suite.settle().await;
        world
    }

    /// With a published program whose proposals wait 7 days and whose matches last 6 months.
    pub(crate) async fn new() -> World {
        let world = World::empty().await;
        world.suite.publish(&world.published()).await;
        world.suite.settle().await;
        world
    }

    /// With these mentees (1, 2, …) and mentors (101, 102, …), all of one skill level.
    pub(crate) async fn with(mentees: u64, capacities: &[i32]) -> World {
        let world = World::new().await;
        for mentee in 1..=mentees {
            world.mentee(mentee, 3).await;
        }
        for (mentor, capacity) in (101..).zip(capacities) {
            world.mentor(mentor, *capacity, 3).await;
        }
        world.suite.settle().await;
        world
    }

    pub(crate) fn published(&self) -> ProgramPublished {
        ProgramPublished {
            program_id: program().to_string(),
            name: "Pairs".into(),
            policy: Some(Policy { answer_days: 7, duration_months: 6, ..Policy::default() }),
            audience_size: 100,
        }
    }

    pub(crate) async fn mentee(&self, number: u64, level: i32) {
        self.suite.publish(&upserted(person(number), &[])).await;
        self.suite.publish(&ready(number, ParticipantRole::Mentee, 1, profile(level))).await;
    }

    pub(crate) async fn mentor(&self, number: u64, capacity: i32, level: i32) {
        self.suite.publish(&upserted(person(number), &[])).await;
        self.suite.publish(&ready(number, ParticipantRole::Mentor, capacity, profile(level))).await;
    }

    pub(crate) async fn withdraw(&self, number: u64, role: ParticipantRole, reason: WithdrawalReason) {
        let event = ParticipantWithdrawn {
            participant_id: participant(number).to_string(),
            program_id: program().to_string(),
            person_id: person(number).to_string(),
            role: role.into(),
            reason: reason.into(),
        };
        self.suite.publish(&event).await;
        self.suite.settle().await;
    }

    pub(crate) async fn change_mentor(&self, number: u64, capacity: i32) {
        let event = ParticipantProfileChanged {
            participant_id: participant(number).to_string(),
            program_id: program().to_string(),
            person_id: person(number).to_string(),
            role: ParticipantRole::Mentor.into(),
            capacity,
            profile: Some(profile(3)),
        };
        self.suite.publish(&event).await;
        self.suite.settle().await;
    }

    pub(crate) fn manager(&self) -> Channel {
        self.suite.acting(Role::ProgramManager, Some(id(1)))
    }

    pub(crate) fn runs(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.manager())
    }

    pub(crate) fn criteria(&self) -> CriteriaServiceClient<Channel> {
        CriteriaServiceClient::new(self.manager())
    }

    pub(crate) fn matches(&self) -> MatchServiceClient<Channel> {
        MatchServiceClient::new(self.manager())
    }

    /// The matches as a mentor or mentee sees them.
    pub(crate) fn matches_of(&self, number: u64) -> MatchServiceClient<Channel> {
        MatchServiceClient::new(self.suite.acting(Role::Employee, Some(person(number))))
    }

    /// Starts a run and waits for its end.
    pub(crate) async fn run(&self, mode: MatchMode, seed: i64) -> MatchRun {
        self.finished(start(mode, seed)).await
    }

    /// The same with any request.
    pub(crate) async fn finished(&self, request: StartMatchRunRequest) -> MatchRun {
        let started = self.runs().start_match_run(request).await.expect("the run starts").into_inner();
        self.suite.settle().await;
        self.get_run(&started.run.expect("a run").run_id).await
    }

    pub(crate) async fn get_run(&self, run: &str) -> MatchRun {
        let request = GetMatchRunRequest { run_id: run.to_owned() };
        self.runs().get_match_run(request).await.expect("the run is there").into_inner().run.expect("a run")
    }

    pub(crate) async fn proposals(&self, run: &str) -> Vec<Proposal> {
        let request =
            ListProposalsRequest { run_id: run.to_owned(), page_size: 1000, page_token: String::new() };
        self.runs().list_proposals(request).await.expect("the run has completed").into_inner().proposals
    }

    pub(crate) async fn publish(&self, run: &str) -> PublishMatchRunResponse {
        let request = PublishMatchRunRequest { request_id: request_id(), run_id: run.to_owned() };
        self.runs().publish_match_run(request).await.expect("the run is published").into_inner()
    }

    /// Runs and publishes: the proposed matches, by mentee.
    pub(crate) async fn matched(&self) -> Vec<Match> {
        let run = self.run(MatchMode::MaxTotal, 1).await;
        self.publish(&run.run_id).await;
        self.all(&[MatchState::Proposed]).await
    }

    /// Every match in these states, by mentee.
    pub(crate) async fn all(&self, states: &[MatchState]) -> Vec<Match> {
        let states = states.iter().map(|state| i32::from(*state)).collect();
        let request = ListMatchesRequest { states, page_size: 1000, ..ListMatchesRequest::default() };
        let listed = self.matches().list_matches(request).await.expect("the manager lists").into_inner();
        let mut matches = listed.matches;
        matches.sort_by(|a, b| a.mentee_participant_id.cmp(&b.mentee_participant_id));
        matches
    }

    pub(crate) async fn accept(&self, number: u64, found: &Match) -> Result<Match, Status> {
        let request = AcceptMatchRequest { request_id: request_id(), match_id: found.match_id.clone() };
        let response = self.matches_of(number).accept_match(request).await?.into_inner();
        Ok(response.r#match.expect("a match"))
    }

    pub(crate) async fn decline(&self, number: u64, found: &Match) -> Result<(Match, bool), Status> {
        let request = decline(found);
        let response = self.matches_of(number).decline_match(request).await?.into_inner();
        Ok((response.r#match.expect("a match"), response.moved_on))
    }

    /// Both sides accept.
    pub(crate) async fn activate(&self, mentee: u64, mentor: u64, found: &Match) -> Match {
        self.accept(mentee, found).await.expect("the mentee accepts");
        self.accept(mentor, found).await.expect("the mentor accepts")
    }

    /// The match as it is now.
    pub(crate) async fn current(&self, found: &Match) -> Match {
        let all = self.all(&[]).await;
        all.into_iter().find(|other| other.match_id == found.match_id).expect("the match is there")
    }
}

pub(crate) fn start(mode: MatchMode, seed: i64) -> StartMatchRunRequest {
    StartMatchRunRequest {
        request_id: request_id(),
        program_id: program().to_string(),
        mode: mode.into(),
        seed,
        ..StartMatchRunRequest::default()
    }
}

pub(crate) fn decline(found: &Match) -> DeclineMatchRequest {
    DeclineMatchRequest {
        request_id: request_id(),
        match_id: found.match_id.clone(),
        reason: DeclineReason::NoTime.into(),
        note: "away till May".into(),
    }
}
