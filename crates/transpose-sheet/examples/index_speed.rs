//! How fast rows and cells are found, and how fast a usual selection of them is decoded, on one thread.
//!
//! `cargo run --release -p transpose-sheet --example index_speed`

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "its purpose is to print rough numbers"
)]

use std::time::Instant;
use transpose_core::batch::Batch;
use transpose_core::diagnostic::Fatal;
use transpose_core::field::Field;
use transpose_core::format::{Chunk, Format, Indexed, Origin, Projection};
use transpose_core::registry::BytesHead;
use transpose_core::report::Report;
use transpose_sheet::{Layout, LayoutFormat};

const COLUMNS: [(&str, &str, &str); 23] = [
    ("Report Generated Date", "header.created", "timestamp"),
    ("Partner ID", "header.partner", "id"),
    ("Stream ID", "event.id", "id"),
    ("Logged Date Time", "event.time", "timestamp"),
    ("Format ID", "event.format-id", "id"),
    ("Country", "context.territory", "territory"),
    ("Play Mode", "event.play-mode", "vocabulary"),
    ("User ID", "event.user", "id"),
    ("Service", "context.service", "text"),
    ("Track ID", "recording.id", "id"),
    ("Duration played", "event.duration", "seconds"),
    ("Total Duration", "recording.duration", "seconds"),
    ("Device Name", "event.device", "text"),
    ("API Key Name", "event.api-key", "text"),
    ("Plan Code", "context.plan", "text"),
    ("Release UPC", "release.icpn", "icpn"),
    ("Release Artist", "release.artist", "text"),
    ("Label Group Name", "recording.label", "text"),
    ("GRID", "release.grid", "grid"),
    ("Release Name", "release.title", "text"),
    ("Item Identifier Code", "recording.isrc", "isrc"),
    ("Item Artist", "recording.artist", "text"),
    ("Item Name", "recording.title", "text"),
];

fn layout() -> Result<Layout, Fatal> {
    let columns = COLUMNS.map(|(heading, field, kind)| {
        let values = if kind == "vocabulary" { "values = [\"online\"]\n" } else { "" };
        format!("[[column]]\nheading = \"{heading}\"\nfield = \"{field}\"\nkind = \"{kind}\"\nrequired = true\n{values}")
    });
    let head = "id = \"speed.test\"\ntitle = \"Speed\"\ndirections = [\"read\"]\ngrain = \"event\"\nreference = \"invented\"\n";
    Layout::parse("speed.toml", &format!("{head}{}", columns.concat()))
}

/// Rows of about 300 bytes; `quoting` 0 quotes nothing, 1 one title in eight, 2 every cell.
fn table(rows: usize, quoting: u8) -> Vec<u8> {
    let mut out = COLUMNS.map(|(heading, ..)| heading).join(",") + "\r\n";
    let mut state = 1_u64;
    for row in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let track = (state >> 33) % 200_000;
        let title = if quoting == 1 && track.is_multiple_of(8) {
            format!("\"Song {track}, Pt. 1\"")
        } else {
            format!("Song {track} of many")
        };
        let cells = [
            "2026-11-02T06:00:00Z".to_owned(),
            "1234".to_owned(),
            format!("7f3c1a2b-{:04x}-4222-8333-{row:012x}", track % 65536),
            format!("2026-10-{:02}T{:02}:{:02}:{:02}Z", 1 + row % 30, row % 24, row % 60, track % 60),
            "33".to_owned(),
            "GB".to_owned(),
            "online".to_owned(),
            format!("user-{}", state >> 45),
            "Example Music".to_owned(),
            format!("{}", 10_000_000 + track),
            format!("{}", track % 300),
            format!("{}", 180 + track % 90),
            "Phone 12".to_owned(),
            "example-app".to_owned(),
            "premium".to_owned(),
            "190295489328".to_owned(),
            format!("Artist {}", track % 9000),
            "Example Label Group".to_owned(),
            String::new(),
            format!("Album number {}", track / 12),
            format!("GBAAA26{:05}", track % 100_000),
            format!("Artist {}", track % 9000),
            title,
        ];
        if quoting == 2 {
            out += &cells.map(|cell| format!("\"{cell}\"")).join(",");
        } else {
            out += &cells.join(",");
        }
        out += "\r\n";
    }
    out.into_bytes()
}

fn main() -> Result<(), Fatal> {
    let format = LayoutFormat::new(layout()?);
    for (name, quoting) in [("no quotes", 0), ("some quotes", 1), ("all quoted", 2)] {
        let bytes = table(200_000, quoting);
        let mut decoder = format.open(&mut BytesHead { name: "speed.csv", bytes: &bytes }, &[])?;
        let set = |fields: &[Field]| fields.iter().copied().collect();
        decoder.project(&Projection {
            item: set(&[
                Field::RECORDING_ID,
                Field::RECORDING_DURATION,
                Field::ICPN,
                Field::RELEASE_ARTIST,
                Field::RECORDING_LABEL,
                Field::GRID,
                Field::RELEASE_TITLE,
                Field::ISRC,
                Field::RECORDING_ARTIST,
                Field::RECORDING_TITLE,
            ]),
            context: set(&[Field::TERRITORY, Field::SERVICE, Field::PLAN]),
            row: Vec::new(),
            time: true,
            duration: true,
        })?;
        let mut worker = decoder.worker();
        let mut batch = Batch::default();
        let body = bytes.get(decoder.preamble().body as usize..).unwrap_or(&[]);
        for decoding in [false, true] {
            let mut best = 0.0_f64;
            let mut rows = 0;
            for _ in 0..9 {
                let began = Instant::now();
                let mut start = 0;
                rows = 0;
                while start < body.len() {
                    let rest = body.get(start..).unwrap_or(&[]);
                    let view = rest.get(..264 * 1024).unwrap_or(rest);
                    let chunk = Chunk { bytes: view, own: 256 * 1024, last: view.len() == rest.len() };
                    let Indexed::Done { end, units, .. } = worker.index(chunk, 0) else { break };
                    if decoding {
                        batch.clear();
                        let mut report = Report::default();
                        worker.decode(chunk, Origin { byte: start as u64, line: 2 }, &mut batch, &mut report);
                    }
                    rows += units;
                    start += end;
                }
                best = best.max(body.len() as f64 / began.elapsed().as_secs_f64() / 1e9);
            }
            let what = if decoding { "index and decode" } else { "index" };
            println!(
                "{name:12} {what:17} {best:6.2} GB/s  {rows} rows of {} bytes",
                body.len() / rows.max(1) as usize
            );
        }
    }
    Ok(())
}
