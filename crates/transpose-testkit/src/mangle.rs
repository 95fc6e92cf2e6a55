//! Damaged variants of an input: cut off, flipped, with lines and cells lost, doubled or moved, and
//! with bytes that belong nowhere.
//!
//! The variants follow from the input and a seed alone, so that a failure can be repeated from its
//! name.

use crate::random::Random;

/// One damaged variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What was done, for messages.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What is put into an input at random places: delimiters, quotes, escapes, line ends, NUL, broken
/// UTF-8, words that mean something.
const INTRUDERS: &[&[u8]] = &[
    b",",
    b";",
    b"\t",
    b"|",
    b"\"",
    b"\"\"",
    b"\\",
    b"\\\t",
    b"\\|",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"#",
    b"=",
    b"-",
    b"-1",
    b"1e9",
    b"99999999999999999999999999999999",
    b"PT",
    b"\xe2\x80\xae",
    b"::",
    b" ",
];

/// Variants of an input: every cut at a multiple of `step`, and `random` variants of each other
/// kind.
pub fn variants(input: &[u8], step: usize, random: usize) -> Vec<Variant> {
    let mut out = vec![Variant { name: "empty".into(), bytes: Vec::new() }];
    for end in (0..input.len()).step_by(step.max(1)) {
        let bytes = input.get(..end).unwrap_or(input).to_vec();
        out.push(Variant { name: format!("cut at {end}"), bytes });
    }
    for seed in 0..random as u64 {
        let kinds: [(&str, fn(&[u8], &mut Random) -> Vec<u8>); 6] = [
            ("flip", flip),
            ("intrude", intrude),
            ("lose line", |input, random| lines(input, random, Edit::Lose)),
            ("double line", |input, random| lines(input, random, Edit::Double)),
            ("lose cell", |input, random| cells(input, random, Edit::Lose)),
            ("double cell", |input, random| cells(input, random, Edit::Double)),
        ];
        for (kind, (name, make)) in kinds.into_iter().enumerate() {
            let mut numbers = Random::new(seed * 64 + kind as u64);
            out.push(Variant { name: format!("{name}, seed {seed}"), bytes: make(input, &mut numbers) });
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Edit {
    Lose,
    Double,
}

/// Changes up to eight bits.
fn flip(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(8) {
        let (place, bit) = (random.below(bytes.len()), random.below(8));
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << bit;
        }
    }
    bytes
}

/// Puts up to four intruders in.
fn intrude(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len() + 1);
        let intruder = INTRUDERS.get(random.below(INTRUDERS.len())).copied().unwrap_or(b",");
        bytes.splice(place..place, intruder.iter().copied());
    }
    bytes
}

/// Loses or doubles a line.
fn lines(input: &[u8], random: &mut Random, edit: Edit) -> Vec<u8> {
    pieces(input, b"\n", random, edit)
}

/// Loses or doubles a cell, whichever delimiter the input has most of.
fn cells(input: &[u8], random: &mut Random, edit: Edit) -> Vec<u8> {
    let count = |delimiter: &&u8| input.split(|byte| byte == *delimiter).count();
    let delimiter = b",;\t|".iter().max_by_key(count).copied().unwrap_or(b',');
    pieces(input, &[delimiter], random, edit)
}

fn pieces(input: &[u8], delimiter: &[u8], random: &mut Random, edit: Edit) -> Vec<u8> {
    let mut pieces: Vec<&[u8]> = input.split_inclusive(|byte| delimiter.contains(byte)).collect();
    let place = random.below(pieces.len());
    match edit {
        Edit::Lose if place < pieces.len() => {
            pieces.remove(place);
        }
        Edit::Double => {
            if let Some(piece) = pieces.get(place).copied() {
                pieces.insert(place, piece);
            }
        }
        Edit::Lose => {}
    }
    pieces.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_input_gives_same_variants() {
        let input = b"a,b,c\n1,2,3\n4,5,6\n";
        let (first, second) = (variants(input, 3, 4), variants(input, 3, 4));
        assert_eq!(first.len(), 1 + 6 + 24);
        assert!(first.iter().zip(&second).all(|(a, b)| a.bytes == b.bytes && a.name == b.name));
        assert!(first.iter().filter(|variant| variant.bytes != input).count() > 25);
    }

    #[test]
    fn empty_input_can_be_mangled() {
        assert!(!variants(b"", 1, 2).is_empty());
    }

    #[test]
    fn lines_and_cells_are_lost_and_doubled() {
        let input = b"a\tb\nc\td\n";
        let mut random = Random::new(7);
        assert_eq!(lines(input, &mut random, Edit::Lose).len(), 4);
        assert_eq!(lines(input, &mut random, Edit::Double).len(), 12);
        assert_eq!(cells(input, &mut random, Edit::Double).split(|byte| *byte == b'\t').count(), 4);
    }
}
