//! Growth: what takes n of something must not take much more than twice as long for 2n.
//!
//! Each shape is an input of one kind with n, 2n and 4n parts. Instructions of one thread are
//! counted by callgrind, so the answer does not depend on what else the machine does. What is
//! compared is how much more the second step takes than the first: a start-up that is always the
//! same hides nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Chore, Outcome, files};

/// Check that no shape of input takes more than linear time, by counting instructions.
#[derive(clap::Parser, Debug)]
#[command(name = "growth")]
pub(crate) struct Growth {
    /// Check these shapes only.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// The program, instead of one that is built.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// What the step from 2n to 4n may take, in hundredths of the step from n to 2n: twice as much, and
/// something for what grows with the logarithm.
const MOST: u64 = 260;

/// Steps below this are noise.
const SMALLEST: u64 = 3_000_000;

/// An input of n parts, and the command that reads it.
struct Shape {
    name: &'static str,
    /// The smallest number of parts.
    parts: u32,
    /// The files, with their names.
    make: fn(u32) -> Vec<(&'static str, String)>,
    command: &'static [&'static str],
    /// The exit codes that are right.
    codes: &'static [i32],
}

const TO_EVENTS: &[&str] = &["convert", "in", "--to", "canonical.events", "-o", "out", "--overwrite"];
const VALIDATE: &[&str] = &["validate", "in"];
const TO_MESSAGE: &[&str] = &[
    "convert",
    "in",
    "--to",
    "ddex.dsr.basic-audio",
    "--agreement",
    "agreement.toml",
    "--figures",
    "figures.csv",
    "-o",
    "out",
    "--overwrite",
    "--period",
    "2026-10",
];

const SHAPES: &[Shape] = &[
    Shape { name: "rows", parts: 2000, make: rows, command: TO_EVENTS, codes: &[0] },
    Shape { name: "bad-rows", parts: 2000, make: bad_rows, command: VALIDATE, codes: &[1] },
    Shape { name: "columns", parts: 1000, make: columns, command: VALIDATE, codes: &[3] },
    Shape { name: "cell", parts: 100_000, make: long_cell, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "html-tags", parts: 20_000, make: html_tags, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "html-references", parts: 20_000, make: references, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "messages-of-blocks", parts: 2000, make: blocks, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "releases-of-a-block", parts: 20_000, make: releases, command: VALIDATE, codes: &[1] },
    Shape {
        name: "recordings-of-a-block",
        parts: 10_000,
        make: recordings,
        command: VALIDATE,
        codes: &[0, 1],
    },
    Shape { name: "equal-recordings", parts: 5000, make: equal_recordings, command: VALIDATE, codes: &[1] },
    Shape { name: "usages-of-a-block", parts: 20_000, make: usages, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "summary-records", parts: 1000, make: summaries, command: VALIDATE, codes: &[0, 1] },
    Shape { name: "titles-of-one-id", parts: 2000, make: titles, command: TO_MESSAGE, codes: &[0, 1] },
    Shape { name: "contexts", parts: 1000, make: contexts, command: TO_MESSAGE, codes: &[0, 1] },
    Shape {
        name: "contexts-without-figures",
        parts: 1000,
        make: bare_contexts,
        command: TO_MESSAGE,
        codes: &[2],
    },
    Shape { name: "figures", parts: 4000, make: figures, command: TO_MESSAGE, codes: &[0] },
    Shape { name: "figures-with-blanks", parts: 4000, make: blank_figures, command: TO_MESSAGE, codes: &[2] },
];

impl Chore for Growth {
    fn run(self) -> Outcome {
        if Command::new("valgrind").arg("--version").output().is_err() {
            return Err("valgrind is not installed; its tool callgrind counts instructions".into());
        }
        if let Some(name) = self.only.iter().find(|name| SHAPES.iter().all(|shape| shape.name != **name)) {
            let known: Vec<&str> = SHAPES.iter().map(|shape| shape.name).collect();
            return Err(format!("there is no shape `{name}`; there are {}", known.join(", ")).into());
        }
        let program = self.program.clone().map_or_else(build, Ok)?.canonicalize()?;
        let folder = files::root().join("target/growth");
        fs::create_dir_all(&folder)?;
        println!("{:<26} {:>9} {:>15} {:>15} {:>15} {:>6}", "shape", "n", "n", "2n", "4n", "step");
        let mut steep = Vec::new();
        let wanted = |shape: &&Shape| self.only.is_empty() || self.only.iter().any(|name| name == shape.name);
        for shape in SHAPES.iter().filter(wanted) {
            let counts = [1, 2, 4].map(|times| instructions(&program, &folder, shape, shape.parts * times));
            let [one, two, four] = counts;
            let (one, two, four) = (one?, two?, four?);
            let step = step(one, two, four);
            let shown = format!("{}.{:02}", step / 100, step % 100);
            let mark = if step > MOST { "  <- steep" } else { "" };
            println!("{:<26} {:>9} {one:>15} {two:>15} {four:>15} {shown:>6}{mark}", shape.name, shape.parts);
            steep.extend((step > MOST).then_some(shape.name));
        }
        files::remove_folder(&folder)?;
        if steep.is_empty() {
            return Ok(());
        }
        Err(format!("more than linear time for {}", steep.join(", ")).into())
    }
}

/// How much more the second step takes than the first, in hundredths.
fn step(one: u64, two: u64, four: u64) -> u64 {
    let (first, second) = (two.saturating_sub(one), four.saturating_sub(two));
    if second < SMALLEST { 0 } else { second * 100 / first.max(1) }
}

/// Builds the program as tests do.
fn build() -> Outcome<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(files::root()).args(["build", "--quiet", "-p", "transpose-cli"]);
    files::succeed(&mut command, "build the program")?;
    Ok(files::root().join("target/debug/transpose"))
}

