//! Who calls whom: channels of people and machines to the services, wherever those run.

use grpc::Channel;
use kernel::{Role, SharedClock, TenantId, Uuid};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Connects to a service (`enrollment`, …) with a token.
pub type Connect<'a> = Box<dyn Fn(&str, &str) -> Channel + Send + Sync + 'a>;
/// Makes a token.
pub type Issue<'a> = Box<dyn Fn(TenantId, Role, Option<Uuid>) -> String + Send + Sync + 'a>;

/// Service, role, person.
type Caller = (String, Role, Option<Uuid>);

/// The services as one tenant's people see them.
pub struct Stage<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The services' time.
    pub clock: SharedClock,
    connect: Connect<'a>,
    issue: Issue<'a>,
    channels: Mutex<HashMap<Caller, Channel>>,
}

impl<'a> Stage<'a> {
    /// A stage of these services.
    pub fn new(tenant: TenantId, clock: SharedClock, connect: Connect<'a>, issue: Issue<'a>) -> Self {
        Stage { tenant, clock, connect, issue, channels: Mutex::default() }
    }

    /// A channel to a service of somebody with this role, and who they are in the directory.
    pub fn channel(&self, service: &str, role: Role, person: Option<Uuid>) -> Channel {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.to_owned(), role, person);
        let make = || (self.connect)(service, &(self.issue)(self.tenant, role, person));
        channels.entry(key).or_insert_with(make).clone()
    }

    /// A channel of the program manager.
    pub fn manager(&self, service: &str) -> Channel {
        self.channel(service, Role::ProgramManager, None)
    }

    /// A channel of a person who is only an employee.
    pub fn employee(&self, service: &str, person: Uuid) -> Channel {
        self.channel(service, Role::Employee, Some(person))
    }

    /// A new request id.
    pub fn request_id(&self) -> String {
        self.clock.new_id().to_string()
    }
}
