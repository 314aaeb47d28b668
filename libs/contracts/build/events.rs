//! `impl Event` for every message with the event option.

use crate::names;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use std::error::Error;

/// The Rust text: one impl per event, and the list of all of them.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool
        .get_extension_by_name("mentor.common.v1.event")
        .ok_or("mentor.common.v1.event is not declared")?;
    let (mut impls, mut list) = (String::new(), String::new());
    for message in pool.all_messages().filter(|message| message.options().has_extension(&option)) {
        let options = message.options();
        let value = options.get_extension(&option);
        let event = Event::read(&message, value.as_message().ok_or("the event option is no message")?)?;
        impls.push_str(&event.implementation());
        list.push_str(&event.entry());
    }
    Ok(format!("{impls}\nstatic EVENT_TYPES: &[EventType] = &[{list}];\n"))
}

struct Event {
    rust: String,
    type_name: String,
    service: String,
    aggregate: String,
    routing_key: String,
    subject: String,
}

impl Event {
    fn read(message: &MessageDescriptor, option: &DynamicMessage) -> Result<Self, Box<dyn Error>> {
        let text = |name: &str| -> String {
            option
                .get_field_by_name(name)
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        // mentor.<service>.events.v<N>
        let package: Vec<&str> = message.package_name().split('.').collect();
        let ["mentor", service, "events", version] = package[..] else {
            return Err(
                format!("{}: events live in mentor.<service>.events.v<N>", message.full_name()).into()
            );
        };
        let subject = text("subject");
        if message.get_field_by_name(&subject).is_none() {
            return Err(format!("{}: no field '{subject}' to be the subject", message.full_name()).into());
        }
        Ok(Event {
            rust: names::message(message),
            type_name: message.full_name().to_owned(),
            service: service.to_owned(),
            aggregate: text("aggregate"),
            routing_key: format!("{service}.{version}.{}", names::snake(message.name())),
            subject,
        })
    }

    fn implementation(&self) -> String {
        format!(
            "impl Event for {} {{ const TYPE: &'static str = {:?}; const SERVICE: &'static str = {:?}; \
             const AGGREGATE: &'static str = {:?}; const ROUTING_KEY: &'static str = {:?}; \
             fn subject(&self) -> &str {{ &self.{} }} }}\n",
            self.rust, self.type_name, self.service, self.aggregate, self.routing_key, self.subject
        )
    }

    fn entry(&self) -> String {
        format!(
            "EventType {{ type_name: {:?}, service: {:?}, aggregate: {:?}, routing_key: {:?} }},",
            self.type_name, self.service, self.aggregate, self.routing_key
        )
    }
}
