//! What a validation finds, against a search that knows nothing of chunks, keys and disks.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, Reject};
use transpose_core::format::{
    Batch, BlockDecoder, Chunk, ChunkDecoder, Created, Decoder, Demands, EncodeRequest, FileNumber, Format,
    FormatTraits, Grain, Head, IndexOutcome, Manifest, Opened, OptionSpec, Origin, Preamble, Probe,
    Recognition, Repair, Status, Tally, Validation,
};
use transpose_core::model::{Entity, Field, FieldSet, Group, Shape, Slot, Span};
use transpose_engine::Reading;
use transpose_engine::validate::{self, Severities, ValidationResult};
use transpose_io::{Compression, Input, OutputSet};

transpose_core::codes! {
    REJECTED: "TST0201" "rejected" Error "A block is rejected." "Nothing."
    TRIMMED: "TST0202" "trimmed" Info "Spaces were cut off." "Nothing."
    FOOT: "TST0203" "foot" Warning "The closing count." "Nothing."
}

/// A message of lines. `M id x y` begins it; `C id total parent` are contexts; then each line is a
/// block, `B id usage;usage` with usages `id,context,quantity`, or `R id`, which is rejected; `?`
/// represents an id that is not known.
struct Lines(Manifest);

impl Lines {
    fn new() -> Self {
        Self(Manifest {
            id: "test.lines".into(),
            title: "Lines".into(),
            grain: Grain::Aggregate,
            reads: true,
            writes: false,
            status: Status::Preview,
            reference: "this test".into(),
            confidence: "".into(),
            versions: Vec::new(),
            extension: "txt".into(),
            traits: FormatTraits::default(),
            about: "Lines.".into(),
        })
    }
}

impl Format for Lines {
    fn manifest(&self) -> &Manifest {
        &self.0
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }
    fn recognise(&self, _: &Probe<'_>) -> Recognition {
        Recognition::No
    }
    fn reads(&self, _: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }
    fn writes(&self, _: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }
    fn needs(&self, _: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }
    fn open(&self, head: &mut dyn Head, _: &[(String, String)]) -> Result<Opened, Fatal> {
        let text = String::from_utf8(head.bytes(1 << 20)?.to_vec()).unwrap();
        let mut preamble = Preamble { line: 1, ..Preamble::default() };
        for line in text.split_inclusive('\n') {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["M", id, number, of] => {
                    preamble.header.set(Field::MESSAGE_ID, id);
                    preamble.part =
                        Some(FileNumber { number: number.parse().unwrap(), of: of.parse().unwrap() });
                }
                ["C", id, total, ref parent @ ..] => {
                    let mut context = Entity::from_record("C");
                    context.set(Field::CONTEXT_ID, id);
                    context.set(Field::TOTAL_USAGES, total);
                    if let [parent] = parent {
                        context.set(Field::PARENT_CONTEXT, *parent);
                    }
                    preamble.contexts.push(context);
                }
                _ => break,
            }
            preamble.body += line.len() as u64;
            preamble.line += 1;
        }
        preamble.shapes = vec![Shape {
            record: "U".into(),
            group: Group::Usage,
            columns: vec![Slot::Field(Field::USAGE_ID), Slot::Field(Field::QUANTITY)],
        }];
        Ok(Opened::Blocks(Box::new(Reader(preamble))))
    }
    fn create(&self, _: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        panic!("nothing is written")
    }
    fn explain(&self, _: &str) -> Option<String> {
        None
    }
}

struct Reader(Preamble);

impl Decoder for Reader {
    fn preamble(&self) -> &Preamble {
        &self.0
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker(&self.0, Vec::new()))
    }

    fn quarantine_header(&self, _: &mut Vec<u8>) {}

    fn quarantine(&self, _: &Diagnostic, _: &[u8], _: &mut Vec<u8>) {}

    fn finish(&self, _: &[(u64, Entity)], tally: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        diagnostics.push(Diagnostic::new(&FOOT, Location::default(), format!("file {}", tally.lines)));
    }

    fn validation(&self) -> Option<&dyn Validation> {
        Some(self)
    }
}

