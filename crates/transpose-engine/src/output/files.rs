//! Writing: files that are split between blocks, and appear together or not at all.
//!
//! The name and the head of a file say which one of how many it is (`2of3`), and that is known only
//! at the end. A message that fits into one file, the usual case, is written straight through. When
//! a second file is begun, or a head says how much follows, each file is written once more at the
//! end with its right head.
//!
//! ```text
//!  one file    head 1of1 │ blocks │ foot ─▶ renamed
//!
//!  several     head 1of1 │ blocks │ foot  ─ copied with a ─▶  head 1of2 │ blocks │ foot ┐
//!              head 2of2 │ blocks │ foot  ─ right head    ─▶  head 2of2 │ blocks │ foot ┴▶ renamed
//! ```

use crate::diagnostics;
use crate::output::spec::{Destination, OutputSpec};
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{EncodedBatch, Encoder, FileNumber, OutputContext, TableWriter, Tally};
use transpose_io::{Compression, Input, OutputFile, OutputId, OutputSet, WrittenFile};

/// The files of one message.
pub(crate) struct OutputFiles<'a> {
    encoder: &'a dyn Encoder,
    set: OutputSet,
    spec: OutputSpec<'a>,
    /// What is in the names of the files beside what the format says.
    label: Option<String>,
    limit: u64,
    /// How many blocks a file may have.
    blocks: u64,
    open: Option<OpenFile>,
    closed: Vec<ClosedFile>,
    message: Tally,
    /// What containers found noteworthy.
    notes: Vec<Diagnostic>,
}

struct OpenFile {
    file: OutputFile,
    head: u64,
    tally: Tally,
    /// What is between the encoder's text and the file.
    table: Option<Box<dyn TableWriter>>,
    /// What the container has ready.
    ready: Vec<u8>,
}

impl OpenFile {
    fn append(&mut self, text: &[u8]) -> Result<(), Fatal> {
        let Some(table) = &mut self.table else {
            return self.file.append(text).map_err(|error| diagnostics::io(&error));
        };
        self.ready.clear();
        table.rows(text, &mut self.ready)?;
        self.file.append(&self.ready).map_err(|error| diagnostics::io(&error))
    }
}

struct ClosedFile {
    id: OutputId,
    head: u64,
}

/// Room kept for the closing records when deciding whether a block still fits.
const FOOT: u64 = 512;

impl<'a> OutputFiles<'a> {
    /// Begins the first file.
    pub(crate) fn new(
        encoder: &'a dyn Encoder,
        spec: OutputSpec<'a>,
        label: Option<&str>,
    ) -> Result<Self, Fatal> {
        let set = OutputSet::new(spec.overwrite).with_threads(spec.threads);
        Self::over(set, encoder, spec, label)
    }

    /// Begins the files of another label, of the same kind.
    pub(crate) fn beside(&self, label: &str) -> Result<Self, Fatal> {
        Self::over(self.set.beside(), self.encoder, self.spec, Some(label))
    }

    fn over(
        set: OutputSet,
        encoder: &'a dyn Encoder,
        spec: OutputSpec<'a>,
        label: Option<&str>,
    ) -> Result<Self, Fatal> {
        let limit = encoder.max_file_size().unwrap_or(u64::MAX);
        let mut files = Self {
            encoder,
            set,
            spec,
            label: label.or(spec.label).map(str::to_owned),
            limit,
            blocks: encoder.max_blocks().unwrap_or(u64::MAX),
            open: None,
            closed: Vec::new(),
            message: Tally::default(),
            notes: Vec::new(),
        };
        files.refuse_early()?;
        files.begin()?;
        Ok(files)
    }

    /// Refuses an existing output before the work begins; the commit checks again.
    fn refuse_early(&mut self) -> Result<(), Fatal> {
        let path = match self.spec.destination {
            Destination::File(path) => path.clone(),
            Destination::Folder(folder) => folder.join(self.file_name(FileNumber { number: 1, of: 1 })),
            Destination::Stdout => return Ok(()),
        };
        let probe = self.set.create(&path, Compression::None).map_err(|error| diagnostics::io(&error))?;
        let id = probe.id();
        drop(probe);
        self.set.discard(id);
        Ok(())
    }

    fn file_name(&self, part: FileNumber) -> String {
        let mut name = cleaned(&self.encoder.file_name(part));
        if let Some(container) = self.spec.container {
            name.truncate(name.rfind('.').unwrap_or(name.len()));
            name.push('.');
            name.push_str(container.extension());
        }
        if let Some(label) = &self.label {
            name.insert_str(name.rfind('.').unwrap_or(name.len()), &format!("_{label}"));
        }
        if self.spec.compression == Compression::Gzip {
            if self.encoder.gz_replaces_extension() {
                name.truncate(name.rfind('.').unwrap_or(name.len()));
            }
            name.push_str(".gz");
        }
        name
    }

