//! From text to a checked configuration. An entry that cannot be read is reported and taken out, and the rest is read
//! again, so that one pass over the file finds every problem.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::checks::{Finding, check};
use super::nearest::nearest;
use super::{Problem, StationConfig};

/// The configuration in `text`, or all that is wrong with it, by line.
pub(super) fn parse(text: &str) -> Result<StationConfig, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: toml::de::Error| Problem {
            line: error.span().map(|span| line_of(text, span.start)),
            message: format!("not TOML: {}", error.message()),
        };
        return Err(sorted(errors.into_iter().map(problem).collect()));
    }
    let mut problems = Vec::new();
    let mut readable = table.clone();
    let config = loop {
        match StationConfig::deserialize(Deserializer::from(readable.clone())) {
            Ok(config) => break config,
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let removed = remove_at(readable.get_mut(), start);
                let message = plain(error.message(), removed.as_deref().unwrap_or_default());
                problems.push(Problem { line: error.span().map(|_| line_of(text, start)), message });
                if removed.is_none() {
                    return Err(sorted(problems));
                }
            }
        }
    };
    let given = |key: &str| span_of(table.get_ref(), key).is_some();
    let unreadable = !problems.is_empty();
    for Finding { keys, message, needs_all } in check(&config, given) {
        // What was not readable is at its default here: a contradiction with it may not be one.
        if needs_all && unreadable {
            continue;
        }
        let line = keys.iter().find_map(|key| span_of(table.get_ref(), key)).map(|start| line_of(text, start));
        problems.push(Problem { line, message });
    }
    if problems.is_empty() { Ok(config) } else { Err(sorted(problems)) }
}

fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    problems
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
}

/// Takes the innermost entry out whose key or value holds the byte at `offset`, and gives its dotted key.
fn remove_at(table: &mut DeTable<'_>, offset: usize) -> Option<String> {
    let holds = |span: std::ops::Range<usize>| span.start <= offset && offset < span.end.max(span.start + 1);
    let mut found = None;
    for (key, value) in table.iter_mut() {
        if let DeValue::Table(inner) = value.get_mut()
            && let Some(below) = remove_at(inner, offset)
        {
            return Some(format!("{}.{below}", key.get_ref()));
        }
        if holds(value.span()) || holds(key.span()) {
            found = Some(key.get_ref().to_string());
        }
    }
    let key = found?;
    table.remove(key.as_str());
    Some(key)
}

/// Where the entry with this dotted key stands.
fn span_of(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let (name, value): (&Spanned<_>, _) = table.iter().find(|(name, _)| name.get_ref() == first)?;
    match rest {
        None => Some(name.span().start),
        Some(rest) => span_of(value.get_ref().as_table()?, rest),
    }
}

/// serde's message in the words of the file. `key` is the dotted key that it is about.
fn plain(message: &str, key: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (table, last) = key.rsplit_once('.').unwrap_or(("", key));
    let known = |names: &[&str]| format!("known here: {}", names.join(", "));
    if message.starts_with("unknown field") {
        let place = if table.is_empty() { "at the top".to_owned() } else { format!("in [{table}]") };
        let [unknown, rest @ ..] = &names[..] else { return format!("{key}: {message}") };
        return match nearest(unknown, rest) {
            Some(near) => format!("unknown key `{unknown}` {place}; did you mean `{near}`? ({})", known(rest)),
            None => format!("unknown key `{unknown}` {place}; {}", known(rest)),
        };
    }
    if message.starts_with("unknown variant") {
        let [unknown, rest @ ..] = &names[..] else { return format!("{key}: {message}") };
        let near = nearest(unknown, rest).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        return format!("{key}: found \"{unknown}\", expected one of {}{near}", rest.join(", "));
    }
    if let Some(name) = names.first().filter(|_| message.starts_with("missing field")) {
        return format!("{key}: the key `{name}` is missing");
    }
    let found = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match found.and_then(|text| text.rsplit_once(", expected ")) {
        Some((found, expected)) => format!("{key}: found {}, expected {}", found.replace('`', ""), type_name(expected)),
        None if last.is_empty() => message.to_owned(),
        None => format!("{key}: {message}"),
    }
}

/// A Rust type as the writer of a file knows it.
fn type_name(expected: &str) -> String {
    let whole = |least: i64, greatest: u64| format!("a whole number from {least} to {greatest}");
    match expected {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" => whole(0, i64::MAX as u64),
        "i32" => whole(i32::MIN.into(), i32::MAX as u64),
        "f64" => "a number".to_owned(),
        "path string" => "a path in quotes".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" => "a text in quotes".to_owned(),
        "string or table" => "a text in quotes".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}
