//! What is read depends on the message alone: not on where it is cut, nor on how lines end, nor on
//! what is between records. Nothing that may be in a file makes the reader panic.

use super::common::{open_as, read_with, show};
use super::{format_of, generator};
use ddex_dsr::facts;
use std::fmt::Write as _;
use transpose_core::format::{BlockDecoder, Demands, Format};
use transpose_core::model::{Blocks, Cell, EntityRef};
use transpose_testkit::dsr::{Fill, MessageRequest};
use transpose_testkit::mangle::variants;
use transpose_testkit::run::through_gzip;

/// What was read, as text.
#[derive(Default, PartialEq, Eq)]
struct DecodedText {
    /// Blocks with their entities, and rejected blocks.
    blocks: String,
    /// Everything that was found, sorted.
    diagnostics: Vec<String>,
    /// Lines, blocks and usages.
    counts: (u64, usize, u64),
}

fn entity(out: &mut String, entity: EntityRef<'_>, line: u64) {
    let shape = entity.shape().unwrap();
    let (parent, context) = (entity.parent(), entity.context_index());
    let line = line + u64::from(entity.line());
    let _ = write!(out, "  {line} {} {:?} of {parent:?} in {context:?}", shape.record, shape.group);
    for (column, slot) in shape.columns.iter().enumerate() {
        let values: Vec<&[u8]> = match entity.cell(column) {
            Cell::Absent => continue,
            Cell::One(value) => vec![value],
            Cell::Many(list) => list.iter().collect(),
        };
        let values: Vec<_> = values.into_iter().map(String::from_utf8_lossy).collect();
        let _ = write!(out, " {slot:?}={values:?}");
    }
    out.push('\n');
}

/// Reads a file in chunks of a size.
fn seen(decoder: &dyn BlockDecoder, bytes: &[u8], size: usize) -> DecodedText {
    let mut blocks = String::new();
    let read = read_with(decoder, bytes, size, &mut |all: Blocks<'_>, numbers, _| {
        for block in all.iter() {
            let _ = writeln!(blocks, "block {:?}", block.id().map(String::from_utf8_lossy));
            block.entities().for_each(|one| entity(&mut blocks, one, numbers.line));
        }
    });
    for (diagnostic, plays, micros, row) in &read.rejects {
        let _ = writeln!(blocks, "reject {} {plays} {micros} {}", show(diagnostic), row.len());
    }
    // Of many diagnostics only the first are kept, for each chunk.
    let mut diagnostics = if size >= bytes.len() { read.diagnostics } else { Vec::new() };
    diagnostics.extend(decoder.preamble().diagnostics.iter().map(show));
    diagnostics.sort();
    DecodedText { blocks, diagnostics, counts: (read.lines, read.blocks, read.usages) }
}

fn opened(format: &dyn Format, bytes: &[u8]) -> Box<dyn BlockDecoder> {
    let mut decoder = open_as(format, bytes, &[]).unwrap();
    decoder.demand(&Demands::default()).unwrap();
    decoder
}

#[test]
fn cuts_change_nothing() {
    println!("{:<54} {:<5} {:>7} {:>7}", "profile", "", "bytes", "blocks");
    for profile in facts::profiles() {
        for (seed, fill) in [(11, Fill::Some), (12, Fill::All)] {
            let wish = MessageRequest { seed, blocks: 12, contexts: 4, fill, files: 1, tabs: seed == 12 };
            let file = generator(profile, wish).message().remove(0);
            let (text, format) = (file.text(), format_of(&file));
            let decoder = opened(format.as_ref(), text.as_bytes());
            let whole = seen(decoder.as_ref(), text.as_bytes(), text.len());
            assert_eq!((whole.diagnostics.len(), whole.counts.1 > 0), (0, true), "{:?}", whole.diagnostics);
            for size in [64, 200, 777, 2_048, 10_000] {
                let cut = seen(decoder.as_ref(), text.as_bytes(), size);
                assert!(cut.blocks == whole.blocks, "{} {} in {size}", profile.profile, profile.version);
                assert_eq!(cut.counts, whole.counts, "{} {} in {size}", profile.profile, profile.version);
            }
            let (name, version) = (profile.profile, profile.version);
            println!("{name:<54} {version:<5} {:>7} {:>7}", text.len(), whole.counts.1);
        }
    }
}

