//! Which version of which profile is written, read and validated, by how many cases, and which of
//! its strings are assumed.

use super::coverage::{CASES, bytes, entries, inputs, plan, profile_of};
use ddex_dsr::facts;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use transpose_core::format::{Grain, Probe, Registry};
use transpose_records::spec::ProfileSpec;

const OPENING: &str = "\
# Coverage

What is read, written and checked, and the cases that hold it to that: first by profile, then by record.

## Profiles

| column | means |
| --- | --- |
| from events | cases that write the version from plays or sales |
| from messages | cases that write it from a message of any profile and version |
| read | cases that read a message of the version |
| validated | those of them that hold every diagnostic of `validate`, and the broken variants of their messages |
| facts | how sure the order of records is, see [how to read the pages](README.md#how-to-read-the-pages) |
| assumed | strings that no public text gives for this version; the options `message-version`, `profile-version` and `profile` override them |

| profile | version | variant | from events | from messages | read | validated | facts | assumed |
| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |
";

/// How often a version of a profile occurs in cases.
#[derive(Default)]
struct Count {
    from_events: usize,
    from_messages: usize,
    read: usize,
    validated: usize,
    broken: usize,
}

/// A version of a profile, by name and version.
type Key = (&'static str, &'static str);

/// The title of the page and the table of profiles; `root` is the folder of the workspace.
pub(super) fn section(root: &Path, registry: &Registry) -> Result<String, String> {
    let counts = counts(&root.join(CASES), registry)?;
    let mut out = OPENING.to_owned();
    for spec in facts::profiles() {
        let none = Count::default();
        let count = counts.get(&key(spec)).unwrap_or(&none);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| [{}](profiles/{}.md) | {} | {} | {} | {} | {} | {} + {} | {} | {} |",
            spec.profile,
            spec.profile.strip_suffix("SRB").unwrap_or(spec.profile),
            spec.version,
            spec.variant,
            count.from_events,
            count.from_messages,
            count.read,
            count.validated,
            count.broken,
            spec.status.name(),
            assumed(spec),
        );
    }
    out.push('\n');
    Ok(out)
}

fn key(spec: &ProfileSpec) -> Key {
    (spec.profile, spec.version)
}

/// The assumed strings of a version, each with what is written.
fn assumed(spec: &ProfileSpec) -> String {
    let version = spec.assumed.contains("version and").then(|| format!("ProfileVersion `{}`", spec.version));
    let message = spec
        .assumed
        .contains("message version")
        .then(|| format!("MessageVersion `{}`", spec.message_version));
    let stated: Vec<String> = version.into_iter().chain(message).collect();
    if stated.is_empty() { "nothing".to_owned() } else { stated.join(", ") }
}

/// The counts of every version that occurs in a case.
fn counts(folder: &Path, registry: &Registry) -> Result<BTreeMap<Key, Count>, String> {
    let mut names = BTreeMap::new();
    let mut counts: BTreeMap<Key, Count> = BTreeMap::new();
    for spec in facts::profiles() {
        names.insert((format_of(spec, registry)?, spec.version), key(spec));
    }
    for format in entries(folder)? {
        let id = format.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let grain = registry.format(&id).map(|format| format.manifest().grain);
        let is_dsr = id.starts_with("ddex.dsr.");
        for case in entries(&format)? {
            let plan = plan(&case)?;
            for target in &plan.to {
                let Some((format, version)) = target.split_once('@') else { continue };
                let Some(key) = names.get(&(format.to_owned(), version)) else { continue };
                // A case may hold that nothing is written.
                let snapshot = case.join(format!("to-{target}.snap"));
                if snapshot.exists() && String::from_utf8_lossy(&bytes(&snapshot)?).contains("\n---\nrefused")
                {
                    continue;
                }
                let count = counts.entry(*key).or_default();
                count.from_events += usize::from(grain == Some(Grain::Event));
                count.from_messages += usize::from(is_dsr);
            }
            if is_dsr {
                for spec in inputs(&case)?.iter().filter_map(|text| profile_of(text)) {
                    let count = counts.entry(key(spec)).or_default();
                    count.read += 1;
                    count.validated += usize::from(plan.validate);
                    count.broken += plan.broken.len();
                }
            }
        }
    }
    Ok(counts)
}

/// The id of the format that a profile is.
fn format_of(spec: &ProfileSpec, registry: &Registry) -> Result<String, String> {
    let message = format!("HEAD\t\t{}\t{}\n", spec.profile, spec.version);
    let probe = Probe { name: "", bytes: message.as_bytes(), complete: true };
    let known = registry.recognise(&probe).ok();
    known
        .map(|format| format.manifest().id.to_string())
        .ok_or_else(|| format!("no format reads the profile {}", spec.profile))
}