/// Instructions of one run with one thread.
fn instructions(program: &Path, folder: &Path, shape: &Shape, parts: u32) -> Outcome<u64> {
    for (name, text) in (shape.make)(parts) {
        files::replace(&folder.join(name), text.as_bytes())?;
    }
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=callgrind.log"])
        .arg(program)
        .args(shape.command)
        .args(["--threads", "1"])
        .env("SOURCE_DATE_EPOCH", "1794290400")
        .current_dir(folder)
        .output()?;
    if !output.status.code().is_some_and(|code| shape.codes.contains(&code)) {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.chars().take(2000).collect();
        return Err(format!("{} with {parts} parts ended with {}: {said}", shape.name, output.status).into());
    }
    let said = files::read(&folder.join("callgrind.log"))?;
    let count = said.lines().find_map(|line| line.split("Collected :").nth(1));
    let count = count.and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| format!("callgrind gives no count:\n{said}").into())
}

const HEADINGS: &str = "event.id,event.time,context.territory,context.plan,recording.id,recording.title,recording.artist,event.duration\n";

/// Texts in a row, each made from its number.
fn text(parts: u32, part: impl Fn(u32) -> String) -> String {
    let mut text = String::new();
    (0..parts).for_each(|number| text.push_str(&part(number)));
    text
}

/// Plays, each made from its number.
fn plays(parts: u32, play: impl Fn(u32) -> String) -> Vec<(&'static str, String)> {
    let mut text = HEADINGS.to_owned();
    (0..parts).for_each(|number| text.push_str(&play(number)));
    vec![("in", text)]
}

fn rows(parts: u32) -> Vec<(&'static str, String)> {
    plays(parts, |number| {
        format!("e{number},2026-10-01T00:00:00Z,GB,p0,t{number},Title {number},Artist {number},PT3M34S\n")
    })
}

fn bad_rows(parts: u32) -> Vec<(&'static str, String)> {
    plays(parts, |number| format!("e{number},2026-13-{number},{number},p0,t,T{number},A,{number}x\n"))
}

fn columns(parts: u32) -> Vec<(&'static str, String)> {
    let mut text = HEADINGS.trim_end().to_owned();
    (0..parts).for_each(|number| _ = write!(text, ",c{number}"));
    text.push_str("\ne1,2026-10-01T00:00:00Z,GB,p0,t1,Title,Artist,PT3M34S");
    (0..parts).for_each(|number| _ = write!(text, ",{number}"));
    text.push('\n');
    vec![("in", text)]
}

