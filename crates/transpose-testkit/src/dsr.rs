//! Valid DSR messages of any profile, made from the tables of a family alone.
//!
//! This is an oracle: it shares no code with the reader and the writer that it tests. It walks the
//! structure of a profile, fills each cell by its type, its name and the conditions between cells
//! (the rules V-… and ARCH-… of DSR), escapes, adds up usages and counts lines by itself. The same
//! wish gives the same bytes. Each line says which definition it follows, so that a test can spoil
//! one cell and know what must be found.
//!
//! | module | holds |
//! |---|---|
//! | `plan` | what a message is about before its first block |
//! | `block` | the lines of a block, with references that hold |
//! | `form` | what each cell of a record takes |
//! | `fill` | the text of cells |
//! | `codes`, `words`, `names` | invented identifiers and names |

mod block;
mod codes;
mod fill;
mod form;
mod names;
mod plan;
mod words;

use fill::{CellNotation, RecordFiller};
use plan::{Context, Plan};
use transpose_records::spec::{AllowedValues, ProfileSpec, RecordSpec};

/// Where the facts of a family are looked up.
#[derive(Clone, Copy)]
pub struct Facts {
    /// The definition of a record in a version of a profile.
    pub record: fn(&str, &ProfileSpec) -> Option<&'static RecordSpec>,
    /// The set of allowed values with the given name or alias.
    pub set: fn(&str) -> Option<&'static AllowedValues>,
}

/// Which of the cells that may stay empty are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Only those that must be filled under their conditions.
    Mandatory,
    /// About half of the others too.
    Some,
    /// All that the rules allow.
    All,
}

/// What a message is to be like.
#[derive(Clone, Copy, Debug)]
pub struct MessageRequest {
    /// Decides everything that is left open.
    pub seed: u64,
    /// The number of blocks, or of lines that are whole blocks; none makes a report without sales.
    /// A message of such lines has at least one for each summary record.
    pub blocks: u64,
    /// The least number of summary records; some profiles need several types at once.
    pub contexts: usize,
    /// Which cells are filled.
    pub fill: Fill,
    /// Over how many files the blocks are spread; never more than there are blocks, and one where
    /// lines are whole blocks (ARCH-88).
    pub files: u64,
    /// Whether some titles hold a tab.
    pub tabs: bool,
}

impl Default for MessageRequest {
    fn default() -> Self {
        Self { seed: 1, blocks: 3, contexts: 2, fill: Fill::Some, files: 1, tabs: false }
    }
}

/// How the identifiers of usages run through a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// A letter, the block, and a number within it.
    #[default]
    Lettered,
    /// Whole numbers that grow from usage to usage.
    Growing,
    /// Sixteen digits in no order.
    Random,
}

/// What makes a message look like those that a service sends, and not like a case for a test: many
/// usages to a block, names and titles that hardly ever come again, and a sender with habits, so
/// that a cell which may stay empty is nearly always filled or nearly always empty.
#[derive(Clone, Copy, Debug)]
pub struct BulkShape {
    /// The least number of lines of the whole message; it ends with the block that reaches it. The
    /// number of blocks in [`MessageRequest`] means nothing then.
    pub lines: u64,
    /// How the identifiers of usages run.
    pub ids: Ids,
}

/// One line of a message.
#[derive(Clone, Debug)]
pub struct Line {
    /// The definition that it follows.
    pub record: &'static RecordSpec,
    /// The number of its block, from 1; 0 above and below the blocks.
    pub block: u64,
    /// Its cells in their notation. There are as many as the definition has, except in records that
    /// two parties agreed on.
    pub cells: Vec<String>,
}

impl Line {
    /// The line without its end.
    pub fn text(&self) -> String {
        self.cells.join("\t")
    }
}

/// One file of a message.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name (ARCH-110).
    pub name: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl File {
    /// Its content, each line ended by a line feed.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.text() + "\n").collect()
    }
}

/// A message, made line by line.
#[derive(Debug)]
pub struct Generator {
    plan: Plan,
    files: u64,
}

