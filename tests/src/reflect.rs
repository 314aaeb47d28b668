//! Reading the contracts by reflection: RPCs, permissions, rules, comments.

use contracts::mentor::common::v1::Permission;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    MessageDescriptor, MethodDescriptor, ReflectMessage, ServiceDescriptor, Value,
};

/// The contracts' descriptors.
pub fn pool() -> &'static DescriptorPool {
    contracts::pool()
}

fn extension(name: &str) -> ExtensionDescriptor {
    pool().get_extension_by_name(name).unwrap_or_else(|| panic!("{name} is not declared"))
}

/// The suite's own files.
pub fn files() -> impl Iterator<Item = FileDescriptor> {
    pool().files().filter(|file| file.package_name().starts_with("mentor."))
}

/// The suite's own gRPC services.
pub fn services() -> impl Iterator<Item = ServiceDescriptor> {
    files().flat_map(|file| file.services().collect::<Vec<_>>())
}

/// Every RPC.
pub fn methods() -> impl Iterator<Item = MethodDescriptor> {
    services().flat_map(|service| service.methods().collect::<Vec<_>>())
}

/// The service of the suite that serves an RPC or owns a message: `enrollment` of `mentor.enrollment.v1`.
pub fn owner(package: &str) -> &str {
    package.split('.').nth(1).unwrap_or_default()
}

/// `/package.Service/Method`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// What a caller of the RPC needs.
pub fn permission(method: &MethodDescriptor) -> Permission {
    let options = method.options();
    let number = options.get_extension(&extension("mentor.common.v1.permission")).as_enum_number();
    number.and_then(|number| Permission::try_from(number).ok()).unwrap_or(Permission::Unspecified)
}

/// Whether the RPC changes something: its permission is none of reading.
pub fn is_mutation(method: &MethodDescriptor) -> bool {
    let name = permission(method).as_str_name();
    !name.ends_with("_READ") && !name.ends_with("_EXPORT")
}

/// A rule beside a field, such as `rule(field, "string.uuid")`.
pub fn rule(field: &FieldDescriptor, path: &str) -> Option<Value> {
    let options = field.options();
    let rules = extension("buf.validate.field");
    if !options.has_extension(&rules) {
        return None;
    }
    let mut value = options.get_extension(&rules).into_owned();
    for name in path.split('.') {
        let message = value.as_message()?;
        let field = message.descriptor().get_field_by_name(name)?;
        if !message.has_field(&field) {
            return None;
        }
        value = message.get_field(&field).into_owned();
    }
    Some(value)
}

/// Whether a field holds an id, alone or in a list.
pub fn is_id(field: &FieldDescriptor) -> bool {
    let holds = |path| rule(field, path).is_some_and(|value| value.as_bool() == Some(true));
    holds("string.uuid") || holds("repeated.items.string.uuid")
}

/// The example of an error reason.
pub fn example(reasons: &EnumDescriptor, number: i32) -> String {
    let Some(value) = reasons.get_value(number) else { return String::new() };
    let options = value.options();
    options.get_extension(&extension("mentor.common.v1.example")).as_str().unwrap_or_default().to_owned()
}

/// The messages that are events.
pub fn events() -> impl Iterator<Item = MessageDescriptor> {
    let event = extension("mentor.common.v1.event");
    pool().all_messages().filter(move |message| message.options().has_extension(&event))
}

/// The comment before a declaration, by its path in the file; empty when there is none.
pub fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map(|info| info.location.as_slice()).unwrap_or_default();
    let found = locations.iter().find(|location| location.path == path);
    found.and_then(|location| location.leading_comments.clone()).unwrap_or_default().trim().to_owned()
}

/// The message as canonical JSON.
pub fn json(message: &DynamicMessage) -> serde_json::Value {
    serde_json::to_value(message).unwrap_or_else(|error| panic!("no JSON of {message:?}: {error}"))
}

/// Whether the field is one choice of a oneof (and not only `optional`).
pub fn real_oneof(field: &FieldDescriptor) -> Option<String> {
    let oneof = field.containing_oneof()?;
    (!oneof.is_synthetic()).then(|| oneof.full_name().to_owned())
}