    fn folder(&self) -> PathBuf {
        match self.spec.destination {
            Destination::Folder(folder) => folder.clone(),
            // What goes to a pipe or a device waits elsewhere; one cannot write beside it.
            Destination::File(path) if path.metadata().is_ok_and(|metadata| !metadata.is_file()) => {
                std::env::temp_dir()
            }
            Destination::File(path) => match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
                _ => PathBuf::from("."),
            },
            Destination::Stdout => std::env::temp_dir(),
        }
    }

    /// What keeps the output from appearing although everything was encoded.
    pub(crate) fn refusal(&self) -> Option<Fatal> {
        self.encoder.final_check()
    }

    fn part(&self) -> u32 {
        self.closed.len() as u32 + 1
    }

    fn begin(&mut self) -> Result<(), Fatal> {
        let mut head = Vec::new();
        let number = self.part();
        let tally = self.encoder.begin(FileNumber { number, of: number }, &mut head);
        let (file, table) = (self.create()?, self.table()?);
        let mut open = OpenFile { file, head: head.len() as u64, tally, table, ready: Vec::new() };
        open.append(&head)?;
        self.open = Some(open);
        Ok(())
    }

    /// What makes the file of the encoder's text, where a container is wanted.
    fn table(&self) -> Result<Option<Box<dyn TableWriter>>, Fatal> {
        let Some(container) = self.spec.container else { return Ok(None) };
        let Some(shape) = self.encoder.table() else {
            let message = "the format does not begin with the headings of its columns, as a workbook does";
            return Err(Fatal::usage(Diagnostic::new(
                &diagnostics::HEAD_WAITS,
                Location::default(),
                message,
            )));
        };
        let OutputSpec { temp_dir, now, .. } = self.spec;
        let output = match self.spec.destination {
            Destination::Folder(_) => self.file_name(FileNumber { number: 1, of: 1 }),
            Destination::File(path) => path.to_string_lossy().into_owned(),
            Destination::Stdout => "-".into(),
        };
        container.begin(&shape, OutputContext { output: &output, temp_dir, now }).map(Some)
    }

    fn create(&mut self) -> Result<OutputFile, Fatal> {
        let folder = self.folder();
        let file =
            self.set.create_in(&folder, self.spec.compression).map_err(|error| diagnostics::io(&error))?;
        Ok(file.with_hash(self.spec.hash))
    }

    /// Writes an encoded batch, beginning new files where the limit demands it.
    pub(crate) fn write(&mut self, encoded: &EncodedBatch) -> Result<(), Fatal> {
        let mut from = 0usize;
        let mut pending = Tally::default();
        let mut to = 0usize;
        for (end, tally) in &encoded.marks {
            let end = *end as usize;
            let open = self.open.as_ref().ok_or_else(|| diagnostics::bug("no file is open"))?;
            let size = open.file.uncompressed() + (end - from) as u64 + FOOT;
            let blocks = open.tally.blocks + pending.blocks;
            if blocks > 0 && (size > self.limit || blocks + tally.blocks > self.blocks) {
                self.append(encoded.bytes.get(from..to), pending)?;
                self.close(false)?;
                self.begin()?;
                from = to;
                pending = Tally::default();
            }
            pending.add(*tally);
            to = end;
        }
        self.append(encoded.bytes.get(from..), pending)
    }

    fn append(&mut self, bytes: Option<&[u8]>, tally: Tally) -> Result<(), Fatal> {
        let open = self.open.as_mut().ok_or_else(|| diagnostics::bug("no file is open"))?;
        open.tally.add(tally);
        open.append(bytes.unwrap_or(&[]))
    }

    fn close(&mut self, last: bool) -> Result<(), Fatal> {
        let number = self.part();
        let mut open = self.open.take().ok_or_else(|| diagnostics::bug("no file is open"))?;
        let mut foot = Vec::new();
        let of = if last { number } else { number + 1 };
        let mut message = self.message;
        message.add(open.tally);
        let closing = self.encoder.end(FileNumber { number, of }, &open.tally, &message, &mut foot);
        open.tally.add(closing);
        self.message.add(open.tally);
        open.append(&foot)?;
        if let Some(table) = open.table.take() {
            let file = &mut open.file;
            let notes =
                table.finish(&mut |bytes| file.append(bytes).map_err(|error| diagnostics::io(&error)))?;
            self.notes.extend(notes);
        }
        let done = open.file.finish().map_err(|error| diagnostics::io(&error))?;
        self.closed.push(ClosedFile { id: done.id, head: open.head });
        Ok(())
    }

    /// Ends the last file and gives every file its name; nothing has appeared yet. Answers what was
    /// written, and what is worth knowing of it.
    pub(crate) fn finish(mut self) -> Result<(OutputSet, Tally, Vec<Diagnostic>), Fatal> {
        self.close(true)?;
        let of = self.closed.len() as u32;
        if of > 1 || self.encoder.header_depends_on_rows() {
            // A head inside of a container cannot be replaced; tables are never split.
            if self.spec.container.is_some() {
                if of > 1 {
                    return Err(diagnostics::bug("a table was split"));
                }
                let message = "the first lines of the format state how many rows follow";
                return Err(Fatal::usage(Diagnostic::new(
                    &diagnostics::HEAD_WAITS,
                    Location::default(),
                    message,
                )));
            }
            self.rewrite_heads(of)?;
        }
        let closed = std::mem::take(&mut self.closed);
        for (index, file) in closed.iter().enumerate() {
            let path = match self.spec.destination {
                Destination::Folder(folder) => {
                    folder.join(self.file_name(FileNumber { number: index as u32 + 1, of }))
                }
                Destination::File(path) if of == 1 => path.clone(),
                Destination::Stdout if of == 1 => PathBuf::from("-"),
                Destination::File(_) | Destination::Stdout => {
                    let message = format!("the output has to be split into {of} files");
                    return Err(Fatal::usage(Diagnostic::new(
                        &diagnostics::SPLIT_NAME,
                        Location::default(),
                        message,
                    )));
                }
            };
            self.spare_inputs(&path)?;
            self.set.set_path(file.id, &path).map_err(|error| diagnostics::io(&error))?;
        }
        Ok((self.set, self.message, self.notes))
    }

    /// Refuses to replace what is being read, even where existing files may be replaced.
    fn spare_inputs(&self, path: &Path) -> Result<(), Fatal> {
        let Ok(real) = path.canonicalize() else { return Ok(()) };
        let replaced = |input: &&Input| {
            real.is_file()
                && input.path().and_then(|path| path.canonicalize().ok()).is_some_and(|path| path == real)
        };
        let Some(input) = self.spec.inputs.iter().find(replaced) else { return Ok(()) };
        let message = format!("the output `{}` would replace the input `{}`", path.display(), input.name());
        Err(Fatal::usage(Diagnostic::new(&diagnostics::OUTPUT_IS_INPUT, Location::default(), message)))
    }

    fn rewrite_heads(&mut self, of: u32) -> Result<(), Fatal> {
        let mut buffer = vec![0; 1 << 20];
        for index in 0..self.closed.len() {
            let Some(ClosedFile { id, head: old_head }) = self.closed.get(index) else { continue };
            let (id, mut offset) = (*id, *old_head);
            let mut head = Vec::new();
            self.encoder.begin(FileNumber { number: index as u32 + 1, of }, &mut head);
            let from = self.set.reopen(id).map_err(|error| diagnostics::io(&error))?;
            let mut file = self.create()?;
            file.append(&head).map_err(|error| diagnostics::io(&error))?;
            loop {
                let read = from.read_at(offset, &mut buffer).map_err(|error| diagnostics::io(&error))?;
                if read == 0 {
                    break;
                }
                file.append(buffer.get(..read).unwrap_or(&[])).map_err(|error| diagnostics::io(&error))?;
                offset += read as u64;
                from.release(offset);
            }
            let done = file.finish().map_err(|error| diagnostics::io(&error))?;
            drop(from);
            self.set.discard(id);
            if let Some(closed) = self.closed.get_mut(index) {
                *closed = ClosedFile { id: done.id, head: head.len() as u64 };
            }
        }
        Ok(())
    }
}

