//! The enrollment service on real servers, through its public API.

mod access;
mod applications;
mod export;
mod import;
mod import_files;
mod jobs;
mod leavers;
mod participants;
mod people;
mod programs;
mod provisioning;
mod training;
mod world;