impl BlockDecoder for Reader {
    fn finish_message(&self, _: &[(u64, Entity)], message: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        let text = format!("message {} {} {}", message.lines, message.blocks, message.summaries);
        diagnostics.push(Diagnostic::new(&FOOT, Location::default(), text));
    }
}

impl Validation for Reader {
    fn repair(&self, _: &Tally, _: Option<&Tally>) -> Option<Box<dyn Repair + '_>> {
        Some(Box::new(Trim))
    }
}

/// Cuts spaces off the ends of lines.
struct Trim;

impl Repair for Trim {
    fn line(&mut self, place: Location, line: &[u8], out: &mut Vec<u8>, changed: &mut dyn FnMut(Diagnostic)) {
        let trimmed = line.trim_ascii_end();
        if trimmed != line {
            changed(Diagnostic::new(&TRIMMED, place, "trimmed"));
        }
        out.extend_from_slice(trimmed);
    }
}

struct Worker<'a>(&'a Preamble, Vec<(usize, usize)>);

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        chunk.bytes.iter().position(|byte| *byte == b'\n').map_or(chunk.bytes.len(), |at| at + 1)
    }
    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.1.clear();
        let mut from = start;
        while from <= chunk.own && from < chunk.bytes.len() {
            let Some(len) = chunk.bytes[from..].iter().position(|byte| *byte == b'\n') else {
                assert!(!chunk.last, "every line is ended");
                return IndexOutcome::More;
            };
            self.1.push((from, from + len));
            from += len + 1;
        }
        let units = self.1.len() as u64;
        IndexOutcome::Done { end: from, lines: units, units, usages: 0 }
    }
    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, _: &mut RunReport) {
        for (number, (start, end)) in self.1.iter().enumerate() {
            let text = std::str::from_utf8(&chunk.bytes[*start..*end]).unwrap();
            let mut words = text.split(' ').filter(|word| !word.is_empty());
            let span = |word: &str| {
                let at = word.as_ptr() as usize - chunk.bytes.as_ptr() as usize;
                Span::chunk(at, at + word.len())
            };
            let (kind, id) = (words.next().unwrap(), words.next().unwrap());
            if kind == "R" {
                let place = Location::line(origin.line + number as u64, origin.byte + *start as u64);
                let block = (id != "?").then(|| id.into());
                let diagnostic = Diagnostic::new(&REJECTED, Location { block, ..place }, "rejected");
                let (start, len) = (*start as u32, (end - start) as u32);
                batch.rejects.push(Reject { start, len, diagnostic, plays: 0, returns: 0, micros: 0 });
                continue;
            }
            batch.blocks.begin_block(span(id), *start);
            for usage in words.flat_map(|word| word.split(';')) {
                let cells: Vec<&str> = usage.split(',').collect();
                // Every other identifier is outside the chunk, as one does that was unescaped.
                let name = match cells[0] {
                    "" => Span::ABSENT,
                    id if id.len() % 2 == 0 => batch.blocks.text(id.as_bytes()),
                    id => span(id),
                };
                batch.blocks.push_filled(0, &[name, span(cells[2])], number as u32);
                let context = self
                    .0
                    .contexts
                    .iter()
                    .position(|context| context.text(Field::CONTEXT_ID) == Some(cells[1]));
                batch.blocks.last_entity().unwrap().context = context.unwrap() as u32;
            }
            batch.blocks.end_block(*end);
        }
    }
}

/// How a message is read.
#[derive(Clone, Copy, Debug)]
struct ValidationSetup {
    chunk: usize,
    threads: usize,
    memory: Option<u64>,
    first: usize,
}

const PLAIN: ValidationSetup = ValidationSetup { chunk: 1 << 18, threads: 1, memory: None, first: 1000 };

fn check(files: &[(String, String)], how: ValidationSetup) -> ValidationResult {
    let inputs: Vec<Input> = files
        .iter()
        .map(|(name, text)| Input::from_bytes(name.as_str(), text.clone().into_bytes()))
        .collect();
    validation(&inputs, how, |validation| validation.run().unwrap())
}

