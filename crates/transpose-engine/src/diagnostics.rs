//! The codes that the engine itself reports.

use transpose_core::accounting::Imbalance;
use transpose_core::diagnostics::{CellDiagnostic, Diagnostic, Failure, Fatal, Location};
use transpose_io::{IoError, IoErrorKind};

transpose_core::codes! {
    /// A play outside the reporting period.
    pub OUTSIDE_PERIOD: "ENG0101" "outside-period" Warning
        "The play took place before the first or after the last day of the reporting period. It is left out and counted in the ledger as filtered."
        "Check the period (`--period`) and the time zone (`--time-zone`), or report the play with the period it belongs to."
    /// A table that does not begin with its headings, or whose head waits for the rows, in a
    /// container that has to begin with headings.
    pub HEAD_WAITS: "ENG0190" "head-is-no-headings" Error
        "A workbook begins with the headings of its columns. The format has none, or preface lines, perhaps with values that are known only at the end, such as the number of rows."
        "Write the format as text."
    /// One release or recording described in several ways.
    pub CONFLICT: "ENG0102" "conflicting-description" Warning
        "Rows with the same identifier describe it differently, for example one track id with two titles. One description is reported; `conflict` under `[policies]` of the agreement chooses which."
        "Correct the catalogue, or set `conflict` under `[policies]` in the agreement."
    /// A description conflict that the agreement does not allow.
    pub CONFLICT_REFUSED: "ENG0103" "conflict-refused" Error
        "The agreement says `conflict = \"refuse\"`, and rows with the same identifier describe it differently."
        "Correct the catalogue, or choose another `conflict` policy."
    /// Too many rejected rows.
    pub TOO_MANY_REJECTS: "ENG0104" "too-many-rejects" Error
        "More rows were rejected than `--max-rejects` allows, so the run ended."
        "Look at the first diagnostics: a wrong format or delimiter rejects every row. Raise `--max-rejects` if the rejects are expected."
    /// Rows were rejected and rejects are not allowed.
    pub REJECTED: "ENG0105" "rejects-refused" Error
        "Some rows cannot be converted and `--on-reject fail` (the default) allows none, so nothing was written."
        "Correct the rows, or use `--on-reject quarantine` to set them aside and go on."
    /// The inputs do not end as they should.
    pub UNCLOSED: "ENG0119" "unclosed-input" Error
        "A count or a sum at the end of an input is wrong, or its closing record is missing, as when a download broke off. A part of a report would look like a whole one, so nothing was written."
        "Fetch the input again. `--on-reject quarantine` converts what is there; the errors stay, and the exit code is 1."
    /// A line or block that is too long.
    pub UNIT_TOO_LONG: "ENG0121" "unit-too-long" Error
        "A line of a table, or a block of a message, is held in memory as a whole. This one is larger than any that is made in earnest, such as a file without line ends, or than `--memory-limit` leaves room for."
        "Check that the lines of the file have ends. Raise `--memory-limit` where a block is meant to be as long."
    /// The last line has no end.
    pub OPEN_END: "ENG0120" "open-end" Warning
        "Programs that write tables end each line. A last line without an end may be cut, even within its last cell."
        "Compare the last line with the sender's, or the size of the file."
    /// A source of aggregates for a target of events.
    pub GRAIN: "ENG0106" "wrong-grain" Error
        "An aggregate report has no single plays, and a report of events needs them."
        "Convert from the report of events that the aggregates were made from."
    /// No agreement where one is needed.
    pub NO_AGREEMENT: "ENG0107" "agreement-needed" Error
        "Events become usages in a sales context (commercial model, use type, service), and only an agreement says in which."
        "Give `--agreement FILE`; `transpose init agreement` writes a template."
    /// Several inputs where one is possible.
    pub SEVERAL_INPUTS: "ENG0108" "several-inputs" Error
        "Reports of aggregates are converted one message at a time. The files of one message are given together, in any order."
        "Convert the messages one by one."
    /// Sums beyond what can be held exactly.
    pub OVERFLOW: "ENG0109" "sum-overflow" Error
        "A sum of plays, durations or money exceeds the range of exact numbers."
        "Split the input."
    /// More distinct things than fit.
    pub TOO_MANY_DISTINCT: "ENG0110" "too-many-distinct" Error
        "The input has more distinct releases, recordings or contexts than can be numbered (about four thousand million)."
        "Split the input, for example by territory."
    /// The ledger does not balance.
    pub IMBALANCE: "ENG0111" "ledger-imbalance" Error
        "What was read is not what was converted, rejected and filtered together. This is an error in the program, and nothing was written."
        "Report it together with the receipt."
    /// A file could not be read or written.
    pub IO: "ENG0112" "input-output" Error
        "The operating system refused to read or write."
        "See the message for the file and the reason."
    /// An input that is compressed wrongly.
    pub DAMAGED_FILE: "ENG0113" "damaged-file" Error
        "The compressed file is cut off, damaged, or compressed in a way that is not read here, so that its end cannot be read (V-FILE-5)."
        "Fetch the file again."
    /// A fault of the program.
    pub BUG: "ENG0114" "internal-error" Error
        "A worker stopped in a way that must not happen. Nothing was written."
        "Report it with the command and, if possible, the input."
    /// Several files for one name.
    pub SPLIT_NAME: "ENG0115" "split-needs-folder" Error
        "The output is larger than the format allows for one file and has to be split, but the output names a single file."
        "Give a folder with `-o FOLDER/`, or raise `max-file-size`."
    /// An output that would replace an input.
    pub OUTPUT_IS_INPUT: "ENG0118" "output-replaces-input" Error
        "The format demands a name for the output that is the name of an input in the same folder, and replacing it would destroy what was read."
        "Give another folder with `-o FOLDER/`."
    /// A loss that the command forbids.
    pub DENIED_LOSS: "ENG0117" "denied-loss" Error
        "The conversion would lose, shorten, round or guess a field for which `--deny loss` was given, so nothing was written."
        "Choose a target that holds the field, or leave the field out of `--deny loss=…`."
    /// A block id that appeared before.
    pub BLOCK_REUSED: "ENG0201" "block-id-reused" Error
        "A block is in one place, and no other block has its id (V-REC-13, ARCH-53, ARCH-54). Either blocks interlace, or two blocks have the same id."
        "Ask the sender for a message whose blocks are contiguous; numbering them 1, 2, 3 … makes ids unique."
    /// A block id that was in another file of the message.
    pub BLOCK_IN_TWO_FILES: "ENG0202" "block-in-two-files" Error
        "A block is never split over files nor repeated in another file of the message (V-SET-5, ARCH-86)."
        "Ask the sender whether usages are missing or reported twice."
    /// Block ids that do not run.
    pub BLOCK_ORDER: "ENG0203" "block-numbers" Warning
        "Blocks are numbered 1, 2, 3 … through all files of the message (V-REC-14, ARCH-54). The first place is reported, with the number of breaks."
        "Nothing needs to be done if the ids are unique; a gap may be a sign of missing blocks."
    /// A usage id that appeared before.
    pub USAGE_REUSED: "ENG0204" "usage-id-reused" Error
        "The identifier of a usage is unique in its message (V-REF-6, ARCH-60); otherwise corrections and claims cannot name it, and a usage may be reported twice."
        "Ask the sender whether the usage is reported twice."
    /// Two messages of a run with one identifier.
    pub SAME_MESSAGE_ID: "ENG0215" "message-id-reused" Error
        "The identifier of a message is unique for every message that is ever sent; a recipient takes the second message with it for a re-delivery of the first and drops it."
        "Remove `id` under `[message]` of the agreement, so that each message gets an identifier of its own, or give each output an agreement with its own `id`."
    /// Totals that lack rows that were left out.
    pub PARTIAL_TOTAL: "ENG0216" "partial-total" Warning
        "The total of a sales context is that of the whole service (ARCH-66), and some of its rows were rejected or dropped, so the counted total is too small."
        "State the total in the figures (`total-usages`), or mend the rows."
    /// Parts of usages beyond the total of the context that they name.
    pub PARTS_EXCEED_TOTAL: "ENG0217" "parts-exceed-total" Warning
        "ST01 records separate usages by subscriber type, and each names the summary record of its type: those that name one add up to no more than its TotalUsages (V-SUM-7)."
        "Ask the sender which of the numbers is right. Partners who read the total otherwise set `V-SUM-7 = \"off\"` in a rules file."
    /// Usages that add up to less than the total of their context.
    pub TOTAL_DIFFERS: "ENG0205" "total-differs" Info
        "The usages that refer to a sales context add up to less than its total (V-SUM-1, ARCH-65). That is right for a report of a part of the repertoire, because the total is that of the whole service (ARCH-66)."
        "If the message reports the whole repertoire, usages are missing: ask the sender. Rules of a partner who gets everything set `V-SUM-1 = \"error\"`."
    /// Usages beyond the total of their context.
    pub TOTAL_EXCEEDED: "ENG0206" "total-exceeded" Error
        "The usages that refer to a sales context exceed its total, which is that of the whole service (V-SUM-2, ARCH-65, ARCH-66)."
        "Ask the sender for the right total, and whether usages are reported twice."
    /// A context without usages.
    pub UNUSED_CONTEXT: "ENG0207" "unused-context" Warning
        "No usage points at the sales context (V-REF-8). That is right only where nothing of the repertoire was used."
        "Ask the sender whether usages of the context are missing."
    /// A message without blocks.
    pub NIL_REPORT: "ENG0208" "nil-report" Info
        "The message has no block: nothing was used (V-REC-15, ARCH-51)."
        "Nothing needs to be done if no usage is expected."
    /// A file of a message that is not there.
    pub MISSING_FILE: "ENG0209" "missing-file" Error
        "The header says how many files the message has, and not all of them are given (V-SET-1, ARCH-87)."
        "Give all files of the message, in any order; fetch those that are missing."
    /// Two files with one number.
    pub REPEATED_FILE: "ENG0210" "repeated-file" Error
        "Two files of the message have the same number (V-SET-2, ARCH-87). The later one is left out of all checks across files."
        "Give each file once; if they are different, ask the sender which one holds."
    /// Headers that contradict each other.
    pub FILES_DISAGREE: "ENG0211" "files-disagree" Error
        "The headers of the files of one message differ only in the number of the file and the moment at which it was made (V-SET-3, ARCH-85)."
        "Check that the files belong together; ask the sender for corrected ones."
    /// Sales contexts that differ between files.
    pub CONTEXTS_DIFFER: "ENG0212" "contexts-differ" Error
        "Each file of a message repeats the same summary records (V-SET-4, ARCH-85), so that a usage means the same in each of them."
        "Ask the sender for files with the same summary records."
    /// A check that could not be made.
    pub UNCHECKED: "ENG0213" "partly-checked" Info
        "Some of the message cannot be understood or is missing, so sums and uniqueness are checked only where that does not matter."
        "Correct the errors first, then check again."
    /// A format whose files cannot be mended.
    pub NO_REPAIR: "ENG0214" "no-repair" Error
        "Only formats with safe repairs, which change no meaning, can be repaired."
        "Leave `--fix` out, or `transpose convert` the report to its own format: that writes it anew."
    /// A refund that came after the cut-off of its sale's period.
    pub REFUND_TOO_LATE: "ENG0301" "refund-after-cut-off" Info
        "The sale took place in the reporting period, but it was refunded at or after the cut-off (00:00 UTC on the 4th of the following month, unless `[refunds]` of the agreement names another). The sale is reported, the refund is left out and counted in the ledger as filtered; the report of the next period adjusts."
        "Nothing need be done; keep the row for the next period."
    /// A refund that an earlier report shows.
    pub REFUND_EARLIER: "ENG0302" "refund-reported-earlier" Info
        "The refund took place before the cut-off of the period of its sale, so the report of that period shows the return. It is left out and counted in the ledger as filtered."
        "Nothing need be done if that report was made after the refund."
    /// A refund without a sale.
    pub UNMATCHED_REFUND: "ENG0303" "unmatched-refund" Error
        "No sale in the inputs has the identifier of the refund, or its basket and item, so it is not known which report the refund changes."
        "Give the report with the sale as another input, or say `unmatched-refunds = \"adjust\"` under `[policies]` in the agreement, and `original-period` under `[refunds]` if it is known."
    /// A refund that adjusts an earlier report.
    pub REFUND_ADJUSTS: "ENG0305" "refund-adjusts" Info
        "The refund came after the cut-off of the period of its sale, so this report adjusts: it is a usage of its own, with the period of the sale."
        "Nothing need be done."
    /// A refund of an unknown sale that is taken as an adjustment.
    pub UNMATCHED_ADJUSTS: "ENG0306" "unmatched-refund-adjusts" Warning
        "No sale in the inputs has the identifier of the refund, or its basket and item. The agreement says `unmatched-refunds = \"adjust\"`, so it is treated as an adjustment of an earlier report, that of `original-period` where the agreement names one."
        "Give the report with the sale as another input to be sure."
    /// A refund of what was refunded.
    pub EXCESS_REFUND: "ENG0307" "refund-beyond-sale" Error
        "Refunds take back more than was sold under the name that they give: the identifier of a sale, or its basket and item. Either one refund is reported twice, or another sale is meant."
        "Look for the sale that is meant, drop what is reported twice (`--duplicates drop`), or say `excess-refunds = \"count\"` under `[policies]` in the agreement."
    /// The same where the agreement counts it.
    pub EXCESS_COUNTED: "ENG0308" "refund-beyond-sale-counted" Warning
        "Refunds take back more than was sold under the name that they give, and the agreement says `excess-refunds = \"count\"`: the report has more returns than sales of it."
        "Compare the refunds with the sales."
    /// A refund before its sale.
    pub REFUND_BEFORE_SALE: "ENG0309" "refund-before-sale" Warning
        "The refund took place before the sale that it takes back, so one of the two moments is wrong, or two events have one name. It is counted as it is."
        "Compare the moments of the two rows."
    /// An input that would have to be read twice.
    pub READ_ONCE: "ENG0304" "readable-once" Error
        "The inputs are read before the conversion, so that refunds are paired with their sales and aggregate tables give their sales contexts; a pipe without a copy, and packed bytes in memory, can be read only once."
        "Give the report as a file, or name its format with `--from`, so that it is kept while it is read."
    /// A play shorter than the threshold of the agreement.
    pub BELOW_THRESHOLD: "ENG0116" "below-threshold" Info
        "The play is shorter than `minimum-seconds` of the agreement. It is left out (`below = \"drop\"`) and counted in the ledger as filtered, or reported as not royalty bearing."
        "Nothing need be done."
    /// A play without a duration that counts.
    pub WITHOUT_DURATION: "ENG0218" "counted-without-duration" Warning
        "The play has no duration, and the deal counts such plays as long enough (`missing-duration = \"count\"`)."
        "Ask the sender for durations; a play of zero seconds is no play without a duration."
    /// A catalogue without identifiers.
    pub CATALOGUE_KEYS: "ENG0501" "catalogue-without-ids" Error
        "Events name what was used by the identifiers of the service, and the catalogue has neither a track id nor a release id."
        "Give a catalogue with a column for the track id, the release id, or both."
    /// A row of a catalogue that names nothing.
    pub CATALOGUE_ROW: "ENG0502" "catalogue-row-without-id" Warning
        "A row of a catalogue without a track id and without a release id can belong to no event. It is passed over."
        "Complete the catalogue."
    /// A row of a catalogue about what was described before.
    pub CATALOGUE_REPEATED: "ENG0503" "catalogue-row-repeated" Warning
        "Two rows of the catalogue describe the same track on the same release. The first holds, the others are passed over."
        "Remove the rows that do not hold."
    /// An event of which the catalogue knows nothing.
    pub NOT_IN_CATALOGUE: "ENG0504" "not-in-catalogue" Warning
        "The catalogue has neither the track nor the release that the event names, so the event stays without title, artist and codes."
        "Complete the catalogue; a track may have been taken down since it was played."
    /// A track of which the catalogue knows other releases.
    pub OTHER_RELEASE: "ENG0505" "not-on-this-release" Warning
        "The catalogue has the track, but not on the release that the event names. The facts of the recording are used, those of the release stay empty."
        "Complete the catalogue."
    /// A track that is on several releases, without a release id.
    pub SEVERAL_RELEASES: "ENG0506" "release-guessed" Warning
        "The event names a track without a release, and the catalogue has the track on several releases. The first one of the catalogue is used."
        "Put the release that counts first, or have the release logged."
    /// A tracklist of another length than what was sold.
    pub TRACKLIST: "ENG0508" "tracklist-length" Warning
        "The rows of the catalogue about a release are its tracks. Their number is not the number of tracks with which the release was sold, so that the list may lack some, and none is used."
        "Complete the catalogue: a row for each track, with its track id and the id of the release."
    /// A key for user ids that protects nothing.
    pub USER_KEY: "ENG0507" "weak-user-key" Error
        "User ids are replaced by a hash with a secret key. A short key can be found by trying, and then every user id."
        "Make a key of at least 16 bytes, for instance with `openssl rand -hex 32`, and keep it: the same key gives the same hashes next month."
}

