//! Messages of several files: which inputs belong together, what is missing, whether they agree.
//!
//! A file says in its head which one of how many it is ([`FileNumber`]) and which message it
//! belongs to: files of one message have the sender and the identifier of the message in common.
//! Each file repeats header and sales contexts (V-SET-3, V-SET-4).

use crate::diagnostics;
use crate::scan::chunks::ScanTotals;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use transpose_core::diagnostics::{Diagnostic, Location, shown};
use transpose_core::format::{BlockDecoder, Decoder, FileNumber, Preamble, Tally, ValueRef};
use transpose_core::model::{Entity, Field, Value};

/// What says which message an input belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageCard {
    format: String,
    /// Which file of its message it is.
    pub(crate) part: Option<FileNumber>,
    /// The message and its sender.
    names: [Option<String>; 3],
}

impl MessageCard {
    /// The card of an input of a format.
    pub(crate) fn new(format: &str, preamble: &Preamble) -> Self {
        let name = |field| preamble.header.text(field).map(str::to_owned);
        let names = [name(Field::MESSAGE_ID), name(Field::SENDER_ID), name(Field::SENDER_NAME)];
        Self { format: format.to_owned(), part: preamble.part, names }
    }

    /// Whether it is a message of its own, whatever other inputs say: nothing numbers it, or
    /// nothing names the message.
    fn is_alone(&self) -> bool {
        let [id, ..] = &self.names;
        self.part.is_none_or(|part| part.of == 1 && id.is_none())
    }
}

/// The inputs of each message in the order of their numbers. Messages come in the order of their
/// first inputs.
pub(crate) fn messages(cards: &[MessageCard]) -> Vec<Vec<usize>> {
    let mut messages: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeMap<(&str, &[Option<String>; 3]), usize> = BTreeMap::new();
    for (index, card) in cards.iter().enumerate() {
        let new = messages.len();
        let message =
            if card.is_alone() { new } else { *known.entry((&card.format, &card.names)).or_insert(new) };
        match messages.get_mut(message) {
            Some(inputs) => inputs.push(index),
            None => messages.push(vec![index]),
        }
    }
    join(cards, &mut messages);
    for inputs in &mut messages {
        inputs.sort_by_key(|index| cards.get(*index).and_then(|card| card.part).map(|part| part.number));
    }
    messages
}

/// Joins messages of which each lacks just the files that the others have: they are one whose
/// headers disagree.
fn join(cards: &[MessageCard], messages: &mut Vec<Vec<usize>>) {
    let mut open: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
    for (number, inputs) in messages.iter().enumerate() {
        let parts = parts(cards, inputs);
        let Some(FileNumber { of, .. }) = parts.first() else { continue };
        if parts.iter().all(|part| part.of == *of) && !missing(&parts).is_empty() {
            let format = inputs.first().and_then(|index| cards.get(*index)).map_or("", |card| &card.format);
            open.entry((format, *of)).or_default().push(number);
        }
    }
    for numbers in open.into_values().filter(|numbers| numbers.len() > 1) {
        let all: Vec<usize> =
            numbers.iter().filter_map(|number| messages.get(*number)).flatten().copied().collect();
        let parts = parts(cards, &all);
        if missing(&parts).is_empty() && repeated(&parts).is_empty() {
            for number in &numbers {
                messages.get_mut(*number).into_iter().for_each(Vec::clear);
            }
            if let Some(first) = numbers.first().and_then(|number| messages.get_mut(*number)) {
                *first = all;
            }
        }
    }
    messages.retain(|inputs| !inputs.is_empty());
}

/// Which files the given inputs are, in their order.
pub(crate) fn parts(cards: &[MessageCard], inputs: &[usize]) -> Vec<FileNumber> {
    inputs.iter().filter_map(|index| cards.get(*index)).filter_map(|card| card.part).collect()
}

/// The numbers of files that are not there, as ranges.
fn missing(parts: &[FileNumber]) -> Vec<(u32, u32)> {
    let of = parts.iter().map(|part| part.of).max().unwrap_or_default();
    let there: BTreeSet<u32> = parts.iter().map(|part| part.number).collect();
    let (mut gaps, mut next) = (Vec::new(), 1);
    for number in there.into_iter().filter(|number| (1..=of).contains(number)) {
        if number > next {
            gaps.push((next, number - 1));
        }
        next = number.saturating_add(1);
    }
    if next <= of {
        gaps.push((next, of));
    }
    gaps
}

/// For each file that has the number of one before it, in the order given, its place and that of
/// the other.
fn repeated(parts: &[FileNumber]) -> Vec<(usize, usize)> {
    let mut first: BTreeMap<u32, usize> = BTreeMap::new();
    let mut repeated = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        match first.get(&part.number) {
            Some(other) => repeated.push((place, *other)),
            None => drop(first.insert(part.number, place)),
        }
    }
    repeated
}

