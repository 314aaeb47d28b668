//! The gateway's own files for reading people from CSV.

#[path = "../../../services/gateway/src/sync/connector.rs"]
#[expect(dead_code, reason = "what runs bound, and records have, beside what is read here")]
pub(crate) mod connector;
#[path = "../../../services/gateway/src/sync/employee.rs"]
pub(crate) mod employee;
#[path = "../../../services/gateway/src/sync/connectors/file.rs"]
#[expect(dead_code, reason = "the header is for the file of rejected rows")]
pub(crate) mod file;
#[path = "../../../services/gateway/src/sync/lines.rs"]
pub(crate) mod lines;
#[path = "../../../services/gateway/src/sync/mapping.rs"]
#[expect(dead_code, reason = "what other sources use")]
pub(crate) mod mapping;