#[test]
fn packing_changes_nothing() {
    for profile in facts::profiles() {
        let text = generator(profile, MessageRequest { blocks: 5, ..MessageRequest::default() })
            .message()
            .remove(0)
            .text();
        assert_eq!(through_gzip(text.as_bytes()).unwrap(), text.as_bytes());
    }
}

/// The lines of entities differ where other lines stand between them.
fn without_lines(seen: &DecodedText) -> Vec<&str> {
    seen.blocks.lines().map(|line| line.trim_start().split_once(' ').map_or(line, |(_, rest)| rest)).collect()
}

#[test]
fn what_stands_between_records_changes_nothing() {
    for profile in facts::profiles() {
        let wish = MessageRequest { seed: 5, blocks: 9, contexts: 4, fill: Fill::Some, files: 1, tabs: true };
        let file = generator(profile, wish).message().remove(0);
        let (text, format) = (file.text(), format_of(&file));
        let decoder = opened(format.as_ref(), text.as_bytes());
        let plain = seen(decoder.as_ref(), text.as_bytes(), text.len());
        let mut other = String::from("\u{feff}# made for a test\r\n");
        for (number, line) in text.lines().enumerate() {
            let _ = write!(other, "{line}\r\n");
            match number % 3 {
                0 => other.push_str("#\tcomment | with \\ signs\r\n"),
                1 => other.push_str("\r\n\t\t\r\n"),
                _ => {}
            }
        }
        let decoder = opened(format.as_ref(), other.as_bytes());
        let whole = seen(decoder.as_ref(), other.as_bytes(), other.len());
        assert_eq!(without_lines(&whole), without_lines(&plain), "{} {}", profile.profile, profile.version);
        // The mark, blank lines, and the footer that did not count them.
        let reported = |code: &str| whole.diagnostics.iter().filter(|text| text.starts_with(code)).count();
        let mut codes: Vec<_> = whole.diagnostics.iter().map(|text| &text[..7]).collect();
        codes.dedup();
        assert_eq!(codes, ["DSR0214", "DSR0242", "DSR0252"], "{:?}", whole.diagnostics);
        assert_eq!(reported("DSR0242"), 1);
        for size in [64, 333, 4_000] {
            let cut = seen(decoder.as_ref(), other.as_bytes(), size);
            assert!(cut.blocks == whole.blocks, "{} {} in {size}", profile.profile, profile.version);
        }
    }
}

#[test]
fn damaged_messages_end() {
    let mut ended = (0, 0, 0);
    for profile in facts::profiles() {
        let wish = MessageRequest { seed: 3, blocks: 3, contexts: 3, fill: Fill::Some, files: 1, tabs: true };
        let file = generator(profile, wish).message().remove(0);
        let (text, format) = (file.text(), format_of(&file));
        for (number, variant) in variants(text.as_bytes(), 500, 6).into_iter().enumerate() {
            let Ok(mut decoder) = open_as(format.as_ref(), &variant.bytes, &[]) else {
                ended.0 += 1;
                continue;
            };
            if number % 2 == 0 {
                decoder.demand(&Demands::default()).unwrap();
            }
            let whole = seen(decoder.as_ref(), &variant.bytes, variant.bytes.len().max(1));
            let cut = seen(decoder.as_ref(), &variant.bytes, 100 + number * 7);
            let name = format!("{} {}: {}", profile.profile, profile.version, variant.name);
            assert!(cut.blocks == whole.blocks, "{name}\n{}\n{}", cut.blocks, whole.blocks);
            assert_eq!(cut.counts, whole.counts, "{name}");
            ended.1 += whole.counts.1;
            ended.2 += whole.blocks.lines().filter(|line| line.starts_with("reject")).count();
        }
    }
    println!("{} refused, {} blocks read, {} rejected", ended.0, ended.1, ended.2);
    assert!(ended.0 > 50 && ended.1 > 500 && ended.2 > 200, "{ended:?}");
}
