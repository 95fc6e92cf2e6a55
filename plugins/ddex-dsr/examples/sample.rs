//! Writes a synthetic message of any profile and version, as large as wanted and the same for the
//! same seed.
//!
//! `cargo xtask sample --message` runs it: `sample ID[@VERSION] LINES SEED FILES IDS OUT`. IDS is
//! `lettered`, `growing` or `random`. OUT is a file, or `-` for standard output, or a folder that
//! ends in `/`, where files get the names that the standard demands.

#![allow(clippy::print_stderr, reason = "it talks to the developer who runs it")]

use ddex_dsr::facts;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use transpose_core::format::{Format, Probe, Recognition};
use transpose_records::spec::ProfileSpec;
use transpose_testkit::dsr::{BulkShape, Facts, Generator, Ids, MessageRequest};

const FACTS: Facts = Facts { record: facts::bound, set: facts::set };

/// Territories times commercial models: as many summary records as a message of a month may have.
const CONTEXTS: usize = 24;

/// Below so many lines a message is one to be read by people: few summary records, few usages to a
/// block.
const SMALL: u64 = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match sample(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sample(arguments: &[String]) -> Result<(), String> {
    let [message, lines, seed, files, ids, out] = arguments else {
        return Err("expected ID[@VERSION] LINES SEED FILES IDS OUT".into());
    };
    let number = |text: &String| text.parse::<u64>().map_err(|error| format!("`{text}`: {error}"));
    let ids = match ids.as_str() {
        "lettered" => Ids::Lettered,
        "growing" => Ids::Growing,
        "random" => Ids::Random,
        other => return Err(format!("`{other}` is no order of identifiers")),
    };
    let wish = MessageRequest {
        seed: number(seed)?,
        contexts: CONTEXTS,
        files: number(files)?,
        tabs: true,
        ..MessageRequest::default()
    };
    let lines = number(lines)?;
    let generator = if lines < SMALL {
        let wish = MessageRequest { blocks: (lines / 8).max(1), contexts: 1, ..wish };
        Generator::new(&FACTS, profile(message)?, wish)?
    } else {
        Generator::bulk(&FACTS, profile(message)?, wish, BulkShape { lines, ids })?
    };
    let failed = |error: io::Error| format!("cannot write {out}: {error}");
    if out.ends_with('/') {
        std::fs::create_dir_all(out).map_err(failed)?;
        return (1..=generator.files()).try_for_each(|number| {
            let file = File::create(Path::new(out).join(generator.name(number))).map_err(failed)?;
            write(&generator, number, file).map_err(failed)
        });
    }
    if generator.files() > 1 {
        return Err(format!("{} files need a folder: `{out}/`", generator.files()));
    }
    let written = if out == "-" {
        write(&generator, 1, io::stdout().lock())
    } else {
        File::create(out).and_then(|file| write(&generator, 1, file))
    };
    written.map_err(failed)
}

/// Writes one file of a message.
fn write(generator: &Generator, number: u64, file: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut written = Ok(());
    generator.lines(number, &mut |line| {
        if written.is_ok() {
            written = writeln!(out, "{}", line.text());
        }
    });
    written.and_then(|()| out.flush())
}

/// The version of a profile by the id of its format: the one whose smallest message is recognised
/// as that format.
fn profile(message: &str) -> Result<&'static ProfileSpec, String> {
    let (id, version) = message.split_once('@').map_or((message, None), |(id, version)| (id, Some(version)));
    let formats = ddex_dsr::formats();
    let Some(format) = formats.iter().find(|format| format.manifest().id == id) else {
        let known: Vec<_> = formats.iter().map(|format| format.manifest().id.as_ref()).collect();
        return Err(format!("there is no format `{id}`, only {}", known.join(", ")));
    };
    let versions: Vec<&str> = format.manifest().versions.iter().map(|version| version.id.as_ref()).collect();
    let version = version.or(versions.first().copied()).unwrap_or_default();
    facts::profiles()
        .iter()
        .filter(|known| known.version == version)
        .find(|known| is_of(format.as_ref(), known))
        .ok_or_else(|| format!("{id} has no version `{version}`, only {}", versions.join(", ")))
}

fn is_of(format: &dyn Format, profile: &'static ProfileSpec) -> bool {
    let Ok(generator) = Generator::new(&FACTS, profile, MessageRequest::default()) else { return false };
    let message: String = generator.message().iter().map(transpose_testkit::dsr::File::text).collect();
    let probe = Probe { name: "", bytes: message.as_bytes(), complete: true };
    matches!(format.recognise(&probe), Recognition::Certain(_))
}
