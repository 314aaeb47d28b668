//! Domain: `emails[type eq "work"].value eq "x"`, which Entra sends and the grammar does not know, as
//! `emails[(type eq "work") and value eq "x"]`, which means the same. Pure.

/// Rewrites every such path of a filter; everything else stays as it is.
pub(crate) fn value_paths(filter: &str) -> String {
    let mut out = String::with_capacity(filter.len());
    // Where the inner filter of the bracket that is open begins in `out`.
    let mut open = None;
    let mut rest = filter;
    while let Some(next) = rest.chars().next() {
        match next {
            '"' => {
                let end = quoted(rest);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            '[' => open = Some(out.len() + 1),
            ']' => {
                if let (Some(begin), Some((comparison, after))) = (open.take(), comparison(&rest[1..])) {
                    let inner = out.split_off(begin);
                    out.push_str(&format!("({inner}) and {comparison}]"));
                    rest = after;
                    continue;
                }
            }
            _ => {}
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out
}

/// The length of a quoted text at the beginning, quotes included; all of it when it is not closed.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `.value eq "x"` at the beginning, without the dot, and what follows it.
fn comparison(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('.')?;
    let name = text.find(|c: char| !(c.is_ascii_alphanumeric() || "$_-".contains(c)))?;
    let operator = name + skip_spaces(&text[name..])?;
    let operator_end = operator + text[operator..].find(char::is_whitespace).unwrap_or(text.len() - operator);
    if text[operator..operator_end].trim_end_matches(')').eq_ignore_ascii_case("pr") {
        return Some(text.split_at(operator + 2));
    }
    let value = operator_end + skip_spaces(&text[operator_end..])?;
    let length = if text[value..].starts_with('"') {
        quoted(&text[value..])
    } else {
        text[value..].find(|c: char| c.is_whitespace() || c == ')').unwrap_or(text.len() - value)
    };
    Some(text.split_at(value + length))
}

/// The length of at least one space.
fn skip_spaces(text: &str) -> Option<usize> {
    let length = text.len() - text.trim_start().len();
    (length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_entra_sends_is_rewritten_and_nothing_else() {
        for (sent, expected) in [
            (r#"emails[type eq "work"].value eq "x""#, r#"emails[(type eq "work") and value eq "x"]"#),
            (
                r#"(emails[type eq "a]b" or type pr].value co "x)\"y") and active eq true"#,
                r#"(emails[(type eq "a]b" or type pr) and value co "x)\"y"]) and active eq true"#,
            ),
            (r#"(emails[type eq "w"].primary eq true)"#, r#"(emails[(type eq "w") and primary eq true])"#),
            (r#"(emails[type eq "w"].value pr)"#, r#"(emails[(type eq "w") and value pr])"#),
            (r#"emails[type eq "work"]"#, r#"emails[type eq "work"]"#),
            (r#"userName eq "a[b].value eq c""#, r#"userName eq "a[b].value eq c""#),
            (r#"emails[type eq "x"].value"#, r#"emails[type eq "x"].value"#),
            ("\"open", "\"open"),
            ("].value eq 1", "].value eq 1"),
        ] {
            assert_eq!(value_paths(sent), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r#"[a-z\[\]."\\ ()é]{0,60}"#) {
            value_paths(&text);
        }
    }
}