/// Whether the files of a message are all there, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageCompleteness {
    /// What is wrong (V-SET-1, V-SET-2), each with the place of a file in the given order.
    pub(crate) diagnostics: Vec<(usize, Diagnostic)>,
    /// The places of files that repeat the number of another.
    pub(crate) repeated: BTreeSet<usize>,
    /// Whether none is missing.
    pub(crate) complete: bool,
}

/// How many ranges of missing files are named.
const NAMED: usize = 8;

/// Looks for missing and repeated files; `sources` are the names of the files in the order of
/// `parts`.
pub(crate) fn completeness(parts: &[FileNumber], sources: &[&str]) -> MessageCompleteness {
    let mut found = MessageCompleteness { complete: true, ..MessageCompleteness::default() };
    let gaps = missing(parts);
    if !gaps.is_empty() {
        found.complete = false;
        let of = parts.iter().map(|part| part.of).max().unwrap_or_default();
        let count: u64 = gaps.iter().map(|(first, last)| u64::from(last - first) + 1).sum();
        let mut names: Vec<String> = gaps
            .iter()
            .take(NAMED)
            .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") })
            .collect();
        if gaps.len() > NAMED {
            names.push("…".into());
        }
        let (file, is) = if count == 1 { ("file", "is") } else { ("files", "are") };
        let message = format!("{file} {} of {of} {is} missing", names.join(", "));
        found
            .diagnostics
            .push((0, Diagnostic::new(&diagnostics::MISSING_FILE, Location::default(), message)));
    }
    for (place, other) in repeated(parts) {
        let number = parts.get(place).map_or(0, |part| part.number);
        let other = sources.get(other).copied().unwrap_or_default();
        let message = format!("the file is number {number} of the message, and so is `{other}`");
        found
            .diagnostics
            .push((place, Diagnostic::new(&diagnostics::REPEATED_FILE, Location::default(), message)));
        found.repeated.insert(place);
    }
    found
}

/// Compares a file with the first of its message, which is called `source` (V-SET-3, V-SET-4).
pub(crate) fn disagreements(first: &dyn Decoder, source: &str, other: &dyn Decoder) -> Vec<Diagnostic> {
    let (one, two) = (first.preamble(), other.preamble());
    let mut diagnostics = Vec::new();
    let mut differs = |location: Location, name: &str, here: Option<String>, there: Option<String>| {
        let mut message = format!("`{name}` is ");
        let said = |value: Option<String>| value.map_or("absent".to_owned(), |value| format!("`{value}`"));
        let _ = write!(message, "{}, and {} in `{source}`", said(here), said(there));
        diagnostics.push(Diagnostic::new(&diagnostics::FILES_DISAGREE, location, message));
    };
    let head = || Location { field: None, ..other.locate(ValueRef::Header(Field::MESSAGE_ID)) };
    let of = |preamble: &Preamble| preamble.part.map(|part| part.of.to_string());
    if of(one) != of(two) {
        differs(head(), "number of files", of(two), of(one));
    }
    if one.version != two.version {
        differs(head(), "version", two.version.clone(), one.version.clone());
    }
    for field in
        one.header.fields().union(two.header.fields()).iter().filter(|field| *field != Field::CREATED)
    {
        let (there, here) = (one.header.value(field), two.header.value(field));
        if here != there {
            differs(other.locate(ValueRef::Header(field)), field.id(), here.map(text), there.map(text));
        }
    }
    let extras: BTreeSet<&str> =
        one.header.extras.keys().chain(two.header.extras.keys()).map(AsRef::as_ref).collect();
    for name in extras {
        let (there, here) = (one.header.extras.get(name), two.header.extras.get(name));
        if here != there {
            differs(head(), name, here.map(text), there.map(text));
        }
    }
    diagnostics.extend(other_context(one, two).map(|(index, message)| {
        let place = index.map_or_else(Location::default, |index| {
            other.locate(ValueRef::Context(index, Field::CONTEXT_ID))
        });
        Diagnostic::new(&diagnostics::CONTEXTS_DIFFER, place, format!("{message} `{source}`"))
    }));
    diagnostics
}

/// The first sales context that is not that of the first file, and what is to be said about it.
fn other_context(one: &Preamble, two: &Preamble) -> Option<(Option<usize>, String)> {
    let pairs = one.contexts.iter().zip(&two.contexts);
    if let Some(index) = pairs.clone().position(|(one, two)| one != two) {
        let id = two.contexts.get(index).and_then(|context| context.text(Field::CONTEXT_ID)).unwrap_or("?");
        let message = format!("the sales context `{}` is not the one at its place in", shown(id.as_bytes()));
        return Some((Some(index), message));
    }
    let (here, there) = (two.contexts.len(), one.contexts.len());
    (here != there).then(|| (None, format!("the file has {here} sales contexts, and there are {there} in")))
}