/// A failure to read or write, as the end of a run.
pub fn io(error: &IoError) -> Fatal {
    // Whoever makes bytes from something else has its own codes.
    if let IoErrorKind::Refused(cause) = error.kind()
        && let Some(fatal) = cause.downcast_ref::<Fatal>()
    {
        return Fatal { failure: fatal.failure, diagnostics: fatal.diagnostics.clone() };
    }
    let damaged = matches!(
        error.kind(),
        IoErrorKind::TruncatedGzip { .. }
            | IoErrorKind::BadGzip { .. }
            | IoErrorKind::GzipChecksum { .. }
            | IoErrorKind::Expansion { .. }
            | IoErrorKind::UnsupportedCompression(_)
    );
    let (code, failure) = if damaged { (&DAMAGED_FILE, Failure::Input) } else { (&IO, Failure::Io) };
    let source = error.path().map(|path| path.to_string_lossy().into());
    let location = Location { source, ..Location::default() };
    let mut diagnostic = Diagnostic::new(code, location, error.to_string());
    if let Some(help) = error.help() {
        diagnostic = diagnostic.help(help);
    }
    Fatal::new(failure, diagnostic)
}

/// A ledger that does not balance, as the end of a run.
pub(crate) fn imbalance(error: &Imbalance) -> Fatal {
    Fatal::new(Failure::Bug, Diagnostic::new(&IMBALANCE, Location::default(), error.to_string()))
}

