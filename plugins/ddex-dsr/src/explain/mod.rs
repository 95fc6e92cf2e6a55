//! What `transpose explain` reports about record types, cells, value sets, values, profiles and
//! rules.
//!
//! | topic | explains |
//! |---|---|
//! | `SU02` | a record type: its versions, and the newest cell by cell |
//! | `SU02.03`, `SU03.02@xsd`, `SU02@part8-1.4` | one version, of one generation |
//! | `SU02.03/8`, `SU02/NumberOfStreams` | a cell by number or name |
//! | `NumberOfStreams` | every record with a cell of that name |
//! | `UseType_DSR` | a set of allowed values |
//! | `PermanentDownload` | an allowed value: its sets |
//! | `UgcProfile`, `UgcProfile@1.2` | a profile: its versions, and one of them |
//! | `V-CELL-3` | a rule of the validation |

mod cells;
mod profiles;
mod records;
mod rules;
mod values;

use crate::tables;
use transpose_records::spec::{CellSlot, CellSpec, RecordSpec};

pub(crate) use rules::Rule;

/// Explains a topic; capitals do not count.
pub(crate) fn explain(topic: &str) -> Option<String> {
    let topic = topic.trim();
    let alone = [records::explain, profiles::explain, rules::explain];
    if let Some(text) = alone.iter().find_map(|explain| explain(topic)) {
        return Some(text);
    }
    // One word may name a set, cells and a value.
    let shared = [values::set, cells::named, values::value];
    let texts: Vec<String> = shared.iter().filter_map(|explain| explain(topic)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// How new a generation is, 0 being the newest.
fn age(generation: &str) -> usize {
    let known = tables::GENERATIONS.iter().position(|known| *known == generation);
    known.unwrap_or(tables::GENERATIONS.len())
}

/// What a generation of definitions is.
fn edition(generation: &str) -> &'static str {
    match generation {
        "current" => "DDEX Part 8 v1.5",
        "part8-1.4" => "DDEX Part 8 v1.4",
        "xsd" => "DDEX schemas of profiles 1.0 to 1.2",
        _ => "an edition of its own",
    }
}

/// Every record by its own definition, without those that one version of a profile changes.
fn records() -> impl Iterator<Item = &'static RecordSpec> {
    tables::records().iter().filter(|spec| spec.only.is_empty())
}

/// The records of a type in all versions and generations, the newest first.
fn versions(family: &str) -> Vec<&'static RecordSpec> {
    newest_first(records().filter(|spec| spec.family().eq_ignore_ascii_case(family)).collect())
}

/// The record types, each with all its versions, the newest first; in the order of the tables.
fn families() -> Vec<Vec<&'static RecordSpec>> {
    let mut found: Vec<(&str, Vec<&RecordSpec>)> = Vec::new();
    for spec in records() {
        match found.iter_mut().find(|(family, _)| *family == spec.family()) {
            Some((_, versions)) => versions.push(spec),
            None => found.push((spec.family(), vec![spec])),
        }
    }
    found.into_iter().map(|(_, versions)| newest_first(versions)).collect()
}

