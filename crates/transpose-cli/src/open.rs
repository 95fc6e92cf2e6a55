//! What every command needs before it can begin: the registry, inputs, the choice of formats, side
//! files, the clock.

mod containers;

pub(crate) use containers::{Containers, Opener};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transpose_codes::time::{Period, Timestamp};
use transpose_core::diagnostics::{Code, Diagnostic, Diagnostics, Failure, Fatal, Location};
use transpose_core::format::{Format, Grain, Manifest, Probe, Recognition, Registry, Unrecognised};
use transpose_deals::{Agreement, Figures, PeriodTerms};
use transpose_engine::diagnostics::io;
use transpose_engine::{Catalogue, Completion, Reading, UserKey, Users};
use transpose_io::{Compression, Input, Limits, OutputSet, memory};
use transpose_sheet::{Layout, LayoutFormat};

transpose_core::codes! {
    /// A format that does not exist.
    pub(crate) UNKNOWN_FORMAT: "CLI0101" "unknown-format" Error
        "No format has the given id. Ids are written `family.layout`, a version follows after `@`."
        "`transpose formats` lists every format."
    /// A version that does not exist.
    pub(crate) UNKNOWN_VERSION: "CLI0102" "unknown-version" Error
        "The format has no version of that name."
        "`transpose formats ID` lists the versions of a format."
    /// A format that cannot be used in that direction.
    pub(crate) WRONG_DIRECTION: "CLI0103" "wrong-direction" Error
        "Some formats can only be read and some only be written."
        "`transpose formats` shows the directions of every format."
    /// A file of no known format.
    pub(crate) UNRECOGNISED: "CLI0104" "unrecognised-input" Error
        "The content of the file fits no format that can be read. File names play no part in this."
        "Name the format with `--from FORMAT`, or describe the table with `--layout FILE`; `transpose formats` lists the formats."
    /// A file that several formats claim.
    pub(crate) AMBIGUOUS: "CLI0105" "ambiguous-input" Error
        "The content of the file fits several formats equally well."
        "Name the format with `--from FORMAT`."
    /// An input without a byte in it.
    pub(crate) EMPTY: "CLI0106" "empty-input" Error
        "The file has no content, so it is no report of any format."
        "Fetch the file again."
    /// Inputs of different formats.
    pub(crate) MIXED: "CLI0107" "mixed-inputs" Error
        "All inputs of one conversion are read as one report and have to be of one format."
        "Convert them one by one, or name their format with `--from FORMAT`."
    /// An argument that makes no sense.
    pub(crate) ARGUMENT: "CLI0108" "wrong-argument" Error
        "An argument, or a combination of arguments, makes no sense."
        "`transpose COMMAND --help` explains the arguments."
    /// A file that would be written and is read.
    pub(crate) SAME_FILE: "CLI0109" "output-is-input" Error
        "One file has two parts to play in the run, so that writing one would destroy the other."
        "Choose another name for the output."
    /// A side file that cannot be one.
    pub(crate) SIDE_FILE: "CLI0110" "wrong-side-file" Error
        "An agreement, figures or a layout are small text files in UTF-8."
        "Check that the right file is given; save it as UTF-8."
    /// Something that cannot be explained.
    pub(crate) UNKNOWN_TOPIC: "CLI0111" "unknown-topic" Error
        "Topics are codes of findings (`SHT0104` or their names), formats, fields (`recording.title`), and what a format explains by itself: record types (`SU02.03`), cells (`SU02.03/8`), value sets, columns."
        "`transpose formats` lists the formats, and `transpose formats ID` the fields."
    /// A registry that cannot be used.
    pub(crate) BROKEN_BUILD: "CLI0112" "broken-build" Error
        "The formats that are linked into the program cannot be used together. This is a fault of the build."
        "Report it with the version of the program."
}

/// A failure of use.
pub(crate) fn wrong(code: &'static Code, message: impl Into<String>) -> Fatal {
    Fatal::usage(Diagnostic::new(code, Location::default(), message))
}

