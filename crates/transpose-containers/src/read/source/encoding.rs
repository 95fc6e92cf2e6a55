//! Text in other encodings becomes UTF-8.
//!
//! A mark at the beginning decides; without one, zeros in every other byte are UTF-16 of Latin
//! letters, valid UTF-8 is UTF-8, and so is text that is mostly valid UTF-8 or all but a few bytes
//! ASCII: then single bytes are damaged. Everything else is guessed, and reported.

use crate::read::codes::{ENCODING, ENCODING_GUESSED, MALFORMED, UNKNOWN_ENCODING};
use crate::read::source::fill;
use crate::read::stop::Stop;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_sync::lock;

/// How many places that are no UTF-8 a guess needs. Fewer are damage, which formats report cell by
/// cell.
const ENOUGH: usize = 3;

/// How a text is encoded, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextEncoding {
    pub(crate) encoding: &'static Encoding,
    pub(crate) evidence: EncodingEvidence,
}

impl TextEncoding {
    /// UTF-8, as all text is that we write.
    pub(crate) const UTF_8: Self = Self { encoding: UTF_8, evidence: EncodingEvidence::Plain };
}

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EncodingEvidence {
    /// The text is UTF-8, or as good as.
    Plain,
    /// The command says it.
    Asked,
    /// The text says it itself: by a mark, by zeros in every other byte, or in its head.
    Declared(&'static str),
    /// It is the likeliest; how sure that is, in a word.
    Guessed(&'static str),
}

/// The encoding that a command names.
pub(crate) fn named(name: &str) -> Result<&'static Encoding, Fatal> {
    let known = Encoding::for_label_no_replacement(name.as_bytes());
    known.ok_or_else(|| {
        let message = format!("there is no encoding `{name}`");
        Fatal::usage(Diagnostic::new(&UNKNOWN_ENCODING, Location::default(), message))
    })
}

/// The encoding of a text, from its first bytes.
pub(crate) fn recognise(head: &[u8], complete: bool, asked: Option<&'static Encoding>) -> TextEncoding {
    if let Some(encoding) = asked {
        let evidence = if encoding == UTF_8 { EncodingEvidence::Plain } else { EncodingEvidence::Asked };
        return TextEncoding { encoding, evidence };
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        return TextEncoding::UTF_8;
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return TextEncoding { encoding, evidence: EncodingEvidence::Declared("its byte order mark") };
    }
    if let Some(encoding) = zeros(head) {
        return TextEncoding { encoding, evidence: EncodingEvidence::Declared("zeros in every other byte") };
    }
    if let Some(encoding) = declared(head).filter(|encoding| *encoding != UTF_8) {
        return TextEncoding { encoding, evidence: EncodingEvidence::Declared("its first line") };
    }
    let (valid, invalid) = sequences(head, complete);
    if invalid < ENOUGH || valid >= invalid {
        return TextEncoding::UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, complete);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    TextEncoding { encoding, evidence: EncodingEvidence::Guessed(confidence(head, encoding)) }
}

/// UTF-16 of Latin letters without a mark: zeros in every other byte.
fn zeros(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = || head.get(..64).unwrap_or(head).chunks_exact(2);
    let every = |zero: fn(&[u8]) -> bool| pairs().next().is_some() && pairs().all(zero);
    if every(|pair| matches!(pair, [letter, 0] if *letter > 0)) {
        Some(UTF_16LE)
    } else if every(|pair| matches!(pair, [0, letter] if *letter > 0)) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// What an XML declaration, or the head of an HTML page, says.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let start = head.get(..1024).unwrap_or(head);
    if start.trim_ascii_start().first() != Some(&b'<') {
        return None;
    }
    let text: String = start.iter().map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let label = if text.trim_start().starts_with("<?xml") {
        text.split_once("encoding").filter(|(before, _)| !before.contains("?>"))?.1
    } else {
        text.split_once("charset")?.1
    };
    let label = label.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = label.find(['"', '\'', ';', '>', ' ', '?'])?;
    // UTF-16 would not have been readable so far.
    let encoding = Encoding::for_label_no_replacement(label.get(..end)?.as_bytes())?;
    (encoding != UTF_16LE && encoding != UTF_16BE).then_some(encoding)
}

/// How many sequences of several bytes are valid UTF-8, and how many places are none.
fn sequences(mut head: &[u8], complete: bool) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    let several = |text: &str| text.chars().filter(|letter| !letter.is_ascii()).count();
    loop {
        match std::str::from_utf8(head) {
            Ok(text) => return (valid + several(text), invalid),
            Err(error) => {
                let (good, rest) = head.split_at_checked(error.valid_up_to()).unwrap_or((head, &[]));
                valid += std::str::from_utf8(good).map_or(0, several);
                // The end of what was looked at may cut a letter.
                let Some(len) = error.error_len() else { return (valid, invalid + usize::from(complete)) };
                invalid += 1;
                head = rest.get(len..).unwrap_or_default();
            }
        }
    }
}

