//! Messages that `transpose_testkit::dsr` makes of every profile, version and variant: valid ones,
//! and ones that are broken one way each.
//!
//! - `messages`: that the messages keep the rules, as an independent script understands them
//! - `valid`: that validation has nothing to say about them
//! - `cells`: what is said when one cell of a record in a block is broken, in every way that its
//!   table suggests
//! - `structure`: what is said when records of a block are lost, doubled, moved, or strangers
//! - `conditions`: what is said when a rule between cells and records is broken
//! - `heads`: the same for headers, summary records and footers
//! - `entities`: that each record becomes the entity that its table says
//! - `conversions`: that usages keep what both sides have a place for, in other versions, variants
//!   and profiles and back
//! - `chunks`: that where a message is cut changes nothing, and that damaged ones end
//!
//! What must be said, and at which place, is worked out apart from the reader: `kinds` knows what
//! is wrong inside a cell that it breaks, `rules` what cells and records then say about each other.
//! Nothing else may be said. `cargo test -p ddex-dsr --test generated -- --nocapture` prints how
//! much was broken.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

mod block_rules;
mod cells;
mod chunks;
#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod conversions;
mod entities;
mod heads;
mod kinds;
mod message;
mod messages;
mod rows;
mod structure;
mod valid;

use ddex_dsr::facts;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use transpose_core::format::{Format, Probe, Recognition};
use transpose_records::spec::ProfileSpec;
use transpose_testkit::dsr::{Facts, File, Fill, Generator, MessageRequest};

const FACTS: Facts = Facts { record: facts::bound, set: facts::set };

fn generator(profile: &'static ProfileSpec, wish: MessageRequest) -> Generator {
    Generator::new(&FACTS, profile, wish).unwrap()
}

/// Wishes that reach every alternative of every structure.
fn wishes() -> Vec<MessageRequest> {
    let mut out = Vec::new();
    for (index, fill) in [Fill::Mandatory, Fill::Some, Fill::All].into_iter().enumerate() {
        for seed in 0..12 {
            let wish = MessageRequest {
                seed: seed + 100 * index as u64,
                blocks: seed * 5 % 13,
                contexts: 1 + (seed as usize * 5) % 7,
                fill,
                files: if seed % 4 == 3 { 3 } else { 1 },
                tabs: false,
            };
            out.push(wish);
        }
    }
    out
}

/// The format that recognises a file.
fn format_of(file: &File) -> Box<dyn Format> {
    let text = file.text();
    let probe = Probe { name: &file.name, bytes: text.as_bytes(), complete: true };
    let mut known = ddex_dsr::formats();
    known.retain(|format| matches!(format.recognise(&probe), Recognition::Certain(_)));
    let [_] = known.as_slice() else { panic!("{} formats know {}", known.len(), file.name) };
    known.remove(0)
}

/// The format of a profile.
fn format_named(profile: &ProfileSpec) -> Box<dyn Format> {
    let head = format!("HEAD\tdsrf/30\t{}\t{}\n", profile.profile, profile.version);
    let probe = Probe { name: "m", bytes: head.as_bytes(), complete: true };
    let mut known = ddex_dsr::formats();
    known.retain(|format| matches!(format.recognise(&probe), Recognition::Certain(_)));
    let [_] = known.as_slice() else { panic!("{} formats know {}", known.len(), profile.profile) };
    known.remove(0)
}

/// A folder that was not there before.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::File::create(folder.join(name)).unwrap().write_all(text.as_bytes()).unwrap();
}
