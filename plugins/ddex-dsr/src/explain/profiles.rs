//! Profiles: their versions, and one of them with the order of its records.

use super::{age, edition, wrapped};
use crate::families::Role;
use crate::tables;
use std::fmt::Write as _;
use transpose_records::spec::{ProfileSpec, RecordSpec, Structure, Times};

/// Explains a profile by name or alias, in its newest version or in that after `@` or a space.
pub(super) fn explain(topic: &str) -> Option<String> {
    let (name, version) = match topic.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => match topic.rsplit_once(' ') {
            Some((name, last)) if last.starts_with(|c: char| c.is_ascii_digit()) => (name, Some(last)),
            _ => (topic, None),
        },
    };
    let versions = versions(&key(name));
    let shown = versions.iter().find(|spec| version.is_none_or(|version| spec.version == version))?;
    Some(text(shown, &versions))
}

/// What counts of a profile's name: letters and digits, without capitals and without the word
/// itself, which some write and some do not.
fn key(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    letters.collect::<String>().replace("profile", "")
}

/// The versions of a profile, the newest first.
fn versions(wanted: &str) -> Vec<&'static ProfileSpec> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let called = |spec: &&ProfileSpec| {
        std::iter::once(&spec.profile).chain(spec.accept).any(|name| key(name) == wanted)
    };
    let mut found: Vec<_> = tables::profiles().iter().filter(called).collect();
    found.sort_by(|a, b| age(a.generation).cmp(&age(b.generation)).then(b.version.cmp(a.version)));
    found
}

fn text(spec: &'static ProfileSpec, versions: &[&ProfileSpec]) -> String {
    let mut out = format!("{} {}\n", spec.profile, spec.version);
    if !spec.written.is_empty() {
        let _ = writeln!(out, "name in the header: {}", spec.written);
    }
    let others: Vec<&str> = spec.accept.iter().filter(|name| **name != spec.written).copied().collect();
    if !others.is_empty() {
        let _ = writeln!(out, "also written: {}", others.join(", "));
    }
    let _ = writeln!(out, "variant: {}", spec.variant);
    let _ = writeln!(out, "status: {}", spec.status.name());
    if !spec.assumed.is_empty() {
        let _ = writeln!(out, "note: {}", spec.assumed);
    }
    let _ = writeln!(out, "definition: {} ({})", spec.generation, edition(spec.generation));
    let _ = writeln!(out, "message version: {}", spec.message_version);
    let others: Vec<String> =
        versions.iter().map(|version| format!("{}@{}", version.profile, version.version)).collect();
    let _ = writeln!(out, "versions: {}", others.join(", "));
    if let Some(other) = other_variant(spec) {
        let _ = writeln!(out, "the other variant: {} ({})", other.profile, other.variant);
    }
    list_records(spec, &mut out);
    list_structure(spec, &mut out);
    if !spec.rules.is_empty() {
        out.push_str("rules:\n");
    }
    for rule in spec.rules {
        let lines = wrapped(rule.split(' '), 4);
        let _ = writeln!(out, "  - {}", lines.trim());
    }
    out
}

/// The profile with blocks of the other kind; its name ends in `SRB`, or is that without.
fn other_variant(spec: &ProfileSpec) -> Option<&'static ProfileSpec> {
    let own = key(spec.profile);
    let other = own.strip_suffix("srb").map_or_else(|| format!("{own}srb"), str::to_owned);
    versions(&other).into_iter().find(|found| found.variant != spec.variant)
}

