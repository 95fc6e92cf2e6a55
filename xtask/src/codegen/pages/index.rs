//! The overview.

use super::super::GENERATIONS;
use super::facts::{Facts, Profile};
use super::markdown::{head, plain, row};
use std::fmt::Write as _;

const OPENING: &str = "\
# DSR reference

What Transpose knows about DDEX Digital Sales Reporting: every record in every version, every profile, the sets of allowed values, and the rules of the
validation. All pages are generated from the facts in `plugins/ddex-dsr/spec` and from the codes of diagnostics; `transpose explain TOPIC` shows the same on
the command line.

- [Profiles](#profiles)
- [Records](#records)
- [Allowed values](allowed-values.md)
- [Rules of the validation](rules.md)
- [Examples](examples.md): the commands that make a message of every profile from one report
- [Coverage](coverage.md): what is decoded, encoded and validated, and by how many cases

## How to read the pages

A record is identified by its name and its generation, which is the edition of the standard that its definition was taken from:

";

const READING: &str = "
A fact is *confirmed* when number, name, type and obligation of a cell were seen in the definition of that very version. It is *from the edition before*
when an earlier version of the record, of the profile or of the standard has it so, and *inferred* when it was concluded from something else; what it
rests on is said below the table. Cells beyond the known ones are read and kept.

| column | means |
| --- | --- |
| M/O/C | mandatory, optional, or conditional: filled when the condition holds |
| several | the cell takes several values, divided by `\\|` |
| field | the field of the canonical model that the cell becomes; an *extra* is kept for this family only, under the given name where versions differ; *structure* has no value of its own |

## Profiles

";

/// The overview.
pub(super) fn page(facts: &Facts) -> String {
    let mut out = OPENING.to_owned();
    head(&mut out, &["generation", "edition", "definitions", "cells", "confirmed"]);
    for (name, edition) in GENERATIONS {
        let records: Vec<_> = facts.records.iter().filter(|record| record.generation == name).collect();
        let cells = || records.iter().flat_map(|record| &record.cells);
        let confirmed = cells().filter(|cell| cell.status == "confirmed").count().to_string();
        row(&mut out, &[name, edition, &records.len().to_string(), &cells().count().to_string(), &confirmed]);
    }
    out.push_str(READING);
    head(&mut out, &["profile", "versions", "single-record variant"]);
    for page in facts.profile_pages() {
        let versions = |single: bool| {
            let own = |profile: &&Profile| {
                profile.page() == page && (profile.variant == "single-record-block") == single
            };
            facts
                .profiles
                .iter()
                .filter(own)
                .map(|profile| profile.version.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        row(&mut out, &[&format!("[{page}](profiles/{page}.md)"), &versions(false), &versions(true)]);
    }
    out.push_str("\n## Records\n\n");
    head(&mut out, &["record", "what it is", "versions"]);
    for family in facts.families() {
        let versions = facts.versions(family);
        let title = versions.first().map(|record| plain(&record.title)).unwrap_or_default();
        let mut names = String::new();
        for record in versions {
            let gap = if names.is_empty() { "" } else { ", " };
            let _ = write!(names, "{gap}{} ({})", record.name, record.generation);
        }
        row(&mut out, &[&format!("[{family}](records/{family}.md)"), &title, &names]);
    }
    out
}