/// The formats that are linked in, and the given layouts.
pub(crate) fn registry(layouts: &[PathBuf]) -> Result<Registry, Fatal> {
    let broken = |error: &dyn std::fmt::Display| {
        Fatal::new(Failure::Bug, Diagnostic::new(&BROKEN_BUILD, Location::default(), error.to_string()))
    };
    let mut registry = Registry::load().map_err(|error| broken(&error))?;
    for path in layouts {
        let layout = Layout::parse(&path.to_string_lossy(), &text(path)?)?;
        let format = LayoutFormat::new(layout);
        let id = format.manifest().id.to_string();
        registry.add(Box::new(format)).map_err(|_| {
            let message =
                format!("the layout `{}` has the id `{id}`, which another format has", path.display());
            wrong(&ARGUMENT, message).and_help("Give the layout an `id` of its own.")
        })?;
    }
    Ok(registry)
}

/// A failure whose findings stand at a place where they have none of their own.
pub(crate) fn placed(mut fatal: Fatal, place: &Location) -> Fatal {
    for diagnostic in &mut fatal.diagnostics {
        if diagnostic.location.source.is_none() {
            diagnostic.location = place.clone();
        }
    }
    fatal
}

/// Advice on a failure with one finding.
pub(crate) trait AndHelp {
    /// The same failure with advice of its own.
    fn and_help(self, help: impl Into<String>) -> Self;
}

impl AndHelp for Fatal {
    fn and_help(mut self, help: impl Into<String>) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.help = Some(help.into());
        }
        self
    }
}

/// The format with the given id.
pub(crate) fn format<'a>(registry: &'a Registry, id: &str) -> Result<&'a dyn Format, Fatal> {
    registry.format(id).ok_or_else(|| {
        let unknown = wrong(&UNKNOWN_FORMAT, format!("there is no format `{id}`"));
        match &registry.nearest(&id.to_lowercase())[..] {
            [] => unknown,
            near => {
                let near = near.join("`, `");
                unknown.and_help(format!("Did you mean `{near}`? `transpose formats` lists every format."))
            }
        }
    })
}

/// The format and the version that `ID@VERSION` names; without a version the format's default is
/// meant.
pub(crate) fn versioned<'a>(
    registry: &'a Registry,
    text: &str,
) -> Result<(&'a dyn Format, Option<String>), Fatal> {
    let (id, version) = text.split_once('@').map_or((text, None), |(id, version)| (id, Some(version)));
    let format = format(registry, id)?;
    let Some(version) = version else { return Ok((format, None)) };
    let versions: Vec<&str> = format.manifest().versions.iter().map(|version| version.id.as_ref()).collect();
    if versions.contains(&version) {
        return Ok((format, Some(version.to_owned())));
    }
    let unknown = wrong(&UNKNOWN_VERSION, format!("`{id}` has no version `{version}`"));
    Err(if versions.is_empty() {
        unknown.and_help(format!("`{id}` has no versions; leave `@{version}` out."))
    } else {
        unknown.and_help(format!("Its versions are `{}`.", versions.join("`, `")))
    })
}

/// Refuses a format that cannot be written.
pub(crate) fn writable(format: &dyn Format) -> Result<(), Fatal> {
    if format.manifest().writes {
        return Ok(());
    }
    Err(wrong(&WRONG_DIRECTION, format!("`{}` can be read but not written", format.manifest().id)))
}

/// Refuses a format that cannot be read.
pub(crate) fn readable(format: &dyn Format) -> Result<(), Fatal> {
    if format.manifest().reads {
        return Ok(());
    }
    Err(wrong(&WRONG_DIRECTION, format!("`{}` can be written but not read", format.manifest().id)))
}

/// The format id, with a version after `@` if there is one.
pub(crate) fn named(manifest: &Manifest, version: Option<&str>) -> String {
    version.map_or_else(|| manifest.id.to_string(), |version| format!("{}@{version}", manifest.id))
}

/// How many first bytes formats see when they are asked whether a file is theirs.
const PROBE: usize = 64 << 10;

/// The format of an input, and how sure it is.
pub(crate) struct Chosen<'a> {
    /// The format.
    pub(crate) format: &'a dyn Format,
    /// What the format itself says about the input.
    pub(crate) recognition: Recognition,
}