fn long_cell(parts: u32) -> Vec<(&'static str, String)> {
    let title = "\"\"x".repeat(parts as usize / 3);
    plays(1, |_| format!("e1,2026-10-01T00:00:00Z,GB,p0,t1,\"{title}\",Artist,PT3M34S\n"))
}

/// A table of one play as a page, with a title.
fn page(title: &str) -> Vec<(&'static str, String)> {
    let row = |cells: &str, tag: &str| -> String {
        let cells: Vec<String> = cells.split(',').map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
        format!("<tr>{}</tr>\n", cells.concat())
    };
    let body = row(&format!("e1,2026-10-01T00:00:00Z,GB,p0,t1,{title},Artist,PT3M34S"), "td");
    vec![(
        "in",
        format!("<html><body><table>{}{body}</table></body></html>\n", row(HEADINGS.trim_end(), "th")),
    )]
}

fn html_tags(parts: u32) -> Vec<(&'static str, String)> {
    page(&"<br>".repeat(parts as usize))
}

fn references(parts: u32) -> Vec<(&'static str, String)> {
    page(&"&".repeat(parts as usize))
}

const HEAD: &str = "HEAD\tdsrf/1.4/1.2/1.5\tBasicAudioProfile\t1.4\tM1\t2026-11-30T20:05:37Z\t1\t1\t2026-10-01\t2026-10-31\tPADPIDA2026100101S\tN\tN\tPADPIDA2026100102Q\tE\tMechanical\n";

/// A message of so many lines of a body, with its counts.
fn message(summaries: u32, blocks: u32, body: &str) -> Vec<(&'static str, String)> {
    let mut text = HEAD.to_owned();
    for number in 1..=summaries {
        let _ = writeln!(
            text,
            "SY02.04\t{number}\t\t\tAdvertisementSupportedModel\tOnDemandStream\tBR\tS{number}\t2\t151290\tEUR\t6279.18\t\t\t\t\t\t\tMusic\tBRL\t0.1664\t"
        );
    }
    text.push_str(body);
    let lines = text.lines().count() + 1;
    let _ = writeln!(text, "FOOT\t{lines}\t{lines}\t{summaries}\t{blocks}\t{blocks}");
    vec![("in", text)]
}

fn release(block: u32, number: u32) -> String {
    format!(
        "RE01.03\t{block}\tR{number}\t099000054144\t\t\t099000054144\tArtist\t\tTitle\t\t\tLabel\t\t\t\t\n"
    )
}

fn recording(block: u32, number: u32, id: u32) -> String {
    format!(
        "AS02.04\t{block}\tA{number}\tid{id}\tUSNW02600017\tTitle\t\tArtist\t\tPT4M11S\tSoundRecording\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n"
    )
}

fn usage(block: u32, summary: u32, number: u32, recording: u32) -> String {
    format!("SU02.03\t{block}\t{summary}\t{number}\t\tA{recording}\ttrue\t1\t\t\t\tPT3M21S\n")
}

fn blocks(parts: u32) -> Vec<(&'static str, String)> {
    let block = |number| release(number, 1) + &recording(number, 1, number) + &usage(number, 1, number, 1);
    message(1, parts, &(1..=parts).map(block).collect::<String>())
}

fn releases(parts: u32) -> Vec<(&'static str, String)> {
    let many: String = (1..=parts).map(|number| release(1, number)).collect();
    message(1, 1, &(many + &recording(1, 1, 1) + &usage(1, 1, 1, 1)))
}

fn recordings(parts: u32) -> Vec<(&'static str, String)> {
    let many: String = (1..=parts).map(|number| recording(1, number, number)).collect();
    let used: String = (1..=parts).map(|number| usage(1, 1, number, number)).collect();
    message(1, 1, &(release(1, 1) + &many + &used))
}