/// How sure a guess is: by how many bytes speak for it, and whether they all have a meaning.
fn confidence(head: &[u8], encoding: &'static Encoding) -> &'static str {
    let speaking = head.iter().filter(|byte| !byte.is_ascii()).count();
    let whole = !encoding.decode_without_bom_handling(head).1;
    match speaking {
        _ if !whole => "unlikely, for some bytes mean nothing in it",
        0..8 => "weak, from few bytes",
        8..64 => "fair",
        _ => "good",
    }
}

/// Diagnostics of a text that is decoded while others read it.
#[derive(Clone, Default)]
pub(crate) struct DecodingDiagnostics(Arc<Mutex<Diagnostics>>);

impl DecodingDiagnostics {
    /// What was found so far; from then on there is nothing.
    pub(crate) fn take(&self) -> Diagnostics {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// Reads a text as UTF-8.
pub(crate) struct Utf8Reader<R> {
    from: R,
    decoder: Decoder,
    raw: Vec<u8>,
    at: usize,
    end: bool,
    text: Vec<u8>,
    given: usize,
    line: u64,
    found: DecodingDiagnostics,
}

impl<R: Read> Utf8Reader<R> {
    pub(crate) fn new(from: R, encoding: TextEncoding, found: &DecodingDiagnostics) -> Self {
        let mut diagnostics = lock(&found.0);
        let name = encoding.encoding.name();
        match encoding.evidence {
            EncodingEvidence::Plain => {}
            EncodingEvidence::Asked => {
                let message = format!("the text is read as {name}");
                diagnostics.push(Diagnostic::new(&ENCODING, Location::default(), message));
            }
            EncodingEvidence::Declared(how) => {
                let message = format!("the text is {name}, detected from {how}");
                diagnostics.push(Diagnostic::new(&ENCODING, Location::default(), message));
            }
            EncodingEvidence::Guessed(sure) => {
                let message = format!("the text seems to be {name}; the guess is {sure}");
                diagnostics.push(Diagnostic::new(&ENCODING_GUESSED, Location::default(), message));
            }
        }
        drop(diagnostics);
        Self {
            from,
            decoder: encoding.encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 64 << 10],
            at: 0,
            end: false,
            text: Vec::new(),
            given: 0,
            line: 1,
            found: found.clone(),
        }
    }

    /// Decodes one more block.
    fn advance(&mut self) -> Result<(), Stop> {
        let mut raw = std::mem::take(&mut self.raw);
        let read = fill(&mut self.from, &mut raw)?;
        self.end = read < raw.len();
        self.text.clear();
        self.given = 0;
        self.at = 0;
        let bytes = raw.get(..read).unwrap_or_default();
        let need = self.decoder.max_utf8_buffer_length_without_replacement(read).unwrap_or(read * 3);
        self.text.resize(need + 16, 0);
        let mut written = 0;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let room = self.text.get_mut(written..).unwrap_or_default();
            let (result, took, gave) = self.decoder.decode_to_utf8_without_replacement(rest, room, self.end);
            let fresh = self.text.get(written..written + gave).unwrap_or_default();
            self.line += line_ends(fresh);
            self.at += took;
            written += gave;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                DecoderResult::Malformed(..) => {
                    self.malformed();
                    let mark = "\u{fffd}".as_bytes();
                    if self.text.len() < written + mark.len() {
                        self.text.resize(written + mark.len() + 16, 0);
                    }
                    if let Some(room) = self.text.get_mut(written..written + mark.len()) {
                        room.copy_from_slice(mark);
                    }
                    written += mark.len();
                }
            }
        }
        self.text.truncate(written);
        self.raw = raw;
        Ok(())
    }

    fn malformed(&self) {
        let mut diagnostics = lock(&self.found.0);
        diagnostics.report(&MALFORMED, || {
            let place = Location { line: Some(self.line), ..Location::default() };
            let message = format!("bytes that mean nothing in {}", self.decoder.encoding().name());
            Diagnostic::new(&MALFORMED, place, message)
        });
    }
}

fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.text.len() {
            if self.end {
                return Ok(0);
            }
            self.advance().map_err(|stop| match stop {
                Stop::Io(error) => error.into(),
                _ => io::Error::other("the input ended"),
            })?;
        }
        let rest = self.text.get(self.given..).unwrap_or_default();
        let both = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..both), rest.get(..both)) {
            to.copy_from_slice(from);
        }
        self.given += both;
        Ok(both)
    }
}