/// Chooses the format of one input: the given one, or the one that recognises it.
pub(crate) fn choose<'a>(
    registry: &'a Registry,
    from: Option<&str>,
    input: &Input,
) -> Result<Chosen<'a>, Fatal> {
    let bytes = input.head(PROBE).map_err(|error| io(&error))?;
    let path = Path::new(input.name());
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let probe = Probe { name: &name, bytes: &bytes, complete: bytes.len() < PROBE };
    if let Some(id) = from {
        if let Some((id, version)) = id.split_once('@') {
            let message = format!("`{id}@{version}` names a version, and the input itself says which it is");
            return Err(wrong(&ARGUMENT, message).and_help(format!("Give `--from {id}`.")));
        }
        let format = format(registry, id)?;
        readable(format)?;
        fits(format, input)?;
        return Ok(Chosen { format, recognition: format.recognise(&probe) });
    }
    let refused = |code, message: String| {
        let location = Location { source: Some(input.name().into()), ..Location::default() };
        Fatal::input(Diagnostic::new(code, location, message))
    };
    let listed = |answers: &[(String, String)]| {
        let named: Vec<String> =
            answers.iter().take(3).map(|(id, reason)| format!("`{id}` ({reason})")).collect();
        named.join(", ")
    };
    if bytes.is_empty() {
        return Err(refused(&EMPTY, "the input is empty".into()));
    }
    match registry.recognise(&probe) {
        Ok(format) => {
            fits(format, input)?;
            Ok(Chosen { format, recognition: format.recognise(&probe) })
        }
        Err(Unrecognised::Several(answers)) => {
            let message = format!("the input fits several formats: {}", listed(&answers));
            Err(refused(&AMBIGUOUS, message))
        }
        Err(Unrecognised::None(answers)) if answers.is_empty() => Err(match stranger(&bytes) {
            Some((what, help)) => {
                refused(&UNRECOGNISED, format!("the input is {what}, expected text in UTF-8")).and_help(help)
            }
            None => refused(&UNRECOGNISED, "the input is of no known format".into()),
        }),
        Err(Unrecognised::None(answers)) => {
            let message = format!("the input is of no known format; nearest: {}", listed(&answers));
            Err(refused(&UNRECOGNISED, message))
        }
    }
}

/// Refuses what is no plain text for a format that is no table.
fn fits(format: &dyn Format, input: &Input) -> Result<(), Fatal> {
    let Some(container) = input.container().filter(|_| !format.is_table()) else { return Ok(()) };
    let location = Location { source: Some(input.name().into()), ..Location::default() };
    let message = format!("the input comes as {container}, and `{}` is text in UTF-8", format.manifest().id);
    let help = "Save it as text in UTF-8; `--column` is for tables only.";
    Err(Fatal::input(Diagnostic::new(&UNRECOGNISED, location, message).help(help)))
}

/// What a file is that no report is, where its first bytes say so, and what to do with it.
fn stranger(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    bytes.starts_with(b"%PDF").then_some(("a PDF document", "Ask the sender for the report as text."))
}

/// Chooses the one format of all inputs.
pub(crate) fn choose_one<'a>(
    registry: &'a Registry,
    from: Option<&str>,
    inputs: &[Input],
) -> Result<Chosen<'a>, Fatal> {
    let mut first: Option<(Chosen<'a>, &Input)> = None;
    for input in inputs {
        let chosen = choose(registry, from, input)?;
        match &first {
            None => first = Some((chosen, input)),
            Some((known, other)) if known.format.manifest().id != chosen.format.manifest().id => {
                let message = format!(
                    "`{}` is `{}` and `{}` is `{}`",
                    other.name(),
                    known.format.manifest().id,
                    input.name(),
                    chosen.format.manifest().id
                );
                return Err(wrong(&MIXED, message));
            }
            Some(_) => {}
        }
    }
    first.map(|(chosen, _)| chosen).ok_or_else(|| wrong(&ARGUMENT, "no input is given"))
}

/// The largest side file, far beyond any real one.
const SIDE_FILE_LIMIT: usize = 64 << 20;

