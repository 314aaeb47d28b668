//! The scheduling service on real servers: each RPC happy, invalid, forbidden, replayed and raced; each consumer
//! applied, twice and out of order; the job.

mod availability;
mod cadence;
mod calendars;
mod consumers;
mod jobs;
mod meetings;
mod series;
mod world;