fn text(value: &Value) -> String {
    shown(value.iter().collect::<Vec<_>>().join("|").as_bytes())
}

/// For each sales context of a file the place of the same one in the first file; nothing for those
/// that it has not.
pub(crate) fn mapping(first: &[Entity], other: &[Entity]) -> Vec<Option<usize>> {
    if first == other {
        return (0..first.len()).map(Some).collect();
    }
    let id = |context: &Entity| context.text(Field::CONTEXT_ID).map(str::to_owned);
    let mut places = BTreeMap::new();
    for (index, context) in first.iter().enumerate() {
        places.entry(id(context)).or_insert(index);
    }
    other.iter().map(|context| places.get(&id(context)).copied()).collect()
}

/// What a message holds whose last file is counted in `last` and whose other files are in `before`.
/// Each file repeats the summary records, so they are not added (ARCH-79).
pub(crate) fn whole(before: &Tally, last: &Tally) -> Tally {
    Tally {
        lines: before.lines + last.lines,
        summaries: last.summaries,
        blocks: before.blocks + last.blocks,
        usages: before.usages + last.usages,
    }
}

/// Checks the closing records of a file, and those of its message when this is the `last` of its
/// files, which comes with what the others hold.
pub(crate) fn closing(
    decoder: &dyn Decoder,
    trailers: &[(u64, Entity)],
    totals: &ScanTotals,
    file: &Tally,
    last: Option<(&dyn BlockDecoder, &Tally)>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    // Where closing records say that all is there, the last of them may go without.
    if totals.is_open && trailers.is_empty() {
        let message = "the last line has no line end, and may be cut";
        diagnostics.push(Diagnostic::new(&diagnostics::OPEN_END, Location::default(), message));
    }
    decoder.finish(trailers, file, &mut diagnostics);
    if let Some((decoder, before)) = last {
        decoder.finish_message(trailers, &whole(before, file), &mut diagnostics);
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(message: &str, number: u32, of: u32) -> MessageCard {
        let mut header = Entity::default();
        header.set(Field::MESSAGE_ID, message);
        MessageCard::new(
            "f",
            &Preamble { part: Some(FileNumber { number, of }), header, ..Preamble::default() },
        )
    }

    #[test]
    fn files_find_their_message_in_any_order() {
        let cards = [card("a", 3, 3), card("b", 1, 1), card("a", 1, 3), card("c", 2, 2), card("a", 2, 3)];
        assert_eq!(messages(&cards), [vec![2, 4, 0], vec![1], vec![3]]);
        let lone = MessageCard { part: None, ..card("a", 1, 1) };
        assert_eq!(messages(&[lone.clone(), lone]), [vec![0], vec![1]]);
        let nameless = MessageCard { names: [None, None, None], ..card("a", 1, 1) };
        assert_eq!(messages(&[nameless.clone(), nameless]), [vec![0], vec![1]]);
    }

    #[test]
    fn files_that_complete_each_other_are_one_message() {
        let complement = [card("a", 1, 3), card("b", 3, 3), card("b", 2, 3)];
        assert_eq!(messages(&complement), [vec![0, 2, 1]]);
        // Two of them lack the same file, or are complete by themselves.
        assert_eq!(messages(&[card("a", 1, 3), card("b", 2, 3)]).len(), 2);
        assert_eq!(messages(&[card("a", 1, 2), card("b", 1, 2), card("b", 2, 2)]).len(), 2);
        assert_eq!(messages(&[card("a", 1, 1), card("b", 1, 1)]).len(), 2);
    }

    #[test]
    fn missing_and_repeated_files_are_named() {
        let part = |number, of| FileNumber { number, of };
        let say = |parts: &[FileNumber]| {
            let found = completeness(parts, &["one", "two", "three", "four"]);
            let said: Vec<String> = found
                .diagnostics
                .iter()
                .map(|(place, diagnostic)| format!("{place}: {}", diagnostic.message))
                .collect();
            (found.complete, said.join("; "))
        };
        assert_eq!(say(&[part(1, 2), part(2, 2)]), (true, String::new()));
        assert_eq!(say(&[]), (true, String::new()));
        assert_eq!(say(&[part(1, 2)]), (false, "0: file 2 of 2 is missing".into()));
        let hostile = say(&[part(2, u32::MAX), part(7, 9)]).1;
        assert_eq!(hostile, "0: files 1, 3 to 6, 8 to 4294967295 of 4294967295 are missing");
        let twice = say(&[part(1, 2), part(2, 2), part(2, 2)]);
        assert_eq!(twice, (true, "2: the file is number 2 of the message, and so is `two`".into()));
    }
}