/// Refuses to write over what is read, and two things under one name; each path comes with the part
/// that it plays.
pub(crate) fn refuse_same(read: &[(&str, &Path)], written: &[(&str, &Path)]) -> Result<(), Fatal> {
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    taken.extend(read.iter().filter(|(_, path)| path.is_file()).map(|(role, path)| (*role, same(path))));
    // A device or a pipe may take several things.
    let device = |path: &Path| path.metadata().is_ok_and(|metadata| !metadata.is_file());
    for (role, path) in written.iter().filter(|(_, path)| !device(path)) {
        let key = same(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == key) {
            let message = format!("`{}` is both {other} and {role}", path.display());
            return Err(wrong(&SAME_FILE, message));
        }
        taken.push((role, key));
    }
    Ok(())
}

/// The same value for two spellings of one path, also where the file does not exist yet.
fn same(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
    parent.join(path.file_name().unwrap_or_default())
}

/// Refuses a file that exists before the work begins; the same check is made again when it is
/// written.
pub(crate) fn refuse_existing(path: &Path, overwrite: bool) -> Result<(), Fatal> {
    let mut set = OutputSet::new(overwrite);
    let probe = set.create(path, Compression::None).map_err(|error| io(&error))?;
    let id = probe.id();
    drop(probe);
    set.discard(id);
    Ok(())
}

/// Writes a small file whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Fatal> {
    let mut set = OutputSet::new(overwrite);
    let mut file = set.create(path, Compression::None).map_err(|error| io(&error))?;
    file.append(bytes).map_err(|error| io(&error))?;
    file.finish().map_err(|error| io(&error))?;
    set.commit().map(|_| ()).map_err(|error| io(&error))
}

/// The bytes of a side file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Fatal> {
    let input = Input::open(path, &Limits::default()).map_err(|error| io(&error))?;
    let bytes = input.head(SIDE_FILE_LIMIT + 1).map_err(|error| io(&error))?;
    if bytes.len() > SIDE_FILE_LIMIT {
        return Err(side_file(path, "the file has more than 64 MiB, which is no side file".into()));
    }
    Ok(bytes)
}

/// The text of a side file.
pub(crate) fn text(path: &Path) -> Result<String, Fatal> {
    String::from_utf8(bytes(path)?).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().get(..valid).unwrap_or_default().split(|byte| *byte == b'\n').count();
        side_file(path, format!("line {line} is not UTF-8"))
    })
}

fn side_file(path: &Path, message: String) -> Fatal {
    let source: Arc<str> = path.to_string_lossy().into();
    Fatal::usage(Diagnostic::new(
        &SIDE_FILE,
        Location { source: Some(source), ..Location::default() },
        message,
    ))
}

/// The agreement and the figures, which come together or not at all.
#[derive(clap::Args)]
pub(crate) struct SideFiles {
    /// The agreement: parties, sales contexts, what counts as a play (`transpose init agreement`)
    #[arg(long, value_name = "FILE")]
    pub(crate) agreement: Option<PathBuf>,
    /// The figures of the period: revenue, subscribers, rates (`transpose init figures`)
    #[arg(long, value_name = "FILE", requires = "agreement")]
    pub(crate) figures: Option<PathBuf>,
}

impl SideFiles {
    /// Reads both; everything wrong with one is told at once.
    pub(crate) fn deal(&self, period: Option<Period>) -> Result<Option<PeriodTerms>, Fatal> {
        let Some(path) = &self.agreement else { return Ok(None) };
        let agreement = Agreement::parse(&path.to_string_lossy(), &text(path)?)?;
        let figures = match &self.figures {
            Some(path) => Some(Figures::parse(&path.to_string_lossy(), &bytes(path)?)?),
            None => None,
        };
        PeriodTerms::new(agreement, figures, period).map(Some)
    }
}

/// What completes events, and what is taken from them.
#[derive(clap::Args)]
pub(crate) struct Completing {
    /// What tracks and releases are: a table with track ids, release ids or both, joined to events
    /// that only name them; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Vec<PathBuf>,
    /// What happens to user ids and other personal data. By default only the users' own service
    /// gets them
    #[arg(long, value_name = "WHAT")]
    user_ids: Option<UserIds>,
    /// The file with the secret key for `--user-ids hash`; without it the variable
    /// `TRANSPOSE_USER_KEY` is the key
    #[arg(long, value_name = "FILE")]
    pub(crate) user_key: Option<PathBuf>,
    /// Give events that have no id one made from their content; equal rows get equal ids
    #[arg(long)]
    make_ids: bool,
}

