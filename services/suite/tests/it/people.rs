//! `mentor people import` against a running gateway.

use crate::program::{Environment, Finished, run};
use gateway::Gateway;
use jiff::SignedDuration;
use kernel::Role;
use std::{path::Path, time::Duration};
use testkit::{Suite, eventually};

const STAFF: &str = "No;First;Last;Boss;Status\n1;Ann;Lee;;A\n2;Bob;Ash;1;A\n3;Eve;Ray;1;Z\n";
const MAPPING: &str = "[fields]\nexternal_id = 'No'\nmanager = 'Boss'\ndisplay_name = ['First', 'Last']\n\
                       active = { column = 'Status', values = { A = 'true', R = 'false' } }\n";

struct World {
    suite: Suite,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> World {
        let suite = Suite::builder().service::<Gateway>().in_process().start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let world = World { suite, folder };
        world.write("token", &world.suite.token(Role::HrAdmin, None));
        world.write("staff.csv", STAFF);
        world.write("columns.toml", MAPPING);
        world
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(Path::new(&self.path(name)), text).expect("written");
    }

    /// Types the command, while the gateway's jobs run.
    async fn import(&self, file: &str, more: &[&str]) -> Finished {
        let mut args: Vec<String> = ["people", "import"].map(str::to_owned).into();
        args.push(self.path(file));
        let (server, token) = (self.suite.host().url(), self.path("token"));
        args.extend(["--server", server.as_str(), "--token-file", token.as_str()].map(str::to_owned));
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        let typed = tokio::spawn(async move {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            run(&args, &Environment::new()).await
        });
        eventually!(Duration::from_secs(60), {
            self.suite.advance(SignedDuration::from_secs(1));
            self.suite.run_jobs().await;
            typed.is_finished()
        });
        typed.await.expect("it ends")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_tried_imported_corrected_and_imported_again() {
    let world = World::start().await;
    let (columns, wrong) = (world.path("columns.toml"), world.path("wrong.csv"));
    let dry = world.import("staff.csv", &["--mapping", &columns, "--dry-run", "--json"]).await;
    assert_eq!(dry.code, Some(0), "{}{}", dry.stdout, dry.stderr);
    let report = dry.json();
    assert_eq!(
        (report["state"].as_str(), report["created"].as_i64(), report["rejected"].as_i64()),
        (Some("succeeded"), Some(2), Some(1))
    );
    assert_eq!(report["changes"][0]["kind"], "comes");

    let first = world.import("staff.csv", &["--mapping", &columns, "--rejected", &wrong]).await;
    assert_eq!(first.code, Some(0), "{}{}", first.stdout, first.stderr);
    assert!(
        first.stdout.starts_with("3 read: 2 new, 0 changed, 0 back, 0 gone, 0 as they were, 1 left out\n"),
        "{}",
        first.stdout
    );
    assert!(
        first.stdout.contains("row 4 (3): active 'z' is neither true nor false")
            || first.stdout.contains("row 4 (3): active 'Z'"),
        "{}",
        first.stdout
    );
    let rejected = std::fs::read_to_string(&wrong).expect("rows to correct");
    assert!(
        rejected.starts_with("No,First,Last,Boss,Status,line_number,what_is_wrong\n3,Eve,Ray,1,Z,4,"),
        "{rejected}"
    );

    world.write("right.csv", &rejected.replace(",Z,", ",A,"));
    let right = world.import("right.csv", &["--mapping", &columns, "--delta"]).await;
    assert!(right.stdout.starts_with("1 read: 1 new"), "{}{}", right.stdout, right.stderr);
    world.write("staff.csv", &STAFF.replace(";Z", ";A"));
    let again = world.import("staff.csv", &["--mapping", &columns, "--json"]).await.json();
    assert_eq!((again["unchanged"].as_i64(), again["created"].as_i64()), (Some(3), Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_leavers_need_to_be_confirmed_and_mistakes_come_with_advice() {
    let world = World::start().await;
    let columns = world.path("columns.toml");
    world.write("staff.csv", &STAFF.replace(";Z", ";A"));
    world.import("staff.csv", &["--mapping", &columns]).await;
    world.write("staff.csv", "No;First;Last;Boss;Status\n1;Ann;Lee;;A\n");
    let asks = world.import("staff.csv", &["--mapping", &columns]).await;
    assert_eq!(asks.code, Some(1));
    assert!(asks.stdout.contains("2 of 3 people (66 %) would leave"), "{}", asks.stdout);
    assert!(asks.stderr.contains("--confirm"), "{}", asks.stderr);
    let done = world.import("staff.csv", &["--mapping", &columns, "--confirm"]).await;
    assert!(done.code == Some(0) && done.stdout.contains("2 gone"), "{}{}", done.stdout, done.stderr);

    let unmapped = world.import("staff.csv", &[]).await;
    assert_eq!(unmapped.code, Some(1));
    assert!(unmapped.stderr.contains("column employee_id is missing"), "{}", unmapped.stderr);
    world.write("columns.toml", "[fields]\nshoe_size = 'No'\n");
    let wrong = world.import("staff.csv", &["--mapping", &columns]).await;
    assert!(wrong.code == Some(1) && wrong.stderr.contains("'shoe_size' is no field"), "{}", wrong.stderr);
    world.write("columns.toml", "unit = 3");
    let wrong = world.import("staff.csv", &["--mapping", &columns]).await;
    assert!(wrong.stderr.contains("what to do: write it like this"), "{}", wrong.stderr);
    world.write("token", "nonsense");
    let stranger = world.import("staff.csv", &[]).await;
    assert!(stranger.stderr.contains("what to do: give a token of the role hr_admin"), "{}", stranger.stderr);
}
