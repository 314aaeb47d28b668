//! The suite's RPCs, as their descriptors say. Pure.

use prost_reflect::{DescriptorPool, MethodDescriptor};

/// One RPC.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    /// What it takes and gives, and what is said of it.
    pub(crate) descriptor: MethodDescriptor,
    /// `mentor.enrollment.v1.ProgramService/GetProgram`.
    pub(crate) name: String,
    /// The service of the suite that serves it: `enrollment`; `common` for what every process serves.
    pub(crate) owner: String,
}

impl Rpc {
    /// Whether one message is asked and one answered.
    pub(crate) fn is_unary(&self) -> bool {
        !self.descriptor.is_client_streaming() && !self.descriptor.is_server_streaming()
    }

    /// What a caller needs, such as `PERMISSION_PROGRAMS_READ`.
    pub(crate) fn permission(&self) -> String {
        let pool = self.descriptor.parent_pool();
        let Some(option) = pool.get_extension_by_name("mentor.common.v1.permission") else {
            return String::new();
        };
        let options = self.descriptor.options();
        let value = options.get_extension(&option);
        let kind = option.kind();
        let permission = value.as_enum_number().and_then(|number| kind.as_enum()?.get_value(number));
        permission.map(|permission| permission.name().to_owned()).unwrap_or_default()
    }
}

/// Every RPC of the suite, in the order of the protos.
pub(crate) fn all(pool: &DescriptorPool) -> Vec<Rpc> {
    let ours = pool.services().filter(|service| service.full_name().starts_with("mentor."));
    ours.flat_map(|service| {
        let owner = service.package_name().split('.').nth(1).unwrap_or_default().to_owned();
        let rpc = |descriptor: MethodDescriptor| Rpc {
            name: format!("{}/{}", service.full_name(), descriptor.name()),
            owner: owner.clone(),
            descriptor,
        };
        service.methods().map(rpc).collect::<Vec<_>>()
    })
    .collect()
}