/// What happens to personal data.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum UserIds {
    /// It is passed on
    Keep,
    /// It is left out
    Drop,
    /// User ids become hashes with a secret key, the rest is left out
    Hash,
}

impl Completing {
    /// What completes the events of a job; personal data goes to whom it is owed.
    pub(crate) fn with_catalogue(catalogue: Vec<PathBuf>, make_ids: bool) -> Self {
        Self { catalogue, user_ids: None, user_key: None, make_ids }
    }

    /// Reads the catalogue, if there is one, with what was found in it.
    pub(crate) fn read(
        &self,
        registry: &Registry,
        reading: Reading,
    ) -> Result<(Option<Catalogue>, Diagnostics), Fatal> {
        if self.catalogue.is_empty() {
            return Ok((None, Diagnostics::default()));
        }
        let opener = Containers::default().opener(registry, None);
        let inputs = opener.inputs(&self.catalogue, reading.threads)?;
        let format = choose_one(registry, None, &inputs)?.format;
        if format.manifest().grain != Grain::Catalogue {
            let name = inputs.first().map_or("", Input::name);
            let message = format!("`{name}` is `{}`, which is no catalogue", format.manifest().id);
            return Err(wrong(&SIDE_FILE, message)
                .and_help("Give a table with track ids or release ids and what they stand for."));
        }
        let (catalogue, found) = Catalogue::read(&inputs, format, &[], reading)?;
        let mut diagnostics = opener.notes();
        diagnostics.merge(found);
        Ok((Some(catalogue), diagnostics))
    }

    /// What becomes of events on their way to a target.
    pub(crate) fn completion<'a>(
        &self,
        catalogue: Option<&'a Catalogue>,
        target: &dyn Format,
    ) -> Result<Completion<'a>, Fatal> {
        let users = match self.user_ids {
            Some(UserIds::Drop) => Users::Drop,
            Some(UserIds::Hash) => Users::Hash(self.key()?),
            None if target.personal().is_empty() => Users::Drop,
            Some(UserIds::Keep) | None => Users::Keep,
        };
        Ok(Completion { catalogue, users, make_ids: self.make_ids })
    }

    fn key(&self) -> Result<UserKey, Fatal> {
        let key = match &self.user_key {
            Some(path) => bytes(path)?,
            None => std::env::var_os("TRANSPOSE_USER_KEY").unwrap_or_default().into_encoded_bytes(),
        };
        UserKey::new(key.trim_ascii())
    }
}

/// What is suspicious in the side files.
pub(crate) fn warnings(deal: Option<&PeriodTerms>) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(deal.iter().flat_map(|deal| deal.warnings().iter().cloned()));
    diagnostics
}

/// Layouts given by the user.
#[derive(clap::Args)]
pub(crate) struct Layouts {
    /// A table described as data, used like a built-in format; may be given several times
    #[arg(long = "layout", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// How inputs are read.
#[derive(clap::Args)]
pub(crate) struct Speed {
    /// How many threads read and write; by default as many as the machine has. The output does not
    /// depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How many bytes a thread takes at a time
    #[arg(long, value_name = "SIZE", hide = true, value_parser = chunk_size)]
    chunk_size: Option<usize>,
}

impl Speed {
    /// The given values, or the defaults.
    pub(crate) fn reading(&self) -> Reading {
        let default = Reading::default();
        Reading {
            threads: self.threads.map_or(default.threads, usize::from),
            chunk: self.chunk_size.unwrap_or(default.chunk),
        }
    }
}

/// How much memory a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MemoryLimit {
    /// Three quarters of what the machine offers.
    #[default]
    Offered,
    /// As many bytes.
    Bytes(u64),
    /// Any amount.
    Unlimited,
}

impl MemoryLimit {
    /// The least that leaves room for the work itself.
    const LEAST: u64 = 64 << 20;

    /// The limit in bytes; `None` for any amount, also where the machine does not tell what it
    /// offers.
    pub(crate) fn bytes(self) -> Option<u64> {
        match self {
            Self::Offered => memory::available().map(|bytes| (bytes / 4 * 3).max(Self::LEAST)),
            Self::Bytes(bytes) => Some(bytes),
            Self::Unlimited => None,
        }
    }
}

