//! Zip archives that workbooks come in. What an archive says about the size of its members is not
//! believed: they are counted while they are unpacked.

use crate::read::codes::{TOO_LARGE, UNREADABLE, UNSUPPORTED};
use crate::read::source::fill;
use crate::read::source::store::{Store, StoreReader};
use crate::read::stop::{Stop, stop};
use std::io::{self, BufReader, Read};
use transpose_core::diagnostics::{Location, shown};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// The most bytes that all members of an archive may have when they are unpacked.
const MOST_BYTES: u64 = 8 << 30;

/// The most bytes that a member may have that is held in memory: shared texts, styles, the list of
/// sheets.
const MOST_HELD: u64 = 1 << 30;

/// The most bytes without the beginning of a tag in XML that is read by a parser without limits of
/// its own.
const LONGEST_TEXT: usize = 1 << 20;

/// The most texts that the cells of a workbook may share.
const MOST_TEXTS: u64 = 8 << 20;

/// The most members.
const MOST_MEMBERS: usize = 10_000;

/// An archive in a file.
pub(crate) type Archive = ZipArchive<BufReader<StoreReader>>;

/// Opens an archive.
pub(crate) fn open(store: &Store) -> Result<Archive, Stop> {
    let archive = ZipArchive::new(BufReader::new(store.reader(0)));
    let archive = archive.or_else(|error| damaged(&error))?;
    if archive.len() > MOST_MEMBERS {
        return stop(&TOO_LARGE, Location::default(), "the archive has more than 10,000 members");
    }
    Ok(archive)
}

fn damaged<T>(error: &ZipError) -> Result<T, Stop> {
    let text = shown(error.to_string().as_bytes());
    stop(&UNREADABLE, Location::default(), format!("the file is no whole zip archive: {text}"))
}

/// Refuses an archive that no reader claims, by the names of its members.
pub(crate) fn refuse<T>(has: impl Fn(&str) -> bool) -> Result<T, Stop> {
    let message = if has("xl/workbook.bin") {
        "the file is a workbook in binary form (.xlsb)"
    } else {
        "the file is a zip archive and no workbook"
    };
    stop(&UNSUPPORTED, Location::default(), message)
}

/// A member by its name, refused where its end would be far away.
pub(crate) fn member<'a>(
    archive: &'a mut Archive,
    name: &str,
) -> Result<CappedReader<ZipFile<'a, BufReader<StoreReader>>>, Stop> {
    let file = archive.by_name(name).or_else(|error| match error {
        ZipError::UnsupportedArchive(what) => stop(
            &UNSUPPORTED,
            Location::default(),
            format!("the workbook is packed in a way that is not read: {what}"),
        ),
        other => damaged(&other),
    })?;
    Ok(CappedReader { from: file, left: MOST_BYTES })
}

/// Reads as much as an archive may hold.
pub(crate) struct CappedReader<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for CappedReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buf)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other("the archive unpacks to more than 8 GiB"))?;
        Ok(read)
    }
}

/// Unpacks every member once and refuses an archive that a parser without limits could not hold.
pub(crate) fn check(archive: &mut Archive) -> Result<(), Stop> {
    let mut all = 0_u64;
    let mut block = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).or_else(|error| damaged(&error))?;
        let name = file.name().map_or_else(|_| index.to_string(), std::borrow::Cow::into_owned);
        let sheet = name.starts_with("xl/worksheets/");
        // What a member is called says nothing of what a reader does with it.
        let mut xml = false;
        let mut claim = None;
        let (mut size, mut run, mut texts) = (0_u64, 0_usize, 0_u64);
        loop {
            let read = match fill(&mut file, &mut block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(_) => {
                    let message =
                        format!("the member `{}` of the archive is damaged", shown(name.as_bytes()));
                    return stop(&UNREADABLE, Location::default(), message);
                }
            };
            let bytes = block.get(..read).unwrap_or_default();
            if size == 0 {
                xml = is_markup(bytes);
                claim = xml.then(|| claimed_texts(bytes)).flatten();
            }
            size += read as u64;
            all += read as u64;
            if xml {
                run = longest_run(bytes, run)?;
            }
            if claim.is_some() {
                texts += memchr::memmem::find_iter(bytes, b"<si").count() as u64;
            }
            if texts > MOST_TEXTS {
                return stop(
                    &TOO_LARGE,
                    Location::default(),
                    "the workbook has more than 8 million shared texts",
                );
            }
            if all > MOST_BYTES || (!sheet && size > MOST_HELD) {
                let message =
                    format!("the member `{}` unpacks to more than {size} bytes", shown(name.as_bytes()));
                return stop(&TOO_LARGE, Location::default(), message);
            }
        }
        // Readers make room for as many texts as are claimed, and each takes five bytes at least.
        if claim.is_some_and(|claim| claim > size / 5 + 1) {
            return stop(
                &UNREADABLE,
                Location::default(),
                "the workbook is damaged: it claims more shared texts than there is room for",
            );
        }
    }
    Ok(())
}

/// Whether bytes are the beginning of XML, in any encoding that has its brackets.
fn is_markup(bytes: &[u8]) -> bool {
    let blank =
        |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    bytes.iter().find(|byte| !blank(byte)).is_none_or(|first| *first == b'<')
}

/// How many different texts a list of shared texts claims to have, where the beginning is that of
/// one; nothing for other members.
fn claimed_texts(beginning: &[u8]) -> Option<u64> {
    let from = memchr::memmem::find(beginning, b"sst")?;
    let tag = beginning.get(from..)?;
    let tag = tag.get(..memchr::memchr(b'>', tag)?)?;
    let Some(at) = memchr::memmem::find(tag, b"uniqueCount") else { return Some(0) };
    let digits = tag.get(at..)?.iter().skip_while(|byte| !byte.is_ascii_digit());
    let digits = digits.take_while(|byte| byte.is_ascii_digit());
    // More digits than a number has are too many as well.
    digits
        .map(|digit| u64::from(digit - b'0'))
        .try_fold(0_u64, |number, digit| Some(number.saturating_mul(10).saturating_add(digit)))
}

/// How many bytes have come since the last tag began.
fn longest_run(bytes: &[u8], mut run: usize) -> Result<usize, Stop> {
    let mut from = 0;
    for place in memchr::memchr_iter(b'<', bytes) {
        if run + place - from > LONGEST_TEXT {
            return stop(&TOO_LARGE, Location::default(), "a text in the workbook has more than 1 MiB");
        }
        (run, from) = (0, place);
    }
    run += bytes.len() - from;
    if run > LONGEST_TEXT {
        return stop(&TOO_LARGE, Location::default(), "a text in the workbook has more than 1 MiB");
    }
    Ok(run)
}
