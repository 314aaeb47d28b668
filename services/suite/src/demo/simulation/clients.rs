//! The public gRPC APIs, and nothing else.

use super::world::Person;
use anyhow::{Context, Result};
use contracts::mentor::{
    enrollment::v1::{
        application_service_client::ApplicationServiceClient,
        directory_service_client::DirectoryServiceClient, program_service_client::ProgramServiceClient,
        training_service_client::TrainingServiceClient,
    },
    evaluation::v1::{
        check_in_service_client::CheckInServiceClient, report_service_client::ReportServiceClient,
        review_service_client::ReviewServiceClient,
    },
    matching::v1::{
        criteria_service_client::CriteriaServiceClient, match_service_client::MatchServiceClient,
        run_service_client::RunServiceClient,
    },
    scheduling::v1::{
        availability_service_client::AvailabilityServiceClient, meeting_service_client::MeetingServiceClient,
    },
};
use grpc::{DevIssuer, NewToken};
use kernel::{Role, SharedClock, TenantId, Uuid};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tonic::{Request, Status, transport::Channel};
use tonic_types::StatusExt;

/// How long a token of the simulation is good; half of it is used.
const TOKEN_LIFE: Duration = Duration::from_secs(20 * 24 * 3600);

/// Clients of every service over one connection, and who calls.
pub(crate) struct Clients {
    pub(crate) directory: DirectoryServiceClient<Channel>,
    pub(crate) programs: ProgramServiceClient<Channel>,
    pub(crate) applications: ApplicationServiceClient<Channel>,
    pub(crate) training: TrainingServiceClient<Channel>,
    pub(crate) criteria: CriteriaServiceClient<Channel>,
    pub(crate) runs: RunServiceClient<Channel>,
    pub(crate) matches: MatchServiceClient<Channel>,
    pub(crate) availability: AvailabilityServiceClient<Channel>,
    pub(crate) meetings: MeetingServiceClient<Channel>,
    pub(crate) check_ins: CheckInServiceClient<Channel>,
    pub(crate) reviews: ReviewServiceClient<Channel>,
    pub(crate) reports: ReportServiceClient<Channel>,
    issuer: DevIssuer,
    tenant: TenantId,
    clock: SharedClock,
    tokens: Mutex<HashMap<String, (String, jiff::Timestamp)>>,
    calls: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

impl Clients {
    /// Connects.
    pub(crate) async fn connect(
        url: &str,
        issuer: DevIssuer,
        tenant: TenantId,
        clock: SharedClock,
    ) -> Result<Self> {
        let channel =
            Channel::from_shared(url.to_owned())?.connect().await.context("the suite does not answer")?;
        Ok(Clients {
            directory: DirectoryServiceClient::new(channel.clone()),
            programs: ProgramServiceClient::new(channel.clone()),
            applications: ApplicationServiceClient::new(channel.clone()),
            training: TrainingServiceClient::new(channel.clone()),
            criteria: CriteriaServiceClient::new(channel.clone()),
            runs: RunServiceClient::new(channel.clone()),
            matches: MatchServiceClient::new(channel.clone()),
            availability: AvailabilityServiceClient::new(channel.clone()),
            meetings: MeetingServiceClient::new(channel.clone()),
            check_ins: CheckInServiceClient::new(channel.clone()),
            reviews: ReviewServiceClient::new(channel.clone()),
            reports: ReportServiceClient::new(channel),
            issuer,
            tenant,
            clock,
            tokens: Mutex::default(),
            calls: AtomicU64::new(0),
            refusals: Mutex::default(),
        })
    }

    /// A fresh id for a request.
    pub(crate) fn request_id(&self) -> String {
        self.clock.new_id().to_string()
    }

    /// A call of the HR platform.
    pub(crate) fn hr<T>(&self, message: T) -> Result<Request<T>> {
        self.request("hr-platform", Role::HrClient, None, message)
    }

    /// A call of the program manager.
    pub(crate) fn manager<T>(&self, message: T) -> Result<Request<T>> {
        self.request("program-manager", Role::ProgramManager, None, message)
    }

    /// A call of somebody of the directory.
    pub(crate) fn person<T>(&self, person: &Person, message: T) -> Result<Request<T>> {
        self.request(&person.external_id, Role::Employee, Some(person.id), message)
    }

    fn request<T>(&self, subject: &str, role: Role, person: Option<Uuid>, message: T) -> Result<Request<T>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let token = self.token(subject, role, person)?;
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
        Ok(request)
    }

    fn token(&self, subject: &str, role: Role, person: Option<Uuid>) -> Result<String> {
        let now = self.clock.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = tokens.get(subject)
            && *until > now
        {
            return Ok(token.clone());
        }
        let new = NewToken { tenant: self.tenant, subject, roles: &[role], person, ttl: TOKEN_LIFE };
        let token = self.issuer.token(&new).map_err(|error| anyhow::anyhow!("no token: {error}"))?;
        tokens.insert(subject.to_owned(), (token.clone(), now + TOKEN_LIFE / 2));
        Ok(token)
    }

    /// Counts a refusal that people run into now and then, such as a slot that was taken meanwhile; any other
    /// status ends the simulation.
    pub(crate) fn tolerate<T>(&self, answer: Result<T, Status>, reasons: &[&str]) -> Result<Option<T>> {
        let status = match answer {
            Ok(answer) => return Ok(Some(answer)),
            Err(status) => status,
        };
        let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
        if !reasons.contains(&reason.as_str()) {
            anyhow::bail!("{:?} {reason}: {}", status.code(), status.message());
        }
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
        Ok(None)
    }

    /// Calls made so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Refusals met so far, by reason.
    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
