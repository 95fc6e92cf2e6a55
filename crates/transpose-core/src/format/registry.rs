//! The formats and codes that are linked in.
//!
//! `inventory` collects them from the crates that are linked; only crates named in code are linked,
//! so `plugins/all` names every family. The order of registration means nothing: [`Registry::load`]
//! sorts.

use crate::diagnostics::{Code, RegisteredCode};
use crate::format::{Format, Probe, Recognition};
use std::fmt;

/// A registered format, or a family of formats made from tables.
pub struct RegisteredFormat(pub fn() -> Result<Vec<Box<dyn Format>>, String>);
inventory::collect!(RegisteredFormat);

/// Registers a format: an expression of type `fn() -> Result<Vec<Box<dyn Format>>, String>`.
#[macro_export]
macro_rules! register {
    ($make:expr) => {
        $crate::inventory::submit! { $crate::format::registry::RegisteredFormat($make) }
    };
}

/// Why the registry cannot be loaded. Each of these is an error of the build, not of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// No format is linked in.
    Empty,
    /// Two formats have the same id.
    DuplicateFormat(String),
    /// Two codes have the same id.
    DuplicateCode(&'static str),
    /// A format cannot be made.
    Broken(String),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no format is linked in; `plugins/all` must name the families"),
            Self::DuplicateFormat(id) => write!(f, "two formats are registered as `{id}`"),
            Self::DuplicateCode(id) => write!(f, "two codes are registered as `{id}`"),
            Self::Broken(why) => write!(f, "a registered format is broken: {why}"),
        }
    }
}

impl std::error::Error for RegistryError {}

/// The formats, sorted by id, and the codes, sorted by id.
pub struct Registry {
    formats: Vec<Box<dyn Format>>,
    codes: Vec<&'static Code>,
}

/// Why no single format could be chosen for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecognitionFailure {
    /// No format answers to it; the nearest ones say what is missing.
    None(Vec<(String, String)>),
    /// Several formats are equally sure.
    Several(Vec<(String, String)>),
}

impl Registry {
    /// Collects what is linked in.
    pub fn load() -> Result<Self, RegistryError> {
        let mut formats = Vec::new();
        for registered in inventory::iter::<RegisteredFormat> {
            formats.extend((registered.0)().map_err(RegistryError::Broken)?);
        }
        let codes = inventory::iter::<RegisteredCode>.into_iter().map(|registered| registered.0).collect();
        Self::from_parts(formats, codes)
    }

    /// Makes a registry from given formats and codes; refuses duplicates and emptiness.
    pub fn from_parts(
        mut formats: Vec<Box<dyn Format>>,
        mut codes: Vec<&'static Code>,
    ) -> Result<Self, RegistryError> {
        if formats.is_empty() {
            return Err(RegistryError::Empty);
        }
        formats.sort_by(|a, b| a.manifest().id.cmp(&b.manifest().id));
        codes.sort_by_key(|code| code.id);
        if let Some([first, _]) = formats.array_windows().find(|[a, b]| a.manifest().id == b.manifest().id) {
            return Err(RegistryError::DuplicateFormat(first.manifest().id.clone().into_owned()));
        }
        if let Some([first, _]) = codes.array_windows().find(|[a, b]| a.id == b.id) {
            return Err(RegistryError::DuplicateCode(first.id));
        }
        Ok(Self { formats, codes })
    }

    /// Adds a format given by the user.
    pub fn add(&mut self, format: Box<dyn Format>) -> Result<(), RegistryError> {
        let id = format.manifest().id.clone();
        match self.formats.binary_search_by(|known| known.manifest().id.cmp(&id)) {
            Ok(_) => Err(RegistryError::DuplicateFormat(id.into_owned())),
            Err(place) => {
                self.formats.insert(place, format);
                Ok(())
            }
        }
    }

    /// Every format, by id.
    pub fn formats(&self) -> impl Iterator<Item = &dyn Format> {
        self.formats.iter().map(AsRef::as_ref)
    }

    /// The format with the given id.
    pub fn format(&self, id: &str) -> Option<&dyn Format> {
        self.formats().find(|format| format.manifest().id == id)
    }

    /// The ids most like the given one, best first.
    pub fn nearest(&self, id: &str) -> Vec<&str> {
        let mut ids: Vec<(f64, &str)> = self
            .formats()
            .map(|format| format.manifest().id.as_ref())
            .map(|known| (strsim::jaro_winkler(id, known), known))
            .filter(|(likeness, _)| *likeness > 0.6)
            .collect();
        ids.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        ids.into_iter().take(3).map(|(_, id)| id).collect()
    }

    /// Every code, by id.
    pub fn codes(&self) -> impl Iterator<Item = &'static Code> {
        self.codes.iter().copied()
    }

    /// The code with the given id or name.
    pub fn code(&self, id: &str) -> Option<&'static Code> {
        self.codes().find(|code| code.id.eq_ignore_ascii_case(id) || code.name == id)
    }

    /// Chooses the format of a file by its content.
    pub fn recognise(&self, probe: &Probe<'_>) -> Result<&dyn Format, RecognitionFailure> {
        let readable = self.formats().filter(|format| format.manifest().reads);
        let mut answers: Vec<(Recognition, &dyn Format)> = readable
            .map(|format| (format.recognise(probe), format))
            .filter(|(answer, _)| *answer != Recognition::No)
            .collect();
        answers.sort_by_key(|answer| std::cmp::Reverse(rank(&answer.0)));
        let named = |answers: &[(Recognition, &dyn Format)]| {
            answers
                .iter()
                .map(|(answer, format)| (format.manifest().id.to_string(), reason(answer)))
                .collect::<Vec<_>>()
        };
        let best = answers.first().map_or(0, |(answer, _)| rank(answer));
        let equals = answers.iter().take_while(|(answer, _)| rank(answer) == best).count();
        match answers.first() {
            Some((_, format)) if best >= SURE && equals == 1 => Ok(*format),
            Some(_) if best >= SURE => {
                Err(RecognitionFailure::Several(named(answers.get(..equals).unwrap_or(&[]))))
            }
            _ => Err(RecognitionFailure::None(named(&answers))),
        }
    }
}

/// The lowest rank at which a format is taken without being asked for: its shape fits.
const SURE: u8 = 2;

fn rank(recognition: &Recognition) -> u8 {
    match recognition {
        Recognition::No => 0,
        Recognition::Near(_) => 1,
        Recognition::Possible(_) => 2,
        Recognition::Certain(_) => 3,
    }
}

fn reason(recognition: &Recognition) -> String {
    match recognition {
        Recognition::No => String::new(),
        Recognition::Near(reason) | Recognition::Possible(reason) | Recognition::Certain(reason) => {
            reason.clone()
        }
    }
}