/// A file that appears together with reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanionFile {
    /// Its path.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it takes the place of an existing one.
    pub replace: bool,
}

/// Adds files to those that will appear.
pub(crate) fn add(set: &mut OutputSet, extras: Vec<CompanionFile>) -> Result<(), Fatal> {
    for extra in extras {
        let mut more = set.beside();
        let begun = if extra.replace {
            more.replace(&extra.path)
        } else {
            more.create(&extra.path, Compression::None)
        };
        let mut file = begun.map_err(|error| diagnostics::io(&error))?;
        file.append(&extra.bytes).map_err(|error| diagnostics::io(&error))?;
        file.finish().map_err(|error| diagnostics::io(&error))?;
        set.join(more).map_err(|error| diagnostics::io(&error))?;
    }
    Ok(())
}

/// Puts outputs in place; the moment at which they appear.
pub(crate) fn commit(set: OutputSet) -> Result<Vec<WrittenFile>, Fatal> {
    set.commit().map_err(|error| diagnostics::io(&error))
}

/// A file name without anything that could lead out of its folder.
fn cleaned(name: &str) -> String {
    let cleaned: String = name
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                '-'
            } else {
                c
            }
        })
        .collect();
    let cleaned = cleaned.trim_start_matches('.');
    if cleaned.is_empty() { "output".into() } else { cleaned.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_codes::time::Timestamp;
    use transpose_core::accounting::{RunReport, Subject};
    use transpose_core::format::BlockEncoder;
    use transpose_core::format::{Encoder, Numbers};
    use transpose_core::model::Blocks;
    use transpose_core::model::FieldSet;

    /// Lines as blocks, at most so many in a file.
    struct FewLines(u64);

    impl Encoder for FewLines {
        fn begin(&self, part: FileNumber, out: &mut Vec<u8>) -> Tally {
            out.extend_from_slice(format!("{} of {}\n", part.number, part.of).as_bytes());
            Tally { lines: 1, ..Tally::default() }
        }

        fn end(&self, _: FileNumber, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally {
            out.extend_from_slice(format!("{} {}\n", file.blocks, message.blocks).as_bytes());
            Tally { lines: 1, ..Tally::default() }
        }

        fn file_name(&self, part: FileNumber) -> String {
            part.number.to_string()
        }

        fn max_file_size(&self) -> Option<u64> {
            None
        }

        fn max_blocks(&self) -> Option<u64> {
            Some(self.0)
        }

        fn drops(&self, _: FieldSet, _: &[Box<str>]) -> Vec<(Subject, String)> {
            Vec::new()
        }
    }

    impl BlockEncoder for FewLines {
        fn encode(
            &self,
            _: Blocks<'_>,
            _: Numbers,
            _: &mut EncodedBatch,
            _: &mut RunReport,
        ) -> Result<(), Fatal> {
            Ok(())
        }
    }

    /// What `blocks` blocks come to that are written in batches of a size, at most `most` in a
    /// file.
    fn written(blocks: u64, batch: usize, most: u64) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::Folder(folder.path().to_path_buf());
        let encoder = FewLines(most);
        let spec = OutputSpec {
            label: None,
            destination: &destination,
            slicing: None,
            inputs: &[],
            compression: Compression::None,
            container: None,
            overwrite: false,
            hash: false,
            threads: 1,
            temp_dir: folder.path(),
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
        };
        let mut files = OutputFiles::new(&encoder, spec, None).unwrap();
        for numbers in (1..=blocks).collect::<Vec<_>>().chunks(batch) {
            let mut encoded = EncodedBatch::default();
            for number in numbers {
                encoded.bytes.extend_from_slice(format!("block {number}\n").as_bytes());
                let tally = Tally { lines: 1, blocks: 1, ..Tally::default() };
                encoded.marks.push((encoded.bytes.len() as u32, tally));
            }
            files.write(&encoded).unwrap();
        }
        let (set, tally, _) = files.finish().unwrap();
        assert_eq!(tally.blocks, blocks);
        let files = commit(set).unwrap();
        files.iter().map(|file| std::fs::read_to_string(&file.path).unwrap().replace('\n', ";")).collect()
    }

    #[test]
    fn files_are_split_by_blocks_wherever_batches_end() {
        for batch in 1..6 {
            assert_eq!(
                written(5, batch, 2),
                ["1 of 3;block 1;block 2;2 2;", "2 of 3;block 3;block 4;2 4;", "3 of 3;block 5;1 5;"]
            );
            assert_eq!(written(2, batch, 2), ["1 of 1;block 1;block 2;2 2;"]);
            // A file has a block at least, whatever is asked for.
            assert_eq!(written(2, batch, 0).len(), 2);
        }
        assert_eq!(written(0, 1, 2), ["1 of 1;0 0;"]);
    }

    #[test]
    fn names_from_content_stay_in_their_folder() {
        assert_eq!(cleaned("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(cleaned("...."), "output");
        assert_eq!(
            cleaned("DSR_A_B_x‐y_2026-10_FR_1of1_20261110T060000.tsv"),
            "DSR_A_B_x‐y_2026-10_FR_1of1_20261110T060000.tsv"
        );
    }
}
