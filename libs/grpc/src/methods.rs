//! The methods a server serves, read from the descriptors: who may call them and how they answer.

use crate::Permission;
use kernel::{Error, Result};
use metrics::{Counter, Histogram, SharedString};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// The descriptors that permissions are read from and that reflection shows.
#[derive(Clone, Debug)]
pub struct Descriptors {
    pub(crate) pool: DescriptorPool,
}

impl Descriptors {
    /// The suite's own contracts.
    pub fn contracts() -> Self {
        Descriptors { pool: contracts::pool().clone() }
    }

    /// Other descriptors, such as those of an extension. They must import `mentor/common/v1/options.proto`.
    pub fn of(pool: DescriptorPool) -> Self {
        Descriptors { pool }
    }
}

/// One RPC.
pub struct Method {
    /// `/package.Service/Method`.
    pub path: String,
    /// `package.Service`.
    pub service: String,
    /// `mentor.<service>`, the domain of its errors.
    pub domain: String,
    /// The service's one word, such as `enrollment`; `grpc` for health and reflection. Labels its metrics.
    pub owner: SharedString,
    /// The name alone.
    pub name: String,
    /// What the caller needs; `None` for health and reflection, which are open.
    pub permission: Option<Permission>,
    /// Whether messages flow for as long as the two sides like.
    pub streaming: bool,
    counters: [OnceLock<Counter>; 17],
    duration: OnceLock<Histogram>,
}

impl Method {
    fn new(service: &str, name: &str, permission: Option<Permission>, streaming: bool) -> Self {
        let mut parts = service.split('.');
        let (domain, owner) = match (parts.next(), parts.next()) {
            (Some("mentor"), Some(second)) => (format!("mentor.{second}"), second.to_owned()),
            _ => ("mentor".to_owned(), "grpc".to_owned()),
        };
        Method {
            path: format!("/{service}/{name}"),
            service: service.to_owned(),
            domain,
            owner: SharedString::from_shared(owner.into()),
            name: name.to_owned(),
            permission,
            streaming,
            counters: [const { OnceLock::new() }; 17],
            duration: OnceLock::new(),
        }
    }

    /// Counts a finished call. The handles are kept: looking them up would cost an allocation per call.
    pub(crate) fn count(&self, code: tonic::Code, took: std::time::Duration) {
        if let Some(slot) = usize::try_from(code as i32).ok().and_then(|index| self.counters.get(index)) {
            slot.get_or_init(|| {
                let (rpc_service, method) = (self.service.clone(), self.name.clone());
                metrics::counter!(
                    "mentor_rpc_calls_total", "service" => self.owner.clone(), "rpc_service" => rpc_service,
                    "method" => method, "code" => format!("{code:?}")
                )
            })
            .increment(1);
        }
        self.duration
            .get_or_init(|| {
                let (rpc_service, method) = (self.service.clone(), self.name.clone());
                metrics::histogram!(
                    "mentor_rpc_duration_seconds", "service" => self.owner.clone(), "rpc_service" => rpc_service,
                    "method" => method
                )
            })
            .record(took.as_secs_f64());
    }
}

/// Counts a refusal by its reason. Reasons are the contract's, so there are few.
pub(crate) fn refused(method: Option<&Method>, reason: &'static str) {
    let owner = method.map_or_else(|| SharedString::const_str("grpc"), |method| method.owner.clone());
    metrics::counter!("mentor_rpc_refusals_total", "service" => owner, "reason" => reason).increment(1);
}

/// Methods by path.
pub struct Methods {
    by_path: HashMap<String, Arc<Method>>,
    services: Vec<String>,
}

impl Methods {
    /// The methods of every gRPC service in the packages `mentor.<name>.…`, and those of health and reflection.
    ///
    /// # Errors
    /// Internal, naming the method that declares no permission, or the name that has no gRPC service.
    pub fn read(descriptors: &Descriptors, names: &[String]) -> Result<Self> {
        let mut methods = Methods { by_path: HashMap::new(), services: Vec::new() };
        for name in names {
            let prefix = format!("mentor.{name}.");
            let mut found = false;
            for service in descriptors.pool.services().filter(|s| s.full_name().starts_with(&prefix)) {
                found = true;
                methods.services.push(service.full_name().to_owned());
                for method in service.methods() {
                    let permission = permission(&descriptors.pool, &method)?;
                    let streaming = method.is_client_streaming() || method.is_server_streaming();
                    methods.add(Method::new(service.full_name(), method.name(), Some(permission), streaming));
                }
            }
            if !found {
                return Err(Error::internal(format!("no gRPC service in the packages {prefix}*")));
            }
        }
        for (service, name, streaming) in OPEN {
            methods.add(Method::new(service, name, None, streaming));
        }
        Ok(methods)
    }

    fn add(&mut self, method: Method) {
        self.by_path.insert(method.path.clone(), Arc::new(method));
    }

    /// The method at a path.
    pub fn get(&self, path: &str) -> Option<&Arc<Method>> {
        self.by_path.get(path)
    }

    /// The full names of the services that are served, without health and reflection.
    pub fn services(&self) -> &[String] {
        &self.services
    }
}

/// What anybody may call: probes have no token, and contracts are no secret.
const OPEN: [(&str, &str, bool); 4] = [
    ("grpc.health.v1.Health", "Check", false),
    ("grpc.health.v1.Health", "Watch", true),
    ("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", true),
    ("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", true),
];

fn permission(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<Permission> {
    let missing = || Error::internal(format!("method {} declares no permission", method.full_name()));
    let option = pool.get_extension_by_name("mentor.common.v1.permission").ok_or_else(missing)?;
    let options = method.options();
    let number = options.get_extension(&option).as_enum_number().unwrap_or(0);
    match Permission::try_from(number) {
        Ok(Permission::Unspecified) | Err(_) => Err(missing()),
        Ok(permission) => Ok(permission),
    }
}
