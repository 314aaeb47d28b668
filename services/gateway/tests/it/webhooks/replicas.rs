//! Several gateways on one queue, and one that is killed.

use super::{
    hooks::{Hooks, SOON},
    receiver::{Receiver, Reply},
};
use jiff::SignedDuration;
use std::{
    collections::HashSet,
    process::{Child, Command, Stdio},
    time::Duration,
};
use testkit::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_the_work_and_send_nothing_twice() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    for n in 0..60 {
        hooks.happen(&format!("user{n}")).await;
    }
    hooks.world.suite.settle().await;
    let replica = hooks.world.suite.replica().await;
    hooks.world.suite.advance(SignedDuration::from_secs(1));
    let (here, there) = tokio::join!(hooks.world.suite.host().run_jobs(), replica.run_jobs());
    assert!(here.is_ok() && there.is_ok());
    hooks.all_delivered(&id, 60).await;
    let ids: HashSet<String> = receiver.received().iter().map(|one| one.id().to_owned()).collect();
    assert_eq!((ids.len(), receiver.count()), (60, 60));
    replica.shutdown().await;
}

/// A gateway as a process of its own, by the machine's clock.
struct Process(Child);

impl Process {
    fn start(hooks: &Hooks) -> Process {
        let config = hooks.world.suite.config();
        let hooks_settings = toml::to_string(&config.services).expect("settings are TOML");
        let file = std::env::temp_dir().join(format!("mentor-gateway-{}.toml", hooks.world.request_id()));
        let nested = hooks_settings.replace("[gateway", "[services.gateway");
        std::fs::write(&file, nested).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mentor-gateway"));
        command
            .args(["serve", "--config"])
            .arg(&file)
            .env("MENTOR__DATABASE__URL", config.database.url.expose())
            .env("MENTOR__DATABASE__PASSWORD", config.database.password.expose())
            .env("MENTOR__MESSAGING__BROKER", "rabbitmq")
            .env("MENTOR__MESSAGING__URL", config.messaging.url.expose())
            .env("MENTOR__MESSAGING__PREFIX", &config.messaging.prefix)
            .env("MENTOR__CACHE__KIND", "redis")
            .env("MENTOR__CACHE__URL", config.cache.url.expose())
            .env("MENTOR__CACHE__PREFIX", &config.cache.prefix)
            .env("MENTOR__IDENTITY__DEV__ENABLED", "true")
            .env("MENTOR__SERVER__LISTEN", "127.0.0.1:0")
            .env("MENTOR__HTTP__LISTEN", "127.0.0.1:0")
            .env("MENTOR__TELEMETRY__LISTEN", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Process(command.spawn().expect("the binary was built"))
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.0.kill().expect("it ran");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_killed_in_mid_delivery_loses_nothing() {
    let hooks = Hooks::with(|hooks| drop(hooks.insert("timeout_seconds".to_owned(), 10.into()))).await;
    // The first is never answered: whoever sends it is killed meanwhile.
    let receiver = Receiver::start(|nth, _| if nth == 0 { Reply::Never } else { Reply::Status(200) }).await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    let mut first = Process::start(&hooks);
    hooks.happen("ann").await;
    // The test's own gateway never sends: its clock stands still.
    eventually!(Duration::from_secs(60), receiver.count() == 1);
    let second = Process::start(&hooks);
    first.kill();
    eventually!(Duration::from_secs(90), receiver.count() == 2);
    hooks.all_delivered(&id, 1).await;
    let received = receiver.received();
    assert_eq!((received[0].id(), &received[0].body), (received[1].id(), &received[1].body));
    let delivery = hooks.deliveries(&id).await.remove(0);
    assert_eq!(
        (delivery.attempts, delivery.recent_attempts.len()),
        (2, 1),
        "the killed one could not say how it ended"
    );
    drop(second);
    eventually!(SOON, receiver.count() == 2);
}
