//! `transpose explain`: the meaning of a code, rule, format, field, record type, cell, allowed
//! value or profile.

use crate::commands::formats;
use crate::diagnostics::{UNKNOWN_TOPIC, WithHelp as _, usage_error};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use crate::text::wrapped;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use transpose_core::diagnostics::{Code, rules};
use transpose_core::format::Registry;
use transpose_core::model::Field;

/// Explains a code, a rule, a format, a field, a record type, a cell, an allowed value or a profile
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose explain ENG0101                the code or name of a diagnostic
  transpose explain V-CELL-3               a rule, and the diagnostics that implement it
  transpose explain ddex.dsr.basic-audio   a format
  transpose explain recording.isrc         a field
  transpose explain SU02                   a record type in its newest version; SU02.02 is another one
  transpose explain SU02.03/8              a cell, by its number or its name
  transpose explain TotalUsages            every record with a cell of that name
  transpose explain UseType_DSR            a set of allowed values
  transpose explain PermanentDownload      an allowed value
  transpose explain UgcProfile@1.2         a profile in one of its versions")]
pub(crate) struct Explain {
    /// The topic; case is ignored
    topic: String,
}

impl Explain {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let registry = open::registry(&[])?;
        let topic = self.topic.trim();
        let Some(text) = explain(&registry, topic) else {
            let unknown = usage_error(&UNKNOWN_TOPIC, format!("nothing is known of `{topic}`"));
            let near = nearest(&registry, topic);
            return Err(match &near[..] {
                [] => unknown,
                near => unknown.with_help(format!("Did you mean `{}`?", near.join("`, `"))),
            }
            .into());
        };
        messages.data(text.as_bytes())?;
        Ok(Exit::Done)
    }
}

fn explain(registry: &Registry, topic: &str) -> Option<String> {
    let lower = topic.to_lowercase();
    if let Some(code) = registry.code(topic).or_else(|| registry.code(&lower)) {
        return Some(code_text(code));
    }
    if let Some(format) = registry.format(&lower) {
        return Some(formats::description(format, None));
    }
    let mut texts = Vec::new();
    if let Some(field) = Field::by_id(&lower) {
        texts.push(field_text(registry, field));
    }
    // Several profiles of one family give the same explanation of a record.
    let mut known = BTreeSet::new();
    let spellings: BTreeSet<&str> = [topic, &lower].into();
    for format in registry.formats() {
        let answer = spellings.iter().rev().find_map(|topic| format.explain(topic));
        texts.extend(answer.filter(|text| known.insert(text.trim_end().to_owned())));
    }
    texts.extend(diagnostics_of(registry, topic));
    let mut out = String::new();
    for text in texts {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}", text.trim_end());
    }
    (!out.is_empty()).then_some(out)
}

/// The diagnostics that implement a rule.
fn diagnostics_of(registry: &Registry, rule: &str) -> Option<String> {
    let codes = registry.codes().filter(|code| rules::is_rule(rule) && code.implements(rule));
    let texts: Vec<String> = codes.map(code_text).collect();
    let rule = rule.to_uppercase();
    (!texts.is_empty()).then(|| format!("diagnostics that implement {rule}\n\n{}", texts.join("\n")))
}

fn code_text(code: &Code) -> String {
    format!(
        "{} {} ({})\n\n{}\nWhat to do\n{}",
        code.severity.name(),
        code.id,
        code.name,
        wrapped(code.about, 0, 100),
        wrapped(code.help, 0, 100)
    )
}

fn field_text(registry: &Registry, field: Field) -> String {
    let spec = field.spec();
    let mut out = format!("field {}\n\n{}\n", spec.id, spec.about);
    let several = if spec.many { ", several values" } else { "" };
    let _ = writeln!(out, "\n  describes  {}\n  notation   {:?}{several}", spec.group.name(), spec.kind);
    let mut listed = |label: &str, carries: &dyn Fn(&dyn transpose_core::format::Format) -> bool| {
        let ids: Vec<&str> = registry
            .formats()
            .filter(|format| carries(*format))
            .map(|format| format.manifest().id.as_ref())
            .collect();
        if !ids.is_empty() {
            let _ = writeln!(out, "  {label}  {}", ids.join(", "));
        }
    };
    listed("read by  ", &|format| format.reads(None).contains(field));
    listed("written by", &|format| format.writes(None).contains(field));
    out
}

/// How similar a topic is to a known one, or to the last part of its name.
fn likeness(topic: &str, known: &str) -> f64 {
    let last = known.rsplit('.').next().unwrap_or(known);
    strsim::jaro_winkler(topic, known).max(strsim::jaro_winkler(topic, last))
}

/// The known topics that are most similar to the given one, best first.
fn nearest(registry: &Registry, topic: &str) -> Vec<String> {
    let lower = topic.to_lowercase();
    let codes = registry.codes().flat_map(|code| -> [&str; 2] { [code.id, code.name] });
    let formats = registry.formats().map(|format| format.manifest().id.as_ref());
    let fields = Field::all().map(|field| -> &str { field.id() });
    let mut near: Vec<(f64, &str)> = formats
        .chain(codes)
        .chain(fields)
        .map(|known| (likeness(&lower, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.dedup_by_key(|(_, known)| *known);
    near.into_iter().take(3).map(|(_, known)| known.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_explained_by_every_code_that_names_it_and_by_no_other() {
        let registry = open::registry(&[]).unwrap();
        let named = |rule: &str| {
            let text = explain(&registry, rule).unwrap();
            let ids: Vec<String> = registry
                .codes()
                .filter(|code| text.contains(&format!("{} {} (", code.severity.name(), code.id)))
                .map(|code| code.id.to_owned())
                .collect();
            ids
        };
        assert_eq!(named("V-CELL-2"), ["DSR0202", "DSR0203"]);
        // One rule of several identifiers is named by each diagnostic that looks at one of them.
        assert_eq!(named("V-ID-1"), ["DSR0206", "DSR0218"]);
        assert_eq!(named("V-ID-4"), ["DSR0206"]);
        assert!(named("V-CELL-1").contains(&"DSR0201".to_owned()));
        // V-CELL-12 is another rule than V-CELL-1.
        assert!(!named("V-CELL-1").contains(&"DSR0213".to_owned()));
    }

    #[test]
    fn topics_are_found_whatever_their_capitals() {
        let registry = open::registry(&[]).unwrap();
        for (topic, holds) in [
            ("eng0101", "warning ENG0101 (outside-period)"),
            ("OUTSIDE-PERIOD", "ENG0101"),
            ("Massivemusic.Client-Usage.Subscription", "fields\n"),
            ("Recording.ISRC", "The ISRC of the recording."),
            ("v-cell-3", "\ndiagnostics that implement V-CELL-3\n\nerror DSR0204 (empty-mandatory-cell)"),
            ("ARCH-58", "diagnostics that implement ARCH-58\n\nerror DSR0237"),
        ] {
            assert!(explain(&registry, topic).unwrap().contains(holds), "{topic}");
        }
        for topic in ["nothing at all", "V-CELL-999", "ARCH-5", "V-"] {
            assert_eq!(explain(&registry, topic), None, "{topic}");
        }
        assert_eq!(nearest(&registry, "recording.isrcs").first().map(String::as_str), Some("recording.isrc"));
    }
}