fn validation<T>(
    inputs: &[Input],
    how: ValidationSetup,
    run: impl FnOnce(&validate::Validation<'_>) -> T,
) -> T {
    let format = Lines::new();
    run(&validate::Validation {
        inputs,
        formats: &vec![&format as &dyn Format; inputs.len()],
        names: &[],
        options: &[],
        demands: &Demands::default(),
        severities: &Severities::default(),
        first: how.first,
        reading: Reading { threads: how.threads, chunk: how.chunk, ..Reading::default() },
        memory: how.memory,
        temp_dir: std::env::temp_dir(),
        progress: &|_| {},
    })
}

/// Code, file and line of every diagnostic, without those of the closing records.
fn said(verdict: &ValidationResult) -> BTreeSet<(String, String, u64)> {
    let diagnostics = verdict.diagnostics.iter().filter(|diagnostic| diagnostic.code != &FOOT);
    let place = |diagnostic: &Diagnostic| {
        let source = diagnostic.location.source.as_deref().unwrap_or_default().to_owned();
        (diagnostic.code.id.to_owned(), source, diagnostic.location.line.unwrap_or_default())
    };
    diagnostics.map(place).collect()
}

fn files(texts: &[&str]) -> Vec<(String, String)> {
    texts.iter().zip('a'..).map(|(text, name)| (name.to_string(), (*text).to_owned())).collect()
}

fn codes(texts: &[&str]) -> Vec<String> {
    let verdict = check(&files(texts), PLAIN);
    said(&verdict).into_iter().map(|(code, source, line)| format!("{code} {source} {line}")).collect()
}

fn messages(texts: &[&str]) -> Vec<String> {
    let verdict = check(&files(texts), PLAIN);
    verdict
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code != &FOOT)
        .map(|diagnostic| format!("{}: {}", diagnostic.location, diagnostic.message))
        .collect()
}

#[test]
fn a_sound_message_has_nothing_to_tell() {
    assert_eq!(codes(&["M m 1 1\nC s 6\nB 1 1,s,1;2,s,2\nB 2 3,s,2.5\nB 3 4,s,0.5\n"]), [""; 0]);
}

#[test]
fn repeated_identifiers_are_told_with_both_places() {
    let one = "M m 1 2\nC s 100\nB 1 x,s,1;y,s,1\nB 2 x,s,1\n";
    let two = "M m 2 2\nC s 100\nB 3 z,s,1\nB 2 y,s,1\nB 3 q,s,1\n";
    assert_eq!(
        messages(&[two, one]),
        [
            "b C context.total-usages: the usages of the sales context `s` add up to 6, and its total is `100`",
            "b:4 block 2 U usage.id: usage `x` is a duplicate of line 3",
            "a:4 block 2: block `2` found where `4` is expected",
            "a:4 block 2: block `2` is a duplicate of line 4 of `b`",
            "a:4 block 2 U usage.id: usage `y` is a duplicate of line 3 of `b`",
            "a:5 block 3: block `3` is a duplicate of line 3",
        ]
    );
}

#[test]
fn sums_are_compared_with_totals() {
    let message = |total: &str, usages: &str| codes(&[&format!("M m 1 1\nC s {total}\nB 1 {usages}\n")]);
    assert_eq!(message("1.50", ",s,1;,s,0.5"), [""; 0]);
    assert_eq!(message("2", ",s,1;,s,0.5"), ["ENG0205 a 0"]);
    assert_eq!(message("1", ",s,1;,s,0.5"), ["ENG0206 a 0"]);
    assert_eq!(message("x", ",s,1"), [""; 0]);
    assert_eq!(message("1", ",s,12345678901234567890123456789012"), ["ENG0213 a 0"]);
}