impl Generator {
    /// Prepares a message: makes every block once to know the sums of the summary records.
    ///
    /// The error says what the tables lack.
    pub fn new(facts: &Facts, profile: &'static ProfileSpec, wish: MessageRequest) -> Result<Self, String> {
        let plan = Plan::new(facts, profile, wish, None)?;
        Ok(Self::of(plan, |plan, number| number < plan.blocks))
    }

    /// The same with one resource in each block and at most one work of it, so that each usage fits
    /// on one line.
    pub fn lone(facts: &Facts, profile: &'static ProfileSpec, wish: MessageRequest) -> Result<Self, String> {
        let plan = Plan { lone: true, ..Plan::new(facts, profile, wish, None)? };
        Ok(Self::of(plan, |plan, number| number < plan.blocks))
    }

    /// The same for a message of real size.
    pub fn bulk(
        facts: &Facts,
        profile: &'static ProfileSpec,
        wish: MessageRequest,
        bulk: BulkShape,
    ) -> Result<Self, String> {
        let plan = Plan::new(facts, profile, wish, Some(bulk))?;
        Ok(Self::of(plan, |plan, number| {
            // Header, summary records and footer are lines too, and each summary record needs a
            // block.
            let above = plan.contexts.len() as u64;
            number < above || plan.lines + above + 2 < bulk.lines
        }))
    }

    /// Makes blocks as long as there are more; `more` is given the number of the last one.
    fn of(mut plan: Plan, more: impl Fn(&Plan, u64) -> bool) -> Self {
        let mut sums = vec![(0, 0); plan.contexts.len()];
        let mut number = 0;
        while more(&plan, number) {
            number += 1;
            let made = block::block(&plan, number);
            plan.lines += made.lines.len() as u64;
            for share in made.shares {
                if let Some((usages, returns)) = sums.get_mut(share.context) {
                    *usages += share.usages;
                    *returns += share.returns;
                }
            }
        }
        plan.blocks = number;
        for (context, (usages, returns)) in plan.contexts.iter_mut().zip(sums) {
            (context.total, context.returns) = (usages, returns);
        }
        let files = if plan.body.single { 1 } else { plan.wish.files.clamp(1, plan.blocks.max(1)) };
        Self { plan, files }
    }

    /// The number of files.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// All files of the message.
    pub fn message(&self) -> Vec<File> {
        let file = |number| {
            let mut lines = Vec::new();
            self.lines(number, &mut |line| lines.push(line));
            File { name: self.name(number), lines }
        };
        (1..=self.files).map(file).collect()
    }

    /// The name of a file, numbered from 1.
    pub fn name(&self, file: u64) -> String {
        let plan = &self.plan;
        let first = plan.contexts.first().map_or("", |context| context.territory);
        let territory =
            if plan.contexts.iter().all(|context| context.territory == first) { first } else { "multi" };
        let created: String =
            self.created().chars().filter(|character| !"-:Z".contains(*character)).collect();
        let (recipient, sender) = (codes::dpid(RECIPIENT), codes::dpid(SENDER));
        let (service, period, of) = (plan.service, plan.period.name(), self.files);
        format!("DSR_{recipient}_{sender}_{service}_{period}_{territory}_{file}of{of}_{created}.tsv")
    }

    /// Gives the lines of a file, numbered from 1, one after another.
    pub fn lines(&self, file: u64, out: &mut dyn FnMut(Line)) {
        let plan = &self.plan;
        let mut scribe = RecordFiller::new(plan, 0);
        self.head(&mut scribe, file).into_iter().for_each(&mut *out);
        for context in &plan.contexts {
            summary(plan, &mut scribe, context).into_iter().for_each(&mut *out);
        }
        let above = 1 + plan.contexts.len() as u64;
        let (from, to) = (plan.blocks * (file - 1) / self.files, plan.blocks * file / self.files);
        let mut count = above;
        for number in from + 1..=to {
            for line in block::block(plan, number).lines {
                count += 1;
                out(line);
            }
        }
        let last = file == self.files;
        let in_report =
            if last { (plan.lines + (above + 1) * self.files).to_string() } else { String::new() };
        let all_blocks = if last { plan.blocks.to_string() } else { String::new() };
        let (count, blocks) = ((count + 1).to_string(), (to - from).to_string());
        let summaries = plan.contexts.len().to_string();
        let given = [
            ("NumberOfLinesInFile", count.as_str()),
            ("NumberOfLinesInReport", &in_report),
            ("NumberOfSummaryRecords", &summaries),
            ("NumberOfBlocksInFile", &blocks),
            ("NumberOfBlocksInReport", &all_blocks),
            ("NumberOfBlocksInRecord", &all_blocks),
        ];
        let foot = if plan.body.single { "SRFO" } else { "FOOT" };
        plan.form(foot).map(|form| scribe.line(form, None, &given)).into_iter().for_each(out);
    }

