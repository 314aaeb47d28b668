//! Who has left is refused by every service at once, however long their token lives, and also after the shared
//! cache has lost everything.

use crate::provisioned::Scim;
use contracts::mentor::{
    enrollment::v1::{ImportMode, ListProgramsRequest, program_service_client::ProgramServiceClient},
    evaluation::v1::{ListReviewsRequest, review_service_client::ReviewServiceClient},
    gateway::v1::{ListConnectionsRequest, connection_service_client::ConnectionServiceClient},
    matching::v1::{ListMatchesRequest, match_service_client::MatchServiceClient},
    scheduling::v1::{ListMeetingsRequest, meeting_service_client::MeetingServiceClient},
};
use jiff::SignedDuration;
use kernel::{Clock, Uuid};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use testkit::{
    TestDatabase, eventually,
    servers::{Private, Server},
    start_of_time,
};
use tests::{
    life::{PATIENCE, row},
    process::{Fleet, SERVICES, Servers},
    stage::Stage,
};
use tonic::Status;

/// The event has to arrive, and an answer of the cache is believed for a second (`limits.deactivation_check`). On a
/// quiet machine about a second in all, which the test prints.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_is_refused_everywhere() {
    let database = TestDatabase::empty().await;
    // One's own: it will be wiped.
    let redis = Private::start(Server::Redis).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    fleet.begin_at(start_of_time());
    fleet.start_all().await;
    let stage = fleet.stage();
    let rows = ["ada", "bob", "eve"].map(|name| row(name, "", "Finance")).to_vec();
    stage.import(ImportMode::Snapshot, rows).await;
    let people = stage.people().await;

    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, None, "{service}");
    }
    leave(&stage, "ada").await;
    let began = Instant::now();
    for service in SERVICES {
        eventually!(AT_ONCE, refusal(&stage, service, people["ada"]).await == Some("PERSON_DEACTIVATED"));
    }
    println!("refused everywhere after {} ms", began.elapsed().as_millis());
    assert_eq!(refusal(&stage, "enrollment", people["eve"]).await, None, "who is here is let in");

    wipe(redis.url());
    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, Some("PERSON_DEACTIVATED"), "{service}");
    }

    // Somebody whom most processes have never seen, and a cache that has forgotten them.
    leave(&stage, "bob").await;
    eventually!(AT_ONCE, refusal(&stage, "enrollment", people["bob"]).await == Some("PERSON_DEACTIVATED"));
    wipe(redis.url());
    // The directory fills a lost set again every minute.
    fleet.move_to(fleet.clock.now() + SignedDuration::from_secs(61));
    for service in SERVICES {
        eventually!(PATIENCE, refusal(&stage, service, people["bob"]).await == Some("PERSON_DEACTIVATED"));
    }
    // Whoever comes back is let in again.
    stage.import(ImportMode::Delta, vec![row("bob", "", "Finance")]).await;
    for service in SERVICES {
        eventually!(PATIENCE, refusal(&stage, service, people["bob"]).await.is_none());
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_by_scim_is_refused_everywhere() {
    let database = TestDatabase::empty().await;
    let redis = Private::start(Server::Redis).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let http = listener.local_addr().expect("bound").to_string();
    drop(listener);
    fleet.set("MENTOR__HTTP__LISTEN", &http);
    fleet.begin_at(start_of_time());
    fleet.start_all().await;
    let stage = fleet.stage();
    let scim = Scim::connect(&http, &stage).await;
    scim.push("ada", "").await;
    scim.push("eve", "").await;
    eventually!(PATIENCE, stage.people().await.len() == 2);
    let people = stage.people().await;
    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, None, "{service}");
    }
    let began = Instant::now();
    scim.let_go("ada").await;
    for service in SERVICES {
        eventually!(AT_ONCE, refusal(&stage, service, people["ada"]).await == Some("PERSON_DEACTIVATED"));
    }
    println!(
        "refused everywhere {} ms after the identity provider began to say so",
        began.elapsed().as_millis()
    );
    assert_eq!(refusal(&stage, "matching", people["eve"]).await, None, "who is here is let in");
    wipe(redis.url());
    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, Some("PERSON_DEACTIVATED"), "{service}");
    }
    fleet.stop().await;
}

async fn leave(stage: &Stage<'_>, name: &str) {
    let mut left = row(name, "", "Finance");
    left.left = true;
    assert_eq!(stage.import(ImportMode::Delta, vec![left]).await.deactivated, 1);
}

/// Why a person's own list is refused by a service, if it is.
async fn refusal(stage: &Stage<'_>, service: &str, person: Uuid) -> Option<&'static str> {
    let channel = stage.employee(service, person);
    let refused: Result<(), Status> = match service {
        "enrollment" => {
            let mut client = ProgramServiceClient::new(channel);
            client.list_programs(ListProgramsRequest::default()).await.map(|_| ())
        }
        "matching" => {
            let mut client = MatchServiceClient::new(channel);
            client.list_matches(ListMatchesRequest::default()).await.map(|_| ())
        }
        "scheduling" => {
            let mut client = MeetingServiceClient::new(channel);
            client.list_meetings(ListMeetingsRequest::default()).await.map(|_| ())
        }
        "gateway" => {
            let mut client = ConnectionServiceClient::new(channel);
            let answer = client.list_connections(ListConnectionsRequest::default()).await.map(|_| ());
            // Employees have nothing to do there: who is somebody still hears this, and not that they are gone.
            answer.or_else(|status| match grpc::from_status(status.clone()).reason {
                "PERMISSION_DENIED" => Ok(()),
                _ => Err(status),
            })
        }
        _ => {
            let mut client = ReviewServiceClient::new(channel);
            client.list_reviews(ListReviewsRequest::default()).await.map(|_| ())
        }
    };
    refused.err().map(|status| grpc::from_status(status).reason)
}

fn wipe(url: &str) {
    let status = Command::new("redis-cli").args(["-u", url, "flushall"]).status();
    assert!(status.is_ok_and(|status| status.success()), "redis-cli comes with redis-server");
}