fn newest_first(mut versions: Vec<&'static RecordSpec>) -> Vec<&'static RecordSpec> {
    versions.sort_by(|a, b| age(a.generation).cmp(&age(b.generation)).then(b.name.cmp(a.name)));
    versions
}

/// The topic that explains this very record: its name, with the generation where the name alone
/// means another.
fn topic_of(spec: &RecordSpec) -> String {
    let plain = records::find(spec.name).is_some_and(|found| std::ptr::eq(found, spec));
    if plain { spec.name.to_owned() } else { format!("{}@{}", spec.name, spec.generation) }
}

/// The type of a cell with its set.
fn kind(cell: &CellSpec) -> String {
    let several = if cell.multi { ", several" } else { "" };
    let set = if cell.values.is_empty() { String::new() } else { format!(" of {}", cell.values) };
    format!("{}{set}{several}", cell.kind.name())
}

/// What becomes of a cell in the canonical model.
fn slot(cell: &CellSpec) -> String {
    match cell.slot {
        CellSlot::Field(field) => field.id().to_owned(),
        CellSlot::Extra(name) if name == cell.name => "(kept for this family)".to_owned(),
        CellSlot::Extra(name) => format!("(kept for this family as {name})"),
        CellSlot::Structure => "(structure)".to_owned(),
    }
}

/// Words in a row, broken into lines of at most a hundred characters, each indented.
fn wrapped(words: impl IntoIterator<Item = impl AsRef<str>>, indent: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in words {
        let word = word.as_ref();
        let length = word.chars().count();
        if width > 0 && indent + width + 1 + length > 100 {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.extend(std::iter::repeat_n(' ', indent));
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    if width > 0 {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn holds(topic: &str, begins: &str, parts: &[&str]) {
        let text = explain(topic).unwrap_or_else(|| panic!("{topic} is not known"));
        assert!(text.starts_with(begins), "{topic}: {text}");
        for part in parts {
            assert!(text.contains(part), "{topic} does not say `{part}`: {text}");
        }
        assert!(text.ends_with('\n') && !text.contains(" \n"), "{topic}: {text}");
    }

    #[test]
    fn records_come_in_all_versions_and_generations() {
        for (topic, begins, parts) in [
            (
                "SU02.03",
                "SU02.03  Sales/usage: streaming",
                &["usage.quantity", "> SU02.03", "  SU02.02  ", "  SU02@xsd  ", "BasicAudioProfile 1.4"][..],
            ),
            ("su02", "SU02.03  ", &["versions:\n"]),
            ("SU02@xsd", "SU02  ", &["> SU02@xsd", "DDEX schemas of profiles"]),
            ("SU02@part8-1.4", "SU02.02  ", &["> SU02.02 "]),
            ("RE02", "RE02  ", &["UsedResources", "> RE02 ", "RE02@xsd"]),
            ("HEAD", "HEAD  Header", &["MessageVersion"]),
            ("foot", "FOOT  Footer", &["  NumberOfLinesInFile"]),
            ("SRFO", "SRFO  Footer", &["NumberOfSummaryRecords"]),
            ("DExx", "DExx  Deal-specific", &["agreed by the two parties"]),
            ("DE01", "DE01  Deal-specific", &["FinancialReportingToRecordCompanies"]),
            ("DE77", "DExx  Deal-specific", &[]),
            (
                "SY05",
                "SY05.04  ",
                &["the list of cells may go on: ", "note: ", "basis of facts:\n  cells 5-7: "],
            ),
        ] {
            holds(topic, begins, parts);
        }
    }

    #[test]
    fn one_name_with_other_cells_elsewhere_is_pointed_out() {
        holds("SU03.02", "SU03.02  ", &["definition: part8-1.4", "SU03.02@xsd"]);
        holds("SU03.02@XSD", "SU03.02  ", &["definition: xsd", "> SU03.02@xsd"]);
        holds("AS02.03", "AS02.03  ", &["other cells in xsd"]);
    }

    #[test]
    fn changes_of_single_profiles_are_told() {
        let stated = "in AudioVisualProfile 1.1:\n  cells 6-8: C, Required whenever the sender holds the value.\n  \
                    cell 13: named ReferencedCreationComposerAuthorName\n";
        holds("CU01@xsd", "CU01  ", &[stated]);
    }

    #[test]
    fn cells_are_found_by_number_and_name() {
        for (topic, begins, parts) in [
            (
                "SU02.03/8",
                "SU02.03/8  NumberOfStreams\n",
                &[
                    "status: inferred (DDEX Part 8 v1.5, page of SU02.03",
                    "field: usage.quantity",
                    "SU02@xsd/",
                ][..],
            ),
            ("su02.03/numberofstreams", "SU02.03/8  NumberOfStreams\n", &[]),
            ("SU02/8", "SU02.03/8  ", &[]),
            ("SU02@xsd/1", "SU02@xsd/1  RecordType\n", &[]),
            ("SU01.03/Returns", "SU01.03/", &["obligation: M"]),
            ("SU04.03/OriginalBroadcastDateTime", "SU04.03/12  ", &["SU04.03/23  "]),
            ("NumberOfStreams", "NumberOfStreams  ", &["SU02.03/8", "M", "SR02.02/"]),
            ("totalusages", "TotalUsages  ", &["SY01.03/", "SY02.04/", "SY12.01/"]),
        ] {
            holds(topic, begins, parts);
        }
    }

    #[test]
    fn sets_and_values_name_each_other() {
        holds("UseType_DSR", "UseType_DSR  ", &["Broadcast  (deprecated)", "used by:\n", "SU02.03/"]);
        holds("Use Type", "UseType_DSR  ", &[]);
        // A set, and cells of that name.
        holds("UseType", "UseType  ", &["56 values", "\nUseType  a cell of "]);
        holds("permanentdownload", "PermanentDownload  ", &["UseType_DSR"]);
        holds("Broadcast", "Broadcast  ", &["UseType_DSR  (deprecated)"]);
        holds("CurrencyCode", "CurrencyCode  ", &["deprecated: CYP"]);
    }

    #[test]
    fn profiles_are_found_by_name_alias_and_version() {
        for (topic, begins, parts) in [
            (
                "BasicAudioProfile",
                "BasicAudioProfile 1.4\n",
                &[
                    "status: inferred",
                    "summaries: SY01.03",
                    "(SU01.03* | SU02.03*)+",
                    "BasicAudioProfile@1.0",
                    "rules:\n",
                ][..],
            ),
            ("basic-audio", "BasicAudioProfile 1.4\n", &["note: message version assumed"]),
            ("MLC", "BasicAudioProfileMLC 1.1\n", &["RE04.01"]),
            (
                "BasicAudioProfile@1.2",
                "BasicAudioProfile 1.2\n",
                &["status: confirmed", "RE01? ResourceIdentificationGrouping"],
            ),
            (
                "ugcprofile 1.2",
                "UGCProfile 1.2\n",
                &["also written: UgcProfile", "(SU03.02 (LI01.02 MW01.01?)*)*"],
            ),
            (
                "FinancialReportingToRecordCompaniesProfileSRB",
                "FinancialReportingToRecordCompanies",
                &["(SR08.01 DExx?)*", "foot: SRFO"],
            ),
            (
                "AudioVisualProfileSRB@1.1",
                "AudioVisualProfileSRB 1.1\n",
                &["single-record-block", "(SR04+ | SR05+)?"],
            ),
        ] {
            holds(topic, begins, parts);
        }
    }

    #[test]
    fn rules_say_how_bad_it_is() {
        holds("V-CELL-3", "V-CELL-3  error\n", &["A mandatory cell is filled."]);
        holds("v-sum-1", "V-SUM-1  info\n", &["in the rules file"]);
        holds("V-COND-17", "V-COND-17  warning\n", &["no diagnostic reports it: "]);
    }

    #[test]
    fn everything_in_the_tables_is_a_topic() {
        let explained =
            |topic: &str| assert!(explain(topic).is_some_and(|text| text.len() > topic.len()), "{topic}");
        let mut names = BTreeSet::new();
        for spec in records() {
            let topic = topic_of(spec);
            names.extend([spec.name, &topic].map(str::to_owned));
            for cell in spec.cells {
                explained(&format!("{topic}/{}", cell.number));
                names.insert(cell.name.to_owned());
            }
        }
        for name in &names {
            explained(name);
        }
        for set in tables::sets() {
            explained(set.name);
            for value in set.values {
                explained(value);
            }
        }
        for profile in tables::profiles() {
            explained(profile.profile);
            explained(&format!("{}@{}", profile.profile, profile.version));
            for name in profile.accept {
                explained(name);
            }
        }
    }

    #[test]
    fn each_record_is_what_its_own_topic_explains() {
        for spec in records() {
            let topic = topic_of(spec);
            let text = explain(&topic).unwrap();
            assert!(text.contains(&format!("\n> {topic} ")), "{topic}: {text}");
            assert!(text.contains(&format!("definition: {}", spec.generation)), "{topic}: {text}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_explained() {
        for topic in [
            "",
            " ",
            "/",
            "@",
            "/8",
            "@xsd",
            "SU02.99",
            "SU02.03/99",
            "SU02.03/x",
            "SU02.03/",
            "SU02@",
            "SU02@nowhere",
            "DE777",
            "BasicAudioProfile@9",
            "V-CELL-99",
            "nothing",
            "\u{e9}",
        ] {
            assert_eq!(explain(topic), None, "{topic}");
        }
    }
}
