//! How long whoever is out is let in anywhere: after SCIM said that they left, and after the identity provider said that they
//! signed out. The services are processes of their own (`MENTOR_BIN`), on real servers; everybody calls all of them all the
//! time, so that what a process believes of them is as fresh as it can be.

use crate::{median, number};
use anyhow::Result;
use testkit::{
    TestDatabase,
    servers::{Private, Server},
};
use tests::{
    leaving::Departures,
    process::{Fleet, Servers},
};

/// Measures both, in turn.
pub(crate) async fn measure() -> Result<()> {
    let database = TestDatabase::empty().await;
    let redis = Private::start(Server::Redis).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut departures = Departures::start(Fleet::prepare(&servers).await).await;
    let (mut left, mut signed_out) = (Vec::new(), Vec::new());
    for round in 0..number("ROUNDS", 5)? {
        left.push(departures.leaves(&format!("leaver{round}")).await.as_secs_f64());
        signed_out.push(departures.signs_out(&format!("visitor{round}")).await.as_secs_f64());
    }
    report("left by SCIM until refused by every service", &left);
    report("signed out at the provider until refused by every service", &signed_out);
    departures.fleet.stop().await;
    Ok(())
}

fn report(what: &str, times: &[f64]) {
    println!("{what}: {:.3} s", median(times));
    println!("{what}, slowest of {}: {:.3} s", times.len(), times.iter().copied().fold(0.0, f64::max));
}
