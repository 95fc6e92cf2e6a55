//! Licences of everything in the dependency tree, against the list in deny.toml; the crates that
//! deny.toml bans are looked for as well.

use crate::{Outcome, files};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use toml::Table;

/// Complaints about licences and banned crates.
pub(super) fn check(root: &Path) -> Outcome<Vec<String>> {
    let rules: Table =
        files::read(&root.join("deny.toml"))?.parse().map_err(|error| format!("deny.toml: {error}"))?;
    let list = |section: &str, key: &str| {
        rules.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array).cloned()
    };
    let allowed = list("licenses", "allow").ok_or("deny.toml has no list `allow` under `[licenses]`")?;
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let banned = list("bans", "deny").unwrap_or_default();
    let banned: Vec<&str> =
        banned.iter().filter_map(|ban| ban.get("crate")).filter_map(toml::Value::as_str).collect();
    let metadata = metadata(root)?;
    let mut complaints = Vec::new();
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let field = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", field("name"), field("version"));
        match Expression::parse(field("license")) {
            None if field("license").is_empty() => complaints.push(format!("{name}: states no licence")),
            None => complaints.push(format!("{name}: `{}` is no licence expression", field("license"))),
            Some(expression) if !expression.fits(&allowed) => {
                complaints.push(format!(
                    "{name}: its licence is `{}`, which deny.toml does not allow",
                    field("license")
                ));
            }
            Some(_) => {}
        }
        if banned.contains(&field("name")) {
            complaints.push(format!("{name}: deny.toml bans the crate"));
        }
    }
    Ok(complaints)
}

/// What cargo knows of all packages; of those for this machine only, where the others are not at
/// hand.
fn metadata(root: &Path) -> Outcome<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut failure = String::new();
    let host = host()?;
    for extra in [&["--offline"][..], &["--offline", "--filter-platform", &host], &[]] {
        let mut command = Command::new(&cargo);
        command.args(["metadata", "--format-version", "1", "--locked"]).args(extra).current_dir(root);
        let output = command.output().map_err(|error| format!("cannot run cargo metadata: {error}"))?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        failure = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Err(format!("cargo metadata failed: {}", failure.trim()).into())
}

/// The platform that rustc builds for.
fn host() -> Outcome<String> {
    let output =
        Command::new("rustc").arg("-vV").output().map_err(|error| format!("cannot run rustc: {error}"))?;
    let text = String::from_utf8(output.stdout)?;
    let host =
        text.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not name its host")?;
    Ok(host.to_owned())
}

/// A licence expression (SPDX): licences joined by `AND` and `OR`, `AND` first. A slash is an old
/// way to write `OR`.
enum Expression {
    Licence(String),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

impl Expression {
    fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let expression = Self::any(&mut rest)?;
        rest.is_empty().then_some(expression)
    }

    fn any(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::all(rest)?];
        while let [first, after @ ..] = *rest
            && *first == "OR"
        {
            *rest = after;
            parts.push(Self::all(rest)?);
        }
        Some(Self::Any(parts))
    }

    fn all(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::one(rest)?];
        while let [first, after @ ..] = *rest
            && *first == "AND"
        {
            *rest = after;
            parts.push(Self::one(rest)?);
        }
        Some(Self::All(parts))
    }

    fn one(rest: &mut &[&str]) -> Option<Self> {
        let [first, after @ ..] = *rest else { return None };
        *rest = after;
        match *first {
            "(" => {
                let inner = Self::any(rest)?;
                let [")", after @ ..] = *rest else { return None };
                *rest = after;
                Some(inner)
            }
            ")" | "AND" | "OR" | "WITH" => None,
            licence => {
                let mut name = licence.to_owned();
                if let ["WITH", exception, after @ ..] = *rest {
                    name = format!("{name} WITH {exception}");
                    *rest = after;
                }
                Some(Self::Licence(name))
            }
        }
    }

    fn fits(&self, allowed: &[&str]) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(&name.as_str()),
            Self::All(parts) => parts.iter().all(|part| part.fits(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.fits(allowed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_the_allowed_licences() {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"];
        for (text, expected) in [
            ("MIT", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true)),
            ("(MIT OR Apache-2.0) AND GPL-2.0", Some(false)),
            ("MIT OR Apache-2.0 AND GPL-2.0", Some(true)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-2.0 WITH Classpath-exception-2.0", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
            ("AND", None),
        ] {
            assert_eq!(
                Expression::parse(text).map(|expression| expression.fits(&allowed)),
                expected,
                "{text}"
            );
        }
    }
}
