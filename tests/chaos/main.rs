//! Faults under load: nothing lost, nothing twice, everything in order, no hand needed. The services are separate
//! processes; an auditor that reads only the databases has the last word.
//!
//! `MENTOR_TEST_SEED` repeats a run's choices; each test prints its seed.

mod broker;
mod crash;
mod disk;
mod load;
mod order;
mod postgres;
mod redis;
mod run;
mod seed;
mod slice;