#[test]
fn contexts_without_usages_are_told_unless_they_detail_another_or_nothing_was_used() {
    assert_eq!(codes(&["M m 1 1\nC s 1\nC t 5\nC u 9 s\nB 1 ,s,1\n"]), ["ENG0207 a 0"]);
    assert_eq!(codes(&["M m 1 1\nC s 1\nC t 5\n"]), ["ENG0208 a 0"]);
    // One that details another and has usages is checked like any other.
    assert_eq!(codes(&["M m 1 1\nC s 1\nC u 9 s\nB 1 ,s,1;,u,10\n"]), ["ENG0206 a 0"]);
}

#[test]
fn rejected_blocks_leave_only_what_is_certain() {
    // The first sum may be completed by what was rejected, the second is too large already.
    let message = "M m 1 1\nC s 5\nC t 1\nC u 1\nB 1 ,s,1;,t,2\nR 2\nB 3 ,s,1\n";
    assert_eq!(codes(&[message]), ["ENG0206 a 0", "ENG0213 a 0", "TST0201 a 6"]);
    // The ids of rejected blocks count: this block is not one but two.
    assert_eq!(
        codes(&["M m 1 1\nC s 1\nB 1 ,s,1\nR 1\nR ?\n"]),
        ["ENG0201 a 4", "ENG0203 a 4", "ENG0213 a 0", "TST0201 a 4", "TST0201 a 5"]
    );
}

#[test]
fn files_of_a_message_are_all_there_and_agree() {
    let file = |number: u32, of: u32, rest: &str| format!("M m {number} {of}\nC s 3\n{rest}");
    let (one, two) = (file(1, 3, "B 1 1,s,1\n"), file(2, 3, "B 2 2,s,1\n"));
    let three = file(3, 3, "B 3 3,s,1\n");
    assert_eq!(codes(&[&three, &one, &two]), [""; 0]);
    assert_eq!(codes(&[&three, &one]), ["ENG0209 b 0", "ENG0213 b 0"]);
    assert_eq!(codes(&[&one, &two, &three, &two]), ["ENG0210 d 0"]);
    assert_eq!(
        codes(&[&one, &two, &file(3, 4, "B 3 3,s,1\n")]),
        ["ENG0209 a 0", "ENG0211 c 0", "ENG0213 a 0"]
    );
    let other = three.replace("C s 3", "C s 4");
    assert_eq!(codes(&[&one, &two, &other]), ["ENG0212 c 0"]);
    // Another message id, and each lacks what the other has.
    assert_eq!(codes(&[&one, &two, &three.replace("M m", "M n")]), ["ENG0211 c 0"]);
    let verdict = check(&files(&[&three, &one, &two]), PLAIN);
    let order: Vec<usize> = verdict.messages[0].files.iter().map(|file| file.input).collect();
    assert_eq!((order, verdict.messages[0].tally.lines), (vec![1, 2, 0], 9));
}

#[test]
fn closing_records_are_checked_for_each_file_and_once_for_the_message() {
    let one = "M m 1 2\nC s 2\nB 1 1,s,1\n";
    let two = "M m 2 2\nC s 2\nB 2 2,s,1\n";
    let feet = |texts: &[&str]| {
        let verdict = check(&files(texts), PLAIN);
        let feet = verdict.diagnostics.iter().filter(|diagnostic| diagnostic.code == &FOOT);
        feet.map(|diagnostic| format!("{}: {}", diagnostic.location, diagnostic.message)).collect::<Vec<_>>()
    };
    assert_eq!(feet(&[two, one]), ["b: file 3", "a: file 3", "a: message 6 2 1"]);
    assert_eq!(feet(&[two]), ["a: file 3"]);
}

