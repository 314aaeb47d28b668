//! The program itself, as people run it: on the private Postgres, and on real servers.

mod check;
mod dev;
mod doctor;
mod events;
mod help;
mod matching;
mod people;
mod program;
mod serve;
mod tokens;
