//! A valid request for any RPC, from its descriptor and the rules beside its fields.

use jiff::{SignedDuration, Timestamp};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value};
use tests::reflect::{is_id, real_oneof, rule};

/// An id field of a request, in the order in which [`generate`] fills them.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) list: bool,
    pub(crate) optional: bool,
}

/// The id fields of a request, without the request id.
pub(crate) fn slots(request: &MessageDescriptor) -> Vec<Slot> {
    let mut maker = Maker {
        ids: None,
        slots: Vec::new(),
        now: Timestamp::UNIX_EPOCH,
        mark: None,
        updates: updates(request),
    };
    maker.message(request);
    maker.slots
}

/// A request with these ids in its slots.
pub(crate) fn generate(method: &MethodDescriptor, ids: &[Vec<String>], now: Timestamp) -> DynamicMessage {
    let updates = updates(&method.input());
    let mut maker = Maker { ids: Some(ids), slots: Vec::new(), now, mark: None, updates };
    maker.message(&method.input())
}

/// A mark for texts.
#[derive(Clone, Copy)]
pub(crate) struct Mark<'a> {
    pub(crate) text: &'a str,
    /// Also where a text has a form of its own, such as a zone: the request is then not valid.
    pub(crate) everywhere: bool,
}

/// The same with this mark in every text that people write.
pub(crate) fn generate_marked(
    method: &MethodDescriptor,
    ids: &[Vec<String>],
    now: Timestamp,
    mark: Mark<'_>,
) -> DynamicMessage {
    let updates = updates(&method.input());
    let mut maker = Maker { ids: Some(ids), slots: Vec::new(), now, mark: Some(mark), updates };
    maker.message(&method.input())
}

struct Maker<'a> {
    ids: Option<&'a [Vec<String>]>,
    slots: Vec<Slot>,
    now: Timestamp,
    mark: Option<Mark<'a>>,
    /// Whether a resource in the request is one that is there.
    updates: bool,
}

fn updates(request: &MessageDescriptor) -> bool {
    request.name().starts_with("Update")
}

/// The id of a resource that stands in a request; a new one has none.
fn is_own_id(field: &FieldDescriptor) -> bool {
    let message = field.parent_message();
    field.number() == 1
        && field.name().ends_with("_id")
        && !is_id(field)
        && message.get_field_by_name("etag").is_some()
}

