//! The matching service on real servers: each RPC happy, invalid, forbidden, replayed and raced; each consumer
//! applied, twice and out of order; the jobs.

mod consumers;
mod criteria;
mod jobs;
mod matches;
mod pairs;
mod races;
mod runs;
mod world;