fn equal_recordings(parts: u32) -> Vec<(&'static str, String)> {
    let used: String = (1..=parts).map(|_| usage(1, 1, 1, 1)).collect();
    message(1, 1, &(release(1, 1) + &recording(1, 1, 1).repeat(parts as usize) + &used))
}

fn usages(parts: u32) -> Vec<(&'static str, String)> {
    let used: String = (1..=parts).map(|number| usage(1, 1, number, 1)).collect();
    message(1, 1, &(release(1, 1) + &recording(1, 1, 1) + &used))
}

fn summaries(parts: u32) -> Vec<(&'static str, String)> {
    let used: String = (1..=parts).map(|number| usage(1, number, number, 1)).collect();
    message(parts, 1, &(release(1, 1) + &recording(1, 1, 1) + &used))
}

const AGREEMENT: &str = "[sender]\nparty-id = \"PADPIDA2026100101S\"\nname = \"N\"\n[recipient]\nparty-id = \"PADPIDA2026100102Q\"\nname = \"E\"\n\
    [message]\nservice = \"N\"\nrepertoire = [\"Mechanical\"]\n[money]\ncurrency = \"EUR\"\n[qualifying-play]\nminimum-seconds = 30\nbelow = \"drop\"\n\
    [policies]\nconflict = \"most-played\"\n[defaults]\n\"recording.type\" = \"SoundRecording\"\n";

/// An agreement with so many sales contexts, and figures whose rows follow the heading.
fn terms(contexts: u32, figures: &str) -> [(&'static str, String); 2] {
    let mut agreement = AGREEMENT.to_owned();
    for number in 0..contexts {
        let _ = write!(
            agreement,
            "[[context]]\nwhen = {{ plan = \"p{number}\" }}\ncommercial-model = \"AdvertisementSupportedModel\"\nuse-type = \"OnDemandStream\"\nservice = \"S{number}\"\ncontent-category = \"Music\"\n"
        );
    }
    let heading = "territory,service,plan,net-revenue,users\n";
    [("agreement.toml", agreement), ("figures.csv", format!("{heading}{figures}"))]
}

/// One row of figures for each of some plans.
fn figures_of(plans: u32) -> String {
    text(plans, |number| format!("GB,,p{number},12.50,100\n"))
}

/// Plays of so many plans.
fn plays_of(plans: u32) -> Vec<(&'static str, String)> {
    plays(plans, |number| format!("e{number},2026-10-01T00:00:00Z,GB,p{number},t1,Title,Artist,PT3M34S\n"))
}

fn titles(parts: u32) -> Vec<(&'static str, String)> {
    let mut files = plays(parts, |number| {
        format!("e{number},2026-10-01T00:00:00Z,GB,p0,0,Title {number},Artist {number},PT3M34S\n")
    });
    files.extend(terms(1, &figures_of(1)));
    files
}

fn contexts(parts: u32) -> Vec<(&'static str, String)> {
    let mut files = plays_of(parts);
    files.extend(terms(parts, &figures_of(parts)));
    files
}

fn bare_contexts(parts: u32) -> Vec<(&'static str, String)> {
    let mut files = plays_of(parts);
    files.extend(terms(parts, &figures_of(1).replace("GB", "FR")));
    files
}

fn figures(parts: u32) -> Vec<(&'static str, String)> {
    let mut files = plays_of(1);
    files.extend(terms(1, &figures_of(parts)));
    files
}

fn blank_figures(parts: u32) -> Vec<(&'static str, String)> {
    let rows = text(parts, |number| format!("GB,s{number},,1,1\nGB,,p{number},1,1\n"));
    let mut files = plays_of(1);
    files.extend(terms(1, &rows));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steep_steps_are_told_from_straight_ones() {
        assert_eq!(step(10_000_000, 20_000_000, 40_000_000), 200);
        // A constant start hides nothing.
        assert_eq!(step(110_000_000, 120_000_000, 160_000_000), 400);
        assert_eq!(step(1000, 2000, 8000), 0);
    }

    #[test]
    fn shapes_have_names_of_their_own() {
        let mut names: Vec<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SHAPES.len());
    }
}
