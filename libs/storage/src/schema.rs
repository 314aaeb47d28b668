//! Statements of the house's tables, which stand in every service's own schema.

/// Puts a schema's name in place of `{s}`.
pub(crate) fn in_schema(template: &str, service: &str) -> String {
    template.replace("{s}", &format!("\"{service}\""))
}