#[test]
fn first_diagnostics_are_kept_and_all_are_counted() {
    let blocks: Vec<String> = (0..500).map(|number| format!("B {} x,s,1", number % 10)).collect();
    let files = [("a".to_owned(), format!("M m 1 1\nC s 500\n{}\n", blocks.join("\n")))];
    let whole = check(&files, PLAIN);
    let some = check(&files, ValidationSetup { first: 3, ..PLAIN });
    let counts = |verdict: &ValidationResult| {
        verdict.diagnostics.counts().map(|(code, count)| (code.id, count)).collect::<Vec<_>>()
    };
    assert_eq!(
        counts(&some),
        [("ENG0201", 490), ("ENG0203", 51), ("ENG0204", 499), ("TST0203", 2)]
            .map(|(id, count)| (id, if id == "ENG0203" { 1 } else { count }))
    );
    assert_eq!(counts(&some), counts(&whole));
    let lines = |verdict: &ValidationResult, code: &str| {
        let of_code = verdict.diagnostics.iter().filter(|diagnostic| diagnostic.code.id == code);
        of_code.filter_map(|diagnostic| diagnostic.location.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(&some, "ENG0201"), [13, 14, 15]);
    assert_eq!(lines(&some, "ENG0204"), [4, 5, 6]);
    assert_eq!(lines(&whole, "ENG0201").len(), 490);
}

#[test]
fn a_repaired_copy_keeps_its_line_ends() {
    let text = "M m 1 1  \r\nC s 2 \nB 1 1,s,1\r\n  \nB 2 2,s,1 ".to_owned();
    let inputs = [Input::from_bytes("a", text.into_bytes())];
    let folder = tempfile::tempdir().unwrap();
    let mut set = OutputSet::new(false);
    let path = folder.path().join("copy");
    let mut out = set.create(&path, Compression::None).unwrap();
    let diagnostics = validation(&inputs, ValidationSetup { first: 3, ..PLAIN }, |validation| {
        let (message, file) = Default::default();
        validation.repair(&message, &file, &mut out).unwrap()
    });
    out.finish().unwrap();
    set.commit().unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "M m 1 1\r\nC s 2\nB 1 1,s,1\r\n\nB 2 2,s,1");
    let places: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.location.to_string()).collect();
    assert_eq!(
        (places, diagnostics.counts().map(|(_, count)| count).sum()),
        (vec!["a:1".into(), "a:2".into(), "a:4".into()], 4_u64)
    );
}

/// A block as the search sees it.
#[derive(Clone, Debug)]
struct Sample {
    rejected: bool,
    id: String,
    /// Identifier, context and hundredths.
    usages: Vec<(String, usize, u32)>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let id = prop_oneof!["[0-9]{1,2}", "[ab]{1,3}", Just(String::new())];
    let usage = (id, 0..3_usize, 0..300_u32);
    (
        prop::bool::weighted(0.1),
        prop_oneof!["[1-9]", "[1-3][0-9]", "[xy]"],
        prop::collection::vec(usage, 1..4),
    )
        .prop_map(|(rejected, id, usages)| Sample { rejected, id, usages })
}

fn number(hundredths: u32) -> String {
    match hundredths % 100 {
        0 => (hundredths / 100).to_string(),
        part => format!("{}.{part:02}", hundredths / 100),
    }
}

/// The message in files of the given numbers of blocks, with totals in hundredths.
fn written(blocks: &[Sample], cuts: &[usize], totals: [u32; 3]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (place, part) in cuts.windows(2).enumerate() {
        let mut lines = vec![format!("M m {} {}", place + 1, cuts.len() - 1)];
        let contexts = totals.iter().enumerate();
        lines.extend(contexts.map(|(context, total)| format!("C c{context} {}", number(*total))));
        for block in &blocks[part[0]..part[1]] {
            if block.rejected {
                lines.push(format!("R {}", block.id));
                continue;
            }
            let usages = block.usages.iter();
            let usages: Vec<String> =
                usages.map(|(id, context, amount)| format!("{id},c{context},{}", number(*amount))).collect();
            lines.push(format!("B {} {}", block.id, usages.join(";")));
        }
        files.push((format!("file {}", place + 1), lines.join("\n") + "\n"));
    }
    files
}

