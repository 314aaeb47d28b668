//! From the import of an organisation to the report on its program.

use contracts::{
    mentor::{
        common::v1::{MatchEnding, ParticipantRole},
        enrollment::v1::{
            ApplicationDecision, DecideApplicationRequest, ImportMode,
            application_service_client::ApplicationServiceClient,
        },
        evaluation::v1::{
            AnswerCheckInRequest, CheckIn, CheckInAnswer, CheckInState, DecideReviewRequest,
            GetProgramReportRequest, ListCheckInsRequest, ListReviewsRequest, ProgramReport, Review,
            ReviewDecision, ReviewState, check_in_service_client::CheckInServiceClient,
            report_service_client::ReportServiceClient, review_service_client::ReviewServiceClient,
        },
        matching::v1::{
            DeclineMatchRequest, DeclineReason, Match, MatchState, match_service_client::MatchServiceClient,
        },
        scheduling::v1::{
            AttendanceHeld, CalendarMethod, GetMeetingCalendarRequest, Meeting, MeetingState,
            RecordAttendanceRequest, meeting_service_client::MeetingServiceClient,
            record_attendance_request::Outcome,
        },
    },
    time::from_timestamp,
};
use jiff::{SignedDuration, Timestamp};
use kernel::Uuid;
use std::{collections::BTreeMap, time::Duration};
use testkit::{TestDatabase, eventually, start_of_time};
use tests::{
    audit::Auditor,
    life::{PATIENCE, id, row},
    process::{Fleet, Servers},
    stage::Stage,
};

/// Mentors, and as many mentees.
const SIDES: usize = 18;
/// People in all: those, three line managers and the board.
const PEOPLE: i32 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_program() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let auditor = Auditor::begin(database.pool().clone(), fleet.tenant).await;
    fleet.begin_at(start_of_time());
    fleet.start_all().await;
    let stage = fleet.stage();

    let mut life = Life::recruit(&stage).await;
    life.pair_up().await;
    life.meet().await;
    let later = |days: i64| start_of_time() + SignedDuration::from_hours(24 * days);
    fleet.move_to(later(15));
    life.attend().await;
    fleet.move_to(later(31));
    life.answer_check_ins().await;
    fleet.move_to(later(91));
    let parted = life.review().await;
    life.leave(&parted).await;
    life.report().await;

    // The databases agree with what the APIs said.
    auditor.satisfied(PATIENCE).await;
    fleet.stop().await;
}

struct Life<'a> {
    stage: &'a Stage<'a>,
    people: BTreeMap<String, Uuid>,
    program: String,
    /// Active matches.
    pairs: Vec<Match>,
    meetings: Vec<Meeting>,
}