pub(crate) fn memory_limit(text: &str) -> Result<MemoryLimit, String> {
    if text == "unlimited" {
        return Ok(MemoryLimit::Unlimited);
    }
    let size = transpose_core::format::options::size(text).filter(|size| *size >= MemoryLimit::LEAST);
    size.map(MemoryLimit::Bytes).ok_or_else(|| "expected a size of at least 64MiB, or `unlimited`".into())
}

fn chunk_size(text: &str) -> Result<usize, String> {
    let size = transpose_core::format::options::size(text).and_then(|size| usize::try_from(size).ok());
    size.filter(|size| (1..=1 << 30).contains(size)).ok_or_else(|| "expected a size from 1 to 1GiB".into())
}

/// `KEY=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("expected `KEY=VALUE`".into()),
    }
}

/// One of several words, with what it stands for.
pub(crate) fn word<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().map(|(word, _)| *word)).try_map(|text| {
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, value)| *value).ok_or("expected one of the possible values")
    })
}

/// A reporting period.
pub(crate) fn period(text: &str) -> Result<Period, String> {
    Period::parse(text).map_err(|error| {
        format!("{error}; expected `2026`, `2026-10`, `2026-10-05`, `2026-Q4`, `2026-W41` or `2026-10-01--2026-10-15`")
    })
}

/// An offset from UTC, in minutes.
pub(crate) fn time_zone(text: &str) -> Result<i16, String> {
    if matches!(text, "UTC" | "utc" | "Z" | "z") {
        return Ok(0);
    }
    let number = |digits: &[u8]| match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
        }
        _ => None,
    };
    if let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text.as_bytes()
        && let (Some(hours @ 0..=14), Some(minutes @ 0..=59)) = (number(&[*h1, *h2]), number(&[*m1, *m2]))
    {
        let total = hours * 60 + minutes;
        return Ok(if *sign == b'-' { -total } else { total });
    }
    Err("expected `UTC` or an offset such as `+02:00`".into())
}

/// The moment of the run: `SOURCE_DATE_EPOCH` where it is set, so that runs can be repeated byte by
/// byte, else the clock.
pub(crate) fn now() -> Result<Timestamp, Fatal> {
    let seconds = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
            let message =
                format!("`SOURCE_DATE_EPOCH` is `{}`, expected whole seconds since 1970", text.display());
            wrong(&ARGUMENT, message)
        })?,
        None => clock(),
    };
    // The years that a date can have.
    if !(-62_135_596_800..=253_402_300_799).contains(&seconds) {
        return Err(wrong(
            &ARGUMENT,
            format!("the time {seconds} s since 1970 is in no year from 1 to 9999"),
        ));
    }
    Ok(Timestamp::utc(seconds * 1_000_000))
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
fn clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A moment as text.
pub(crate) fn moment(moment: Timestamp) -> String {
    let mut out = Vec::new();
    moment.write_rfc3339(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_offsets() {
        for (text, minutes) in [("UTC", 0), ("Z", 0), ("+02:00", 120), ("-05:30", -330), ("+14:00", 840)] {
            assert_eq!(time_zone(text), Ok(minutes), "{text}");
        }
        for text in ["", "+2", "+15:00", "+02:60", "02:00", "+02-00", "+0२:00"] {
            assert!(time_zone(text).unwrap_err().starts_with("expected"), "{text}");
        }
    }

    #[test]
    fn options_are_pairs() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("a").is_err());
    }

    #[test]
    fn chunks_are_bounded() {
        assert_eq!(chunk_size("64KiB"), Ok(65536));
        for text in ["0", "2GiB", "", "x"] {
            assert!(chunk_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_formats_and_versions_are_answered_with_what_exists() {
        let registry = registry(&[]).unwrap();
        let advice = |text: &str| match versioned(&registry, text) {
            Err(fatal) => fatal.diagnostics[0].advice().to_owned(),
            Ok(_) => panic!("{text}"),
        };
        assert!(
            advice("massivemusic.client-usage.subscripton")
                .contains("`massivemusic.client-usage.subscription`")
        );
        assert!(advice("massivemusic.client-usage.subscription@2").contains("has no versions"));
        assert!(versioned(&registry, "massivemusic.client-usage.subscription").is_ok());
    }
}
