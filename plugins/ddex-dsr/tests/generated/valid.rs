//! Validation has nothing to say about valid messages.

use super::common::{open_as, read, show};
use super::{format_of, generator, wishes};
use ddex_dsr::facts;
use std::collections::BTreeMap;
use transpose_core::diagnostics::Severity;
use transpose_core::format::{Demands, Tally};
use transpose_testkit::dsr::{File, Fill, MessageRequest};

/// What validation says about a message, without what is only worth knowing.
fn said(files: &[File]) -> Vec<String> {
    let format = format_of(&files[0]);
    let (mut diagnostics, mut all) = (Vec::new(), Tally::default());
    for (number, file) in (1..).zip(files) {
        let text = file.text();
        let mut decoder = open_as(format.as_ref(), text.as_bytes(), &[]).unwrap();
        decoder.demand(&Demands::default()).unwrap();
        diagnostics.extend(decoder.preamble().diagnostics.iter().cloned());
        decoder.validation().unwrap().check_file_name(&file.name, &mut diagnostics);
        let read = read(decoder.as_ref(), text.as_bytes(), 1 << 20, None);
        assert_eq!(read.blocks as u64, read.tally.blocks);
        diagnostics.extend(read.report.diagnostics.iter().cloned());
        diagnostics.extend(read.rejects.into_iter().map(|(diagnostic, ..)| diagnostic));
        diagnostics.extend(read.closing);
        all.lines += read.tally.lines;
        all.blocks += read.tally.blocks;
        if number == files.len() {
            decoder.finish_message(&read.trailers, &all, &mut diagnostics);
        }
    }
    diagnostics.iter().filter(|diagnostic| diagnostic.code.severity > Severity::Info).map(show).collect()
}

#[test]
fn nothing_is_said_about_valid_messages() {
    let tabbed = MessageRequest { seed: 7, blocks: 12, contexts: 3, fill: Fill::All, tabs: true, files: 1 };
    let mut wrong = BTreeMap::new();
    for profile in facts::profiles() {
        for wish in wishes().into_iter().chain([tabbed]) {
            for text in said(&generator(profile, wish).message()) {
                let code = text.split(' ').next().unwrap();
                let key = format!("{} {} {code}", profile.profile, profile.version);
                wrong.entry(key).or_insert((0, format!("{text} ({wish:?})"))).0 += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
