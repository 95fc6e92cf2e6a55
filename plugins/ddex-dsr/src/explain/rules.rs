//! Rules of the validation. The codes of diagnostics that implement a rule are known to the
//! registry only, so they are reported elsewhere.

use super::wrapped;
use crate::generated::rules::RULES;
use transpose_core::diagnostics::Severity;

/// A rule that sound messages keep.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name, such as `V-CELL-3`.
    pub(crate) id: &'static str,
    /// How bad it is to break it.
    pub(crate) severity: Severity,
    /// What holds in a sound message.
    pub(crate) about: &'static str,
    /// When the severity is another one; may be empty.
    pub(crate) note: &'static str,
    /// Why no diagnostic reports it; empty for those that diagnostics report.
    pub(crate) unreported: &'static str,
}

/// Explains a rule by its name.
pub(super) fn explain(topic: &str) -> Option<String> {
    let rule = RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(topic))?;
    let mut out = format!("{}  {}\n", rule.id, rule.severity.name());
    for sentence in [rule.about, rule.note] {
        out.push_str(&wrapped(sentence.split(' ').filter(|word| !word.is_empty()), 0));
    }
    if !rule.unreported.is_empty() {
        out.push_str(&wrapped(format!("no diagnostic reports it: {}", rule.unreported).split(' '), 0));
    }
    Some(out)
}