fn list_records(spec: &ProfileSpec, out: &mut String) {
    let mut names: Vec<&str> = Vec::new();
    spec.structure.records(&mut |name| {
        if !names.contains(&name) {
            names.push(name);
        }
    });
    let listed = |wanted: fn(Role) -> bool| {
        let names = names.iter().filter(|name| Role::of(name).is_some_and(wanted));
        names.copied().collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(out, "head: {}", listed(|role| role == Role::Head));
    let _ = writeln!(out, "summaries: {}", listed(|role| role == Role::Summary));
    let _ = writeln!(out, "blocks: {}", listed(Role::is_in_blocks));
    let _ = writeln!(out, "foot: {}", listed(|role| role == Role::Foot));
    let elsewhere: Vec<String> = names
        .iter()
        .filter_map(|name| tables::bound(name, spec))
        .filter(|record: &&RecordSpec| record.generation != spec.generation)
        .map(|record| format!("{} ({})", record.name, record.generation))
        .collect();
    if !elsewhere.is_empty() {
        let _ = writeln!(out, "defined in another generation: {}", elsewhere.join(", "));
    }
}

/// Named parts with what they hold, in the order in which they are met.
type Groups = Vec<(&'static str, &'static Structure)>;

/// The order of records: one line for each part of the message, and below them what the named parts
/// hold.
fn list_structure(spec: &'static ProfileSpec, out: &mut String) {
    let mut groups = Groups::new();
    out.push_str("order (? at most once, * any number, + at least once, | or):\n");
    let whole = std::slice::from_ref(&spec.structure);
    let parts = if let Structure::Sequence(items, (1, Some(1))) = &spec.structure { items } else { whole };
    for part in parts.iter().filter(|part| !is_empty(part)) {
        let _ = writeln!(out, "  {}", grammar(part, &mut groups));
    }
    // Bodies may name further groups, which are then listed in their turn.
    let mut at = 0;
    while let Some(&(name, body)) = groups.get(at) {
        let _ = writeln!(out, "  {name}:");
        let either = if let Structure::Choice(items, (1, Some(1))) = body {
            items
        } else {
            std::slice::from_ref(body)
        };
        for (place, item) in either.iter().enumerate() {
            let mark = if place == 0 { ' ' } else { '|' };
            let _ = writeln!(out, "  {mark} {}", open(item, &mut groups));
        }
        at += 1;
    }
}

/// A part without the parentheses around all of it.
fn open(node: &'static Structure, groups: &mut Groups) -> String {
    match node {
        Structure::Sequence(items, (1, Some(1))) => joined(items, " ", groups),
        node => grammar(node, groups),
    }
}

/// A part in one line; named parts are noted in `groups`.
fn grammar(node: &'static Structure, groups: &mut Groups) -> String {
    match node {
        Structure::Record(name, times) => format!("{name}{}", often(*times)),
        Structure::Group(name, body, times) => {
            if !groups.iter().any(|(known, _)| known == name) {
                groups.push((name, body));
            }
            format!("{name}{}", often(*times))
        }
        Structure::Sequence(items, times) => enclosed(items, " ", *times, groups),
        Structure::Choice(items, times) => enclosed(items, " | ", *times, groups),
    }
}

/// Items in parentheses; none are needed around one that is there once.
fn enclosed(items: &'static [Structure], between: &str, times: Times, groups: &mut Groups) -> String {
    match items {
        [only] if times == (1, Some(1)) => grammar(only, groups),
        _ => format!("({}){}", joined(items, between, groups), often(times)),
    }
}

fn joined(items: &'static [Structure], between: &str, groups: &mut Groups) -> String {
    let texts: Vec<String> =
        items.iter().filter(|item| !is_empty(item)).map(|item| grammar(item, groups)).collect();
    texts.join(between)
}

/// Whether a part has no record at all, as one choice of the schemas.
fn is_empty(node: &Structure) -> bool {
    let mut empty = true;
    node.records(&mut |_| empty = false);
    empty
}

/// How often, as a mark behind a part.
fn often(times: Times) -> String {
    match times {
        (1, Some(1)) => String::new(),
        (0, Some(1)) => "?".to_owned(),
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (min, Some(max)) => format!("{{{min},{max}}}"),
        (min, None) => format!("{{{min},}}"),
    }
}