    fn created(&self) -> String {
        format!("{}T06:07:08Z", self.plan.period.next().day(15))
    }

    fn head(&self, scribe: &mut RecordFiller<'_>, file: u64) -> Option<Line> {
        let plan = &self.plan;
        // Messages say which editions they follow; what the tables assume is taken where it can be
        // written.
        let version = plan.profile.message_version;
        let is_plain = version.starts_with("dsrf/") && !version.contains([' ', '<']);
        let version = if is_plain { version } else { "dsrf/1.4/1.2/1.5" };
        let (number, of, created) = (file.to_string(), self.files.to_string(), self.created());
        let (start, end) = (plan.period.day(1), plan.period.last());
        let (sender, recipient) = (codes::dpid(SENDER), codes::dpid(RECIPIENT));
        let id = format!("NW{}", plan.wish.seed);
        let given = [
            ("MessageVersion", version),
            ("Profile", plan.profile.profile),
            ("ProfileVersion", plan.profile.version),
            ("MessageId", &id),
            ("MessageCreatedDateTime", &created),
            ("FileNumber", &number),
            ("NumberOfFiles", &of),
            ("UsageStartDate", &start),
            ("UsageEndDate", &end),
            ("SenderPartyId", &sender),
            ("SenderName", "Northwind Streaming"),
            ("ServiceDescription", plan.service),
            ("RecipientPartyId", &recipient),
            ("RecipientName", "Fjord Rights"),
        ];
        plan.form("HEAD").map(|form| scribe.line(form, None, &given))
    }
}

/// The numbers of the parties.
const SENDER: u64 = 1;
const RECIPIENT: u64 = 2;