/// A sum out of range, as the end of a run.
pub(crate) fn overflow(what: &str) -> Fatal {
    Fatal::input(Diagnostic::new(
        &OVERFLOW,
        Location::default(),
        format!("the sum of {what} is out of range"),
    ))
}

/// A fault of the program, as the end of a run.
pub(crate) fn bug(what: &str) -> Fatal {
    Fatal::new(Failure::Bug, Diagnostic::new(&BUG, Location::default(), what))
}

/// A scratch file that does not hold what was written to it, as the end of a run.
pub(crate) fn damaged_scratch() -> Fatal {
    bug("a spill file is not as it was written")
}

/// More distinct keys than have numbers, as the end of a run.
pub(crate) fn too_many_distinct() -> Fatal {
    let message = "too many distinct keys";
    Fatal::input(Diagnostic::new(&TOO_MANY_DISTINCT, Location::default(), message))
}

/// What is wrong with a cell, as a diagnostic at a place.
pub(crate) fn of_cell(cell: &CellDiagnostic, place: Location) -> Diagnostic {
    // What was found about a whole key has no cell.
    let place = if cell.cell.0 > 0 { place.cell(cell.cell.0, &cell.cell.1) } else { place };
    let location = place.field(cell.field);
    Diagnostic::new(cell.code, location, cell.message.clone()).value(&cell.value)
}