/// What is to be found, by comparing everything with everything.
fn expected(blocks: &[Sample], cuts: &[usize], totals: [u32; 3]) -> BTreeSet<(String, String, u64)> {
    let mut found = BTreeSet::new();
    let place = |index: usize| {
        let file = cuts.windows(2).position(|part| (part[0]..part[1]).contains(&index)).unwrap();
        (file, format!("file {}", file + 1), (index - cuts[file]) as u64 + 5)
    };
    let mut tell = |code: &str, source: String, line| {
        found.insert((code.to_owned(), source, line));
    };
    let mut ordered = true;
    for (index, block) in blocks.iter().enumerate() {
        let (file, source, line) = place(index);
        if let Some(before) = blocks[..index].iter().position(|other| other.id == block.id) {
            tell(if place(before).0 == file { "ENG0201" } else { "ENG0202" }, source.clone(), line);
        }
        let next =
            if index == 0 { Some(1) } else { blocks[index - 1].id.parse::<u64>().ok().map(|id| id + 1) };
        if ordered && next.is_some_and(|next| block.id.parse() != Ok(next)) {
            ordered = false;
            tell("ENG0203", source.clone(), line);
        }
        if block.rejected {
            tell("TST0201", source, line);
            continue;
        }
        let before = blocks[..index].iter().filter(|block| !block.rejected).flat_map(|block| &block.usages);
        let before: BTreeSet<&str> = before.map(|(id, ..)| id.as_str()).collect();
        let mut own = BTreeSet::new();
        for (id, ..) in block.usages.iter().filter(|(id, ..)| !id.is_empty()) {
            if before.contains(id.as_str()) || !own.insert(id) {
                tell("ENG0204", source.clone(), line);
            }
        }
    }
    let rejected = blocks.iter().any(|block| block.rejected);
    if blocks.is_empty() {
        tell("ENG0208", "file 1".into(), 0);
        return found;
    }
    if rejected {
        tell("ENG0213", "file 1".into(), 0);
    }
    let mut sums: BTreeMap<usize, u32> = BTreeMap::new();
    for (_, context, hundredths) in
        blocks.iter().filter(|block| !block.rejected).flat_map(|block| &block.usages)
    {
        *sums.entry(*context).or_default() += hundredths;
    }
    for (context, total) in totals.iter().enumerate() {
        match sums.get(&context) {
            None if !rejected => tell("ENG0207", "file 1".into(), 0),
            Some(sum) if sum > total => tell("ENG0206", "file 1".into(), 0),
            Some(sum) if sum < total && !rejected => tell("ENG0205", "file 1".into(), 0),
            _ => {}
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_missed_and_nothing_made_up(
        rising in 0..30_u32,
        blocks in prop::collection::vec(sample(), 0..30),
        cuts in prop::collection::vec(0..60_usize, 0..3),
        exact in prop::bool::ANY,
        totals in prop::array::uniform3(0..3000_u32),
        chunk in 16..200_usize,
        threads in 1..4_usize,
        small in prop::bool::ANY,
    ) {
        let mut all: Vec<Sample> = (1..=rising)
            .map(|number| Sample { rejected: false, id: number.to_string(), usages: vec![(number.to_string(), 0, 100)] })
            .collect();
        all.extend(blocks);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).chain([0, all.len()]).collect();
        cuts.sort_unstable();
        let mut totals = totals;
        if exact {
            totals = [0; 3];
            for (_, context, hundredths) in all.iter().filter(|block| !block.rejected).flat_map(|block| &block.usages) {
                totals[*context] += hundredths;
            }
        }
        let mut files = written(&all, &cuts, totals);
        // In another order than that of their numbers.
        files.reverse();
        let how = ValidationSetup { chunk, threads, memory: small.then_some(0), first: 1000 };
        let verdict = check(&files, how);
        prop_assert_eq!(said(&verdict), expected(&all, &cuts, totals));
        let plain = check(&files, PLAIN);
        let lines = |verdict: &ValidationResult| verdict.diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.location, diagnostic.message)).collect::<Vec<_>>();
        prop_assert_eq!(lines(&verdict), lines(&plain));
        // What is repeated was compared as text, on disk. So is what lies in a gap of rising
        // numbers, and is not repeated.
        prop_assert!(plain.spilled > 0 || lines(&plain).iter().all(|line| !line.contains("is a duplicate of")));
    }
}