/// A summary record. Its form is that of its context, so there is always one.
fn summary(plan: &Plan, scribe: &mut RecordFiller<'_>, context: &Context) -> Option<Line> {
    let form = plan.form(context.name)?;
    let (total, returns) = (context.total.to_string(), context.returns.to_string());
    let mut given: Vec<CellNotation<'_>> = vec![
        ("SummaryRecordId", context.id.as_str()),
        ("CommercialModel", context.model),
        ("UseType", if context.above { context.use_type } else { "" }),
        ("Territory", context.territory),
        ("Returns", &returns),
        ("ParentSummaryRecordId", context.parent.as_deref().unwrap_or_default()),
    ];
    if form.spec.cell("AllocatedUsages").is_some_and(|cell| !cell.multi) {
        given.push(("AllocatedUsages", &total));
    }
    Some(scribe.line(form, Some(context), &given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use transpose_records::spec::Obligation::{self, Conditional as C, Mandatory as M, Optional as O};
    use transpose_records::spec::Structure::{Choice, Group, Record, Sequence};
    use transpose_records::spec::{CellSlot, CellSpec, CellType, Status, Structure, Times};

    const fn cell(
        number: u32,
        name: &'static str,
        kind: CellType,
        multi: bool,
        obligation: Obligation,
    ) -> CellSpec {
        let values = if matches!(kind, CellType::Avs) { "Words" } else { "" };
        CellSpec::new(
            number,
            name,
            kind,
            values,
            multi,
            obligation,
            "",
            Status::Confirmed,
            "",
            CellSlot::Structure,
        )
    }

    const fn record(name: &'static str, cells: &'static [CellSpec]) -> RecordSpec {
        RecordSpec {
            name,
            generation: "tiny",
            only: "",
            title: "",
            latest: true,
            complete: true,
            trailing: &[],
            profiles: &[],
            source: &[],
            notes: "",
            cells,
        }
    }

    static RECORDS: [RecordSpec; 7] = {
        use CellType::{Avs, Boolean, Date, Decimal, FixedString, Integer, PartyId, String};
        [
            record(
                "HEAD",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "MessageVersion", FixedString, false, M),
                    cell(3, "FileNumber", Integer, false, M),
                    cell(4, "NumberOfFiles", Integer, false, M),
                    cell(5, "RepresentedRepertoire", String, true, O),
                ],
            ),
            record(
                "SY01",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "SummaryRecordId", String, false, M),
                    cell(3, "UseType", Avs, false, C),
                    cell(4, "TotalUsages", Decimal, false, M),
                ],
            ),
            record(
                "RE01",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "BlockId", String, false, M),
                    cell(3, "ReleaseReference", String, false, M),
                ],
            ),
            record(
                "AS01",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "BlockId", String, false, M),
                    cell(3, "ResourceReference", String, false, M),
                    cell(4, "DspResourceId", String, false, M),
                    cell(5, "ResourceTitle", String, false, M),
                    cell(6, "MusicPublisherName", String, true, C),
                    cell(7, "MusicPublisherPartyId", PartyId, true, O),
                    cell(8, "IsSubjectToOwnershipConflict", Boolean, false, C),
                    cell(9, "LastConflictCheck", Date, false, C),
                ],
            ),
            record(
                "SU01",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "BlockId", String, false, M),
                    cell(3, "SummaryRecordId", String, false, M),
                    cell(4, "SalesTransactionId", String, false, M),
                    cell(5, "TransactedRelease", String, false, C),
                    cell(6, "TransactedResource", String, false, C),
                    cell(7, "Usages", Decimal, false, M),
                    cell(8, "Returns", Integer, false, M),
                    cell(9, "UseType", Avs, false, C),
                ],
            ),
            record(
                "FOOT",
                &[
                    cell(1, "RecordType", FixedString, false, M),
                    cell(2, "NumberOfLinesInFile", Integer, false, M),
                    cell(3, "NumberOfLinesInReport", Integer, false, C),
                    cell(4, "NumberOfSummaryRecords", Integer, false, M),
                    cell(5, "NumberOfBlocksInFile", Integer, false, M),
                    cell(6, "NumberOfBlocksInReport", Integer, false, C),
                ],
            ),
            record("DExx", &[cell(1, "RecordType", FixedString, false, M)]),
        ]
    };

    static WORDS: AllowedValues = AllowedValues {
        name: "Words",
        status: Status::Confirmed,
        source: "",
        values: &["NonInteractiveStream", "OnDemandStream", "PermanentDownload"],
        deprecated: &[],
    };

    const ONE: Times = (1, Some(1));
    const ANY: Times = (0, None);
    const BLOCK: Structure = Sequence(
        &[
            Record("RE01", (0, Some(1))),
            Choice(&[Record("AS01", ONE)], (1, None)),
            Choice(&[Record("SU01", ANY)], (1, None)),
        ],
        ONE,
    );

    static PROFILE: ProfileSpec = ProfileSpec {
        profile: "Tiny",
        written: "",
        accept: &[],
        version: "1",
        assumed: "",
        variant: "multi-record-block",
        generation: "tiny",
        status: Status::Confirmed,
        message_version: "dsrf/<any>",
        rules: &[],
        structure: Sequence(
            &[
                Record("HEAD", ONE),
                Choice(&[Record("SY01", ANY)], (1, None)),
                Group("Block", &BLOCK, ANY),
                Record("FOOT", ONE),
            ],
            ONE,
        ),
    };

    const FACTS: Facts =
        Facts { record: |name, _| RECORDS.iter().find(|known| known.name == name), set: |_| Some(&WORDS) };

    fn message(wish: MessageRequest) -> Vec<File> {
        Generator::new(&FACTS, &PROFILE, wish).unwrap().message()
    }

    fn value<'a>(line: &'a Line, cell: &str) -> &'a str {
        &line.cells[line.record.cell(cell).unwrap().number as usize - 1]
    }

    #[test]
    fn sums_are_those_of_the_usages_and_each_context_is_used() {
        for seed in 0..50 {
            let wish = MessageRequest {
                seed,
                blocks: 1 + seed % 7,
                contexts: 1 + seed as usize % 5,
                ..MessageRequest::default()
            };
            let [file] = &message(wish)[..] else { panic!() };
            let mut sums: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
            for line in file.lines.iter().filter(|line| line.record.name == "SU01") {
                let sum = sums.entry(value(line, "SummaryRecordId")).or_insert((0, value(line, "UseType")));
                sum.0 += value(line, "Usages").parse::<u64>().unwrap();
                assert_eq!(sum.1, value(line, "UseType"), "seed {seed}");
            }
            let tops: Vec<_> = file.lines.iter().filter(|line| line.record.name == "SY01").collect();
            assert_eq!(tops.len(), wish.contexts);
            assert_eq!(sums.len(), wish.contexts, "seed {seed}");
            for top in tops {
                let (sum, below) = sums[value(top, "SummaryRecordId")];
                assert_eq!(value(top, "TotalUsages"), sum.to_string());
                assert_ne!(below.is_empty(), value(top, "UseType").is_empty(), "seed {seed}");
            }
        }
    }

    #[test]
    fn references_hold_and_are_either_or() {
        let [file] = &message(MessageRequest { blocks: 60, ..MessageRequest::default() })[..] else {
            panic!()
        };
        let mut seen = (0, 0);
        for line in file.lines.iter().filter(|line| line.record.name == "SU01") {
            let (release, resource) = (value(line, "TransactedRelease"), value(line, "TransactedResource"));
            let (name, cell, reference) = if release.is_empty() {
                seen.0 += 1;
                ("AS01", "ResourceReference", resource)
            } else {
                seen.1 += 1;
                ("RE01", "ReleaseReference", release)
            };
            assert!(release.is_empty() != resource.is_empty());
            let named = |other: &&Line| {
                other.block == line.block && other.record.name == name && value(other, cell) == reference
            };
            assert_eq!(file.lines.iter().filter(named).count(), 1);
        }
        assert!(seen.0 > 10 && seen.1 > 10);
    }

    #[test]
    fn footers_count_files_and_the_whole() {
        let files = message(MessageRequest { blocks: 10, files: 3, ..MessageRequest::default() });
        let all: usize = files.iter().map(|file| file.text().lines().count()).sum();
        let foots: Vec<_> = files.iter().map(|file| file.lines.last().unwrap().cells.clone()).collect();
        let counts: Vec<_> = files.iter().map(|file| file.lines.len().to_string()).collect();
        assert_eq!(foots[0], ["FOOT", &counts[0], "", "2", "3", ""]);
        assert_eq!(foots[1], ["FOOT", &counts[1], "", "2", "3", ""]);
        assert_eq!(foots[2], ["FOOT", &counts[2], &all.to_string(), "2", "4", "10"]);
        let summaries = |file: &File| file.lines[1..3].iter().map(Line::text).collect::<Vec<_>>();
        assert_eq!(summaries(&files[0]), summaries(&files[2]));
        let blocks: Vec<_> = files.iter().flat_map(|file| &file.lines).map(|line| line.block).collect();
        assert!(blocks.iter().filter(|block| **block > 0).is_sorted());
        assert!(files[1].name.contains("_2of3_"));
    }

    #[test]
    fn cells_are_filled_as_wished() {
        let rows = |fill| {
            let [file] =
                &message(MessageRequest { blocks: 40, fill, tabs: true, ..MessageRequest::default() })[..]
            else {
                panic!()
            };
            file.lines.iter().filter(|line| line.record.name == "AS01").cloned().collect::<Vec<_>>()
        };
        for line in rows(Fill::Mandatory) {
            assert!(line.cells[..5].iter().all(|text| !text.is_empty()));
            assert!(line.cells[5..].iter().all(String::is_empty));
        }
        for line in rows(Fill::All) {
            assert!(line.cells.iter().all(|text| !text.is_empty()), "{}", line.text());
            // Ids and names run side by side.
            let [names, ids] = [&line.cells[5], &line.cells[6]].map(|text| text.split('|').count());
            assert_eq!(names, ids);
        }
        for line in rows(Fill::Some) {
            assert_eq!(line.cells[7] == "true", !line.cells[8].is_empty());
        }
        let titles: Vec<_> = rows(Fill::Mandatory).iter().map(|line| line.cells[4].clone()).collect();
        for written in ["A \\\\| B", "Back\\\\\\Slash", "Left\\\tRight"] {
            assert!(titles.iter().any(|title| title == written), "{written}");
        }
    }

    #[test]
    fn a_report_without_sales_has_no_blocks() {
        let [file] = &message(MessageRequest { blocks: 0, files: 4, ..MessageRequest::default() })[..] else {
            panic!()
        };
        let names: Vec<_> = file.lines.iter().map(|line| line.record.name).collect();
        assert_eq!(names, ["HEAD", "SY01", "SY01", "FOOT"]);
        assert_eq!(file.lines[3].text(), "FOOT\t4\t4\t2\t0\t0");
    }

    #[test]
    fn messages_of_real_size_reach_it_and_stop() {
        for (lines, ids) in [(0, Ids::Lettered), (900, Ids::Growing), (5_000, Ids::Random)] {
            let wish = MessageRequest { contexts: 5, files: 2, ..MessageRequest::default() };
            let made = Generator::bulk(&FACTS, &PROFILE, wish, BulkShape { lines, ids }).unwrap();
            let lines_of = |file: &File| file.lines.clone();
            let all: Vec<_> = made.message().iter().flat_map(lines_of).collect();
            // The last block and the head of the second file are beyond.
            let least = lines.max(17);
            assert!((least..least + 60).contains(&(all.len() as u64)), "{}", all.len());
            let sales = || all.iter().filter(|line| line.record.name == "SU01");
            let mut known: Vec<_> = sales().map(|line| value(line, "SalesTransactionId")).collect();
            if ids == Ids::Growing {
                assert!(known.iter().map(|id| id.parse::<u64>().unwrap()).is_sorted());
            }
            assert!(ids != Ids::Random || !known.is_sorted());
            let count = known.len();
            known.sort_unstable();
            known.dedup();
            assert_eq!(known.len(), count);
            for top in all.iter().take(6).skip(1) {
                let own =
                    sales().filter(|line| value(line, "SummaryRecordId") == value(top, "SummaryRecordId"));
                let sum: u64 = own.map(|line| value(line, "Usages").parse::<u64>().unwrap()).sum();
                assert!(sum > 0);
                assert_eq!(value(top, "TotalUsages"), sum.to_string());
            }
        }
    }

    #[test]
    fn senders_of_messages_of_real_size_have_habits() {
        let wish = MessageRequest { contexts: 3, ..MessageRequest::default() };
        let bulk = BulkShape { lines: 4_000, ids: Ids::Growing };
        let [file] = &Generator::bulk(&FACTS, &PROFILE, wish, bulk).unwrap().message()[..] else { panic!() };
        let recordings: Vec<_> = file.lines.iter().filter(|line| line.record.name == "AS01").collect();
        for cell in ["MusicPublisherName", "IsSubjectToOwnershipConflict"] {
            let filled = recordings.iter().filter(|line| !value(line, cell).is_empty()).count();
            let percent = filled * 100 / recordings.len();
            assert!(!(10..70).contains(&percent), "{cell}: {percent}");
        }
        let titles: std::collections::BTreeSet<_> =
            recordings.iter().map(|line| value(line, "ResourceTitle")).collect();
        assert!(titles.len() * 10 > recordings.len() * 8, "{} of {}", titles.len(), recordings.len());
    }

    #[test]
    fn tables_that_lack_a_record_are_refused() {
        let facts =
            Facts { record: |name, _| RECORDS.iter().skip(1).find(|known| known.name == name), ..FACTS };
        let refused = Generator::new(&facts, &PROFILE, MessageRequest::default());
        assert_eq!(refused.unwrap_err(), "Tiny 1 has no definition of HEAD");
    }
}
