//! Files that were delivered before: known by their content, whatever their names are and however
//! they are packed.

use crate::diagnostics;
use crate::scan::open::name_source;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_io::Input;

transpose_core::codes! {
    /// An input with the content of another.
    pub REDELIVERED: "ENG0409" "file-delivered-twice" Warning
        "The input has the same content as an earlier one, packed or not, so all of its plays are reported twice."
        "Give each file once. `--duplicates drop` leaves the later one out."
}

/// How much is read at once.
const READ: usize = 1 << 20;

/// The SHA-256 of an input's decompressed bytes. An input that comes from a pipe has been read
/// then, and can be read again where it was kept.
pub fn content_hash(input: &Input) -> Result<[u8; 32], Fatal> {
    let beside = input.again(1).map_err(|error| diagnostics::io(&error))?;
    let input = beside.as_ref().unwrap_or(input);
    let (mut hash, mut buffer, mut at) = (Sha256::new(), vec![0; READ], 0);
    loop {
        let read = input.read_at(at, &mut buffer).map_err(|error| diagnostics::io(&error))?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        at += read as u64;
        input.release(at);
    }
}

/// For each input the number of the earlier one that has the same content. Only what may be equal
/// is read: files whose known lengths differ are not.
pub(crate) fn find(inputs: &[Input], diagnostics: &mut Diagnostics) -> Result<Vec<Option<usize>>, Fatal> {
    let mut first: HashMap<[u8; 32], usize> = HashMap::new();
    let mut found = vec![None; inputs.len()];
    let unknown = inputs.iter().filter(|input| input.len().is_none()).count();
    let mut lengths: HashMap<u64, usize> = HashMap::new();
    for length in inputs.iter().filter_map(Input::len) {
        *lengths.entry(length).or_default() += 1;
    }
    for (number, (input, found)) in inputs.iter().zip(&mut found).enumerate() {
        let others =
            input.len().map_or(inputs.len(), |len| unknown + lengths.get(&len).copied().unwrap_or(0));
        // An empty file is refused anyway.
        if others < 2 || input.is_empty() {
            continue;
        }
        let hash = content_hash(input).map_err(|mut fatal| {
            name_source(&mut fatal.diagnostics, input);
            fatal
        })?;
        let before = *first.entry(hash).or_insert(number);
        if before < number {
            *found = Some(before);
            let earlier = inputs.get(before).map_or("", Input::name);
            let place = Location { source: Some(input.name().into()), ..Location::default() };
            let message = format!("the input has the same content as `{earlier}`");
            diagnostics.push(Diagnostic::new(&REDELIVERED, place, message));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_content_is_found_and_only_that() {
        let input = |name: &str, text: &str| Input::from_bytes(name, text.into());
        let inputs = [
            input("a", "one\n"),
            input("b", "two\n"),
            input("c", "one\n"),
            input("d", "one\n\n"),
            input("e", "two\n"),
            input("f", "one\n"),
            input("g", ""),
            input("h", ""),
        ];
        let mut diagnostics = Diagnostics::default();
        let found = find(&inputs, &mut diagnostics).unwrap();
        assert_eq!(found, [None, None, Some(0), None, Some(1), Some(0), None, None]);
        assert_eq!(diagnostics.iter().count(), 3);
        let hash = content_hash(&input("abc", "abc")).unwrap();
        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
