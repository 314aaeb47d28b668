//! The life of a program with the separate binaries over real RabbitMQ, Redis and Postgres: configured by the
//! environment, called by public gRPC only, time moved for whole processes from outside.

mod alerts;
mod api;
mod authority;
mod bearer;
mod canaille;
mod edge_alerts;
mod foreign_client;
mod idle;
mod metrics;
mod program;
mod provisioned;
mod refused;
mod rollout;
mod start;
mod synchronised;
mod trace;
mod versions;
mod webhook_tls;