impl Maker<'_> {
    fn message(&mut self, descriptor: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        let mut chosen = Vec::new();
        for field in descriptor.fields() {
            if let Some(oneof) = real_oneof(&field) {
                if chosen.contains(&oneof) {
                    continue;
                }
                chosen.push(oneof);
            }
            if let Some(value) = self.field(&field) {
                message.set_field(&field, value);
            }
        }
        if let Some(mask) = descriptor.get_field_by_name("update_mask") {
            message.set_field(&mask, mask_value(&mask, descriptor));
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor) -> Option<Value> {
        if field.name() == "update_mask" {
            return None; // once the other fields are known
        }
        if field.name() == "fair" {
            return None; // only right in a mode of its own
        }
        if field.name() == "request_id" {
            return Some(Value::String(kernel::Uuid::new_v4().to_string()));
        }
        if is_own_id(field) && !self.updates {
            return None;
        }
        if is_id(field) || is_own_id(field) {
            return self.id(field);
        }
        if field.is_map() {
            return None;
        }
        let value = self.single(field)?;
        Some(if field.is_list() { Value::List(vec![value]) } else { value })
    }

    fn id(&mut self, field: &FieldDescriptor) -> Option<Value> {
        let ignores = rule(field, "ignore").and_then(|value| value.as_enum_number()).unwrap_or(0);
        let slot = Slot { name: field.name().to_owned(), list: field.is_list(), optional: ignores != 0 };
        let ids = self.ids.map(|ids| ids[self.slots.len()].clone()).unwrap_or_default();
        self.slots.push(slot);
        let mut values = ids.into_iter().map(Value::String);
        if field.is_list() { Some(Value::List(values.collect())) } else { values.next() }
    }

    fn single(&mut self, field: &FieldDescriptor) -> Option<Value> {
        Some(match field.kind() {
            Kind::Message(nested) if nested.full_name() == "google.protobuf.Timestamp" => {
                timestamp(&nested, self.now + ahead(field.name()))
            }
            Kind::Message(nested) => Value::Message(self.message(&nested)),
            Kind::Enum(declared) => {
                let first = declared.values().map(|value| value.number()).find(|number| *number != 0);
                Value::EnumNumber(first?)
            }
            // Nothing is imported: an empty snapshot would deactivate everybody.
            Kind::Bool => Value::Bool(matches!(field.name(), "dry_run" | "required")),
            Kind::String => Value::String(self.text(field)?),
            Kind::Bytes => return None,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number(field)?),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::from(number(field)?)),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(number(field)?.unsigned_abs()),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(number(field)?.unsigned_abs().into()),
            Kind::Double | Kind::Float => return None,
        })
    }

    fn text(&self, field: &FieldDescriptor) -> Option<String> {
        if let Some(mark) = self.mark.filter(|mark| mark.everywhere || field.name() == "title") {
            return Some(format!("{} {}", mark.text, kernel::Uuid::new_v4()));
        }
        Some(match field.name() {
            "page_token" | "etag" | "date_format" => return None,
            // Filters of the audit trail that would fit nothing.
            "actor" | "operation" | "object" | "object_key" => return None,
            "local" => (self.now + ahead("local")).strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            // A client with secrets of ours; what is sealed needs keys that last.
            "client_secret" | "certificate_thumbprint" | "jwks" => return None,
            "issuer" => "https://idp.example.com".to_owned(),
            "scopes" => "directory".to_owned(),
            "claims" => "{}".to_owned(),
            "roles" | "role" | "default_roles" => "auditor".to_owned(),
            "zone" => "Europe/London".to_owned(),
            "languages" | "required_language" => "en".to_owned(),
            "url" => "https://webhook.invalid/".to_owned(),
            "event_types" => "*".to_owned(),
            "times" => "02:30".to_owned(),
            "field" => "external_id".to_owned(),
            "rrule" => "FREQ=DAILY;COUNT=2".to_owned(),
            "title" => format!("Title {}", kernel::Uuid::new_v4()),
            name => match self.mark {
                Some(mark) if name.contains("email") => format!("{}@example.com", mark.text),
                Some(mark) => format!("{name} {}", mark.text),
                None => name.to_owned(),
            },
        })
    }
}

/// Numbers that are right by more than their own rule.
fn number(field: &FieldDescriptor) -> Option<i32> {
    match field.name() {
        "page_size" => return Some(1000),
        "version" | "criteria_version" => return None, // the latest
        "start_minute" => return Some(540),
        "end_minute" => return Some(600),
        name if name.ends_with("_max") => return bound(field, "lte"),
        _ => {}
    }
    let least = bound(field, "gte").unwrap_or(0);
    let most = bound(field, "lte").unwrap_or(i32::MAX);
    Some(least.max(1).min(most))
}

fn bound(field: &FieldDescriptor, which: &str) -> Option<i32> {
    let value = rule(field, &format!("int32.{which}")).or_else(|| rule(field, &format!("int64.{which}")))?;
    value.as_i32().or_else(|| value.as_i64().and_then(|number| i32::try_from(number).ok()))
}

/// Starts come before ends, and both lie ahead.
fn ahead(name: &str) -> SignedDuration {
    let is_end = ["ends", "not_after", "starts_before"].iter().any(|start| name.starts_with(start));
    SignedDuration::from_hours(if is_end { 24 * 5 } else { 24 * 3 })
}

fn timestamp(descriptor: &MessageDescriptor, at: Timestamp) -> Value {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("seconds", Value::I64(at.as_second()));
    Value::Message(message)
}

/// The mask names one plain field: of the request itself, else of the resource in it.
fn mask_value(mask: &FieldDescriptor, request: &MessageDescriptor) -> Value {
    let own = ["request_id", "etag", "update_mask"];
    let plain = |message: &MessageDescriptor| {
        let number = message.fields().find(|field| {
            !is_id(field)
                && !is_own_id(field)
                && !own.contains(&field.name())
                && field.kind().as_message().is_none()
                && !field.is_list()
        });
        number.map(|field| field.name().to_owned())
    };
    let of_resource =
        || request.fields().filter_map(|field| field.kind().as_message().and_then(plain)).next();
    let path = plain(request).or_else(of_resource).unwrap_or_default();
    let Kind::Message(descriptor) = mask.kind() else {
        return Value::Message(DynamicMessage::new(request.clone()));
    };
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("paths", Value::List(vec![Value::String(path)]));
    Value::Message(message)
}