impl<'a> Life<'a> {
    /// Import, publish, apply, endorse, decide, train.
    async fn recruit(stage: &'a Stage<'a>) -> Life<'a> {
        let mut rows = vec![row("board", "", "Board")];
        rows.extend((0..3).map(|n| row(&format!("lead{n}"), "board", &format!("Unit {n}"))));
        for n in 0..SIDES {
            let (mentor, mentee) = (n % 3, (n + 1) % 3);
            rows.push(row(&format!("mentor{n}"), &format!("lead{mentor}"), &format!("Unit {mentor}")));
            rows.push(row(&format!("mentee{n}"), &format!("lead{mentee}"), &format!("Unit {mentee}")));
        }
        let imported = stage.import(ImportMode::Snapshot, rows.clone()).await;
        assert_eq!(imported.created, i64::from(PEOPLE));
        let again = stage.import(ImportMode::Snapshot, rows).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, i64::from(PEOPLE)));

        let people = stage.people().await;
        let program = stage.program("Leaders of tomorrow").await;
        let mut life = Life { stage, people, program, pairs: Vec::new(), meetings: Vec::new() };
        for (side, role) in [("mentor", ParticipantRole::Mentor), ("mentee", ParticipantRole::Mentee)] {
            let course = stage.course(&life.program, role).await;
            for n in 0..SIDES {
                let lead = if role == ParticipantRole::Mentor { n % 3 } else { (n + 1) % 3 };
                life.join(&format!("{side}{n}"), &format!("lead{lead}"), role, &course).await;
            }
        }
        life
    }

    /// The last mentee is turned down; everybody else becomes ready.
    async fn join(&mut self, name: &str, lead: &str, role: ParticipantRole, course: &str) {
        let (stage, person) = (self.stage, self.people[name]);
        let application = stage.apply(&self.program, person, role, 1).await;
        stage.endorse(self.people[lead], &application.application_id).await;
        if name == format!("mentee{}", SIDES - 1) {
            let request = DecideApplicationRequest {
                request_id: stage.request_id(),
                application_id: application.application_id,
                decision: ApplicationDecision::Reject.into(),
                reason: "another program suits these goals".to_owned(),
                etag: String::new(),
            };
            let mut client = ApplicationServiceClient::new(stage.manager("enrollment"));
            client.decide_application(request).await.expect("an open application");
            return;
        }
        let participant = stage.accept(&application.application_id).await;
        let completed = stage.complete(person, course).await;
        assert_eq!(completed.ready_participant_ids, [participant]);
    }

    /// Run, publish, accept; one declines and gets the next choice.
    async fn pair_up(&mut self) {
        let stage = self.stage;
        let count = i32::try_from(SIDES).expect("few");
        let run = stage.run(&self.program, count - 1, Some(count)).await;
        assert_eq!((run.pairs, run.unmatched, run.bound), (count - 1, 0, run.value), "complete and optimal");
        assert_eq!(stage.publish_run(&run.run_id).await, count - 1);
        let proposed = stage.matches(&self.program, &[MatchState::Proposed]).await;
        let declined = proposed.first().expect("some are proposed").clone();
        let request = DeclineMatchRequest {
            request_id: stage.request_id(),
            match_id: declined.match_id.clone(),
            reason: DeclineReason::NotAFit.into(),
            note: String::new(),
        };
        let mentee = id(&declined.mentee_person_id);
        let mut client = MatchServiceClient::new(stage.employee("matching", mentee));
        let answer = client.decline_match(request).await.expect("it is theirs").into_inner();
        assert!(answer.moved_on, "a mentor is left over");
        for found in stage.matches(&self.program, &[MatchState::Proposed]).await {
            let accepted = stage.accept_match(id(&found.mentee_person_id), &found.match_id).await;
            assert_eq!(accepted.state(), MatchState::Accepted);
            let active = stage.accept_match(id(&found.mentor_person_id), &found.match_id).await;
            assert_eq!(active.state(), MatchState::Active);
            assert_eq!(
                active.choice,
                if active.mentee_person_id == declined.mentee_person_id { 2 } else { 1 }
            );
            self.pairs.push(active);
        }
        assert_eq!(self.pairs.len(), SIDES - 1);
    }

    /// Every four weeks until the summer.
    async fn meet(&mut self) {
        for pair in &self.pairs {
            let mentee = id(&pair.mentee_person_id);
            let rule = "FREQ=WEEKLY;INTERVAL=4;COUNT=6";
            let meetings = self.stage.series(mentee, &pair.match_id, "2025-01-20T10:00:00", rule).await;
            assert_eq!(meetings.len(), 6);
            // 10:00 in London, in winter and in summer.
            let starts: Vec<String> = meetings.iter().map(|meeting| start(meeting).to_string()).collect();
            assert_eq!(
                (starts[0].as_str(), starts[3].as_str()),
                ("2025-01-20T10:00:00Z", "2025-04-14T09:00:00Z")
            );
            self.meetings.extend(meetings);
        }
    }

    /// The first meeting of each pair took place.
    async fn attend(&self) {
        for pair in &self.pairs {
            let meeting = self.meeting(&pair.match_id, 0);
            let both = vec![pair.mentor_person_id.clone(), pair.mentee_person_id.clone()];
            let request = RecordAttendanceRequest {
                request_id: self.stage.request_id(),
                meeting_id: meeting.meeting_id.clone(),
                outcome: Some(Outcome::Held(AttendanceHeld { attended_person_ids: both })),
            };
            let channel = self.stage.employee("scheduling", id(&pair.mentee_person_id));
            let recorded =
                MeetingServiceClient::new(channel).record_attendance(request).await.expect("it is over");
            assert_eq!(
                recorded.into_inner().meeting.map(|meeting| meeting.state()),
                Some(MeetingState::Held)
            );
        }
    }

    fn meeting(&self, match_id: &str, number: usize) -> &Meeting {
        self.meetings.iter().filter(|meeting| meeting.match_id == match_id).nth(number).expect("planned")
    }

    /// The job opens a check-in for each side after a month; everybody answers, once.
    async fn answer_check_ins(&self) {
        let open = eventually!(PATIENCE, {
            let open = self.check_ins(CheckInState::Open).await;
            (open.len() == self.pairs.len() * 2).then_some(open)
        });
        for check_in in open {
            let channel = self.stage.employee("evaluation", id(&check_in.person_id));
            let request = AnswerCheckInRequest {
                request_id: self.stage.request_id(),
                check_in_id: check_in.check_in_id,
                answer: Some(CheckInAnswer {
                    rating: 4,
                    met_as_agreed: true,
                    progress: 3,
                    wants_help: false,
                    comment: String::new(),
                }),
            };
            CheckInServiceClient::new(channel).answer_check_in(request).await.expect("it is theirs and open");
        }
        assert_eq!(self.check_ins(CheckInState::Answered).await.len(), self.pairs.len() * 2);
    }

    async fn check_ins(&self, state: CheckInState) -> Vec<CheckIn> {
        let request = ListCheckInsRequest {
            program_id: self.program.clone(),
            state: state.into(),
            page_size: 1000,
            ..ListCheckInsRequest::default()
        };
        let mut client = CheckInServiceClient::new(self.stage.manager("evaluation"));
        client.list_check_ins(request).await.expect("allowed").into_inner().check_ins
    }

    /// Day 90: every pair is reviewed; one ends without fault. Returns that one.
    async fn review(&mut self) -> Match {
        let open = eventually!(PATIENCE, {
            let open = self.reviews().await;
            (open.len() == self.pairs.len()).then_some(open)
        });
        let parted = self.pairs.remove(0);
        for review in open {
            let evidence = review.evidence.expect("a review carries its evidence");
            assert_eq!(evidence.meetings_held, 1, "{evidence:?}");
            let ends = review.match_id == parted.match_id;
            let decision = if ends { ReviewDecision::EndNoFault } else { ReviewDecision::Continue };
            let request = DecideReviewRequest {
                request_id: self.stage.request_id(),
                review_id: review.review_id,
                decision: decision.into(),
                rematch: ends,
            };
            let mut client = ReviewServiceClient::new(self.stage.manager("evaluation"));
            client.decide_review(request).await.expect("it is open");
        }
        self.ended(&parted, MatchEnding::NoFault).await;
        parted
    }

    async fn reviews(&self) -> Vec<Review> {
        let request = ListReviewsRequest {
            program_id: self.program.clone(),
            state: ReviewState::Open.into(),
            page_size: 1000,
            ..ListReviewsRequest::default()
        };
        let mut client = ReviewServiceClient::new(self.stage.manager("evaluation"));
        client.list_reviews(request).await.expect("allowed").into_inner().reviews
    }

    async fn ended(&self, pair: &Match, ending: MatchEnding) {
        let found = eventually!(PATIENCE, {
            let over = self.stage.matches(&self.program, &[MatchState::Dissolved]).await;
            over.into_iter().find(|found| found.match_id == pair.match_id)
        });
        assert_eq!((found.ending(), found.rematch), (ending, true));
    }

    /// A mentor leaves. On the same day: the match ends, what lies ahead is called off, the mentee can be matched.
    async fn leave(&mut self, parted: &Match) {
        let pair = self.pairs.remove(0);
        let (held, ahead) =
            (self.meeting(&pair.match_id, 0).clone(), self.meeting(&pair.match_id, 5).clone());
        let invitation = self.calendar(&ahead).await;
        assert_eq!(invitation.0, CalendarMethod::Request);
        assert_eq!(property(&invitation.1, "SEQUENCE"), "0");
        let today = self.stage.clock.now();

        let mentor = id(&pair.mentor_person_id);
        let name = self.people.iter().find(|(_, person)| **person == mentor).map(|(name, _)| name.clone());
        let mut left = row(&name.expect("imported"), "", "Unit 0");
        left.left = true;
        let imported = self.stage.import(ImportMode::Delta, vec![left]).await;
        assert_eq!(imported.deactivated, 1);

        self.ended(&pair, MatchEnding::Leaver).await;
        let cancelled = eventually!(PATIENCE, {
            let (method, text) = self.calendar(&ahead).await;
            (method == CalendarMethod::Cancel).then_some(text)
        });
        assert_eq!(property(&cancelled, "METHOD"), "CANCEL");
        assert_eq!(property(&cancelled, "UID"), property(&invitation.1, "UID"), "the same invitation");
        assert_eq!(property(&cancelled, "SEQUENCE"), "1", "newer than the invitation");
        let states: Vec<(bool, MeetingState)> = self
            .stage
            .meetings(&pair.match_id)
            .await
            .iter()
            .map(|meeting| (start(meeting) > today, meeting.state()))
            .collect();
        assert!(
            states.iter().all(|(ahead, state)| !ahead || *state == MeetingState::Cancelled),
            "{states:?}"
        );
        let kept = self.stage.meetings(&pair.match_id).await;
        let kept =
            kept.iter().find(|meeting| meeting.meeting_id == held.meeting_id).map(|meeting| meeting.state());
        assert_eq!(kept, Some(MeetingState::Held), "what was held stays held");

        // The two mentees without a mentor, and nobody else.
        let run = self.stage.run(&self.program, 2, None).await;
        assert_eq!(run.pairs + run.unmatched, 2);
        assert_eq!(self.stage.publish_run(&run.run_id).await, run.pairs);
        let proposed = self.stage.matches(&self.program, &[MatchState::Proposed]).await;
        let waiting = [&pair.mentee_person_id, &parted.mentee_person_id];
        assert!(proposed.iter().all(|found| waiting.contains(&&found.mentee_person_id)));
        assert!(self.stage.clock.now().duration_since(today) < SignedDuration::from_hours(1), "the same day");
    }

    /// The invitation of a meeting as the program manager sees it.
    async fn calendar(&self, meeting: &Meeting) -> (CalendarMethod, String) {
        let request = GetMeetingCalendarRequest { meeting_id: meeting.meeting_id.clone() };
        let mut client = MeetingServiceClient::new(self.stage.manager("scheduling"));
        let answer = client.get_meeting_calendar(request).await.expect("it was planned").into_inner();
        (answer.method(), answer.calendar)
    }

    /// Nothing here was counted by the test alone: evaluation heard it from the others.
    async fn report(&self) {
        let mut client = ReportServiceClient::new(self.stage.manager("evaluation"));
        let request = GetProgramReportRequest { program_id: self.program.clone() };
        let sides = i32::try_from(SIDES).expect("few");
        let mut last: Option<ProgramReport> = None;
        let heard = testkit::poll(PATIENCE * 2, "the report has heard of the leaver", async || {
            last = client.get_program_report(request.clone()).await.expect("published").into_inner().report;
            last.as_ref().is_some_and(|report| {
                let ended = report.matches.as_ref().is_some_and(|matches| matches.ended_early == 2);
                ended && report.leavers == 1
            })
        });
        let timely = tokio::time::timeout(PATIENCE + Duration::from_secs(1), heard).await.is_ok();
        assert!(timely, "{last:#?}");
        let report = last.expect("heard");
        let funnel = report.funnel.expect("a report has a funnel");
        assert_eq!((funnel.invited, funnel.applied, funnel.endorsed), (PEOPLE, sides * 2, sides * 2));
        assert_eq!((funnel.accepted, funnel.ready), (sides * 2 - 1, sides * 2 - 1));
        // One mentor was declined and has no pair.
        assert_eq!((funnel.matched, funnel.met), (sides * 2 - 2, sides * 2 - 2));
        let matches = report.matches.expect("a report counts matches");
        assert_eq!((matches.activated, matches.active, matches.declined), (sides - 1, sides - 3, 1));
        assert_eq!((report.reviews_opened, report.reviews_ended), (sides - 1, 1));
        let satisfaction = report.satisfaction.expect("everybody answered");
        assert_eq!((satisfaction.mentor_rating, satisfaction.mentee_rating), (Some(400), Some(400)));
        assert_eq!(report.meetings.iter().map(|month| month.held).sum::<i32>(), sides - 1);
        assert_eq!(report.match_rate_basis_points, 10_000);
    }
}

fn start(meeting: &Meeting) -> Timestamp {
    meeting.starts_at.as_ref().and_then(from_timestamp).expect("a meeting has a start")
}

/// The value of an iCalendar property.
fn property(calendar: &str, name: &str) -> String {
    let unfolded = calendar.replace("\r\n ", "");
    let line = unfolded.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in\n{calendar}")).to_owned()
}
