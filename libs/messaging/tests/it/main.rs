//! One suite for both brokers, and what only RabbitMQ can suffer.

mod contract;
mod faults;
mod house;
mod probe;
mod retries;
