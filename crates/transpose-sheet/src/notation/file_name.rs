//! Names of files: put together from the content, and compared with it.
//!
//! A pattern is text with parts in braces: `{header.period-start:%Y%m}` is a field, with the way a
//! date is written; `{text.vendor}` is what the user gives; `{*}` is anything. What comes from the
//! content is cleaned: a name never leads into another folder.

use crate::notation::GIVEN;
use crate::notation::date::{DateFormat, Moment};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::{Entity, Field, Group};

transpose_core::codes! {
    /// A name that contradicts the content.
    pub OTHER_NAME: "SHT0711" "file-name-differs" Warning
        "The name of the file says something else than its content. A recipient that files reports by their names would file this one under the wrong period or sender."
        "Check which of the two is right, and rename the file or fetch the right one."
    /// A name that is not built as the layout says.
    pub STRANGE_NAME: "SHT0712" "file-name-unlike" Info
        "The layout says how its files are called, and this one is called otherwise. Nothing is read from the name, so the content is not affected."
        "Rename the file if its recipient goes by names."
    /// A name that cannot be put together.
    pub NO_NAME: "SHT0713" "file-name-incomplete" Warning
        "The layout says how its files are called, and a part of the name has no value here. A plain name is proposed instead."
        "Give the output a name, or give what is missing: an option with `--set`, a field in the agreement."
}

/// How files are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileNames {
    /// The name that is written.
    pub(crate) write: Option<Pattern>,
    /// The names that are read, with the one that is written.
    pub(crate) read: Vec<Pattern>,
    /// Whether the extension of a compression takes the place of the file's own.
    pub(crate) replaces: bool,
}

/// A name with parts that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Field(Field, Option<DateFormat>),
    Given(Box<str>),
    Any,
}

/// What a name is put together from and compared with.
pub(crate) trait Values {
    /// The value of a field of the header, or of the sales context if all agree.
    fn field(&self, field: Field) -> Option<String>;
    /// What the user gives.
    fn given(&self, name: &str) -> Option<String>;
}

/// The longest name that file systems take.
const LONGEST: usize = 255;

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains(['/', '\\']) || text.len() > LONGEST {
            return Err(format!("`{text}` is no name of a file: it has folders or is too long"));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('{') {
            let Some((part, more)) = after.split_once('}') else {
                return Err(format!("`{text}` has `{{` without `}}`"));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.into()));
            }
            pieces.push(Piece::parse(part)?);
            rest = more;
        }
        if rest.contains('}') {
            return Err(format!("`{text}` has `}}` without `{{`"));
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        if pieces.is_empty() {
            return Err("the name is empty".into());
        }
        Ok(Self { pieces })
    }

    /// The fields that it holds.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field, _) => Some(*field),
            _ => None,
        })
    }

    /// The names of what the user gives.
    pub(crate) fn givens(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Given(name) => Some(&**name),
            _ => None,
        })
    }

    /// Whether it can be written: nothing in it is left open.
    pub(crate) fn is_definite(&self) -> bool {
        !self.pieces.contains(&Piece::Any)
    }

    /// The name with these values, or the first part that has none.
    pub(crate) fn build(&self, values: &dyn Values) -> Result<String, String> {
        let mut name = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => name.push_str(text),
                other => name.push_str(&other.value(values).ok_or_else(|| other.name())?),
            }
        }
        let hidden = name.trim_matches('.').is_empty();
        if hidden || name.len() > LONGEST { Err("a name of a file".into()) } else { Ok(name) }
    }

    /// The parts of a name, piece by piece; `None` where it is not of this pattern. Of several ways
    /// to take a name apart the one counts in which most parts have their values.
    fn parts<'a>(&self, name: &'a str, values: &dyn Values) -> Option<Vec<&'a str>> {
        let known: Vec<Option<String>> = self.pieces.iter().map(|piece| piece.value(values)).collect();
        // For each piece and place, from the last to the first: how many parts agree from there on,
        // and where the piece ends.
        let after = name.len() + 1;
        let mut next: Vec<Option<u32>> = vec![None; after];
        *next.last_mut()? = Some(0);
        let mut ends: Vec<Vec<usize>> = Vec::new();
        for (piece, value) in self.pieces.iter().zip(&known).rev() {
            let (mut best, mut end_of) = (vec![None; after], vec![0; after]);
            for ((start, best), end_of) in best.iter_mut().enumerate().zip(&mut end_of) {
                for (end, agreeing) in (0..).zip(&next).skip(start) {
                    let (Some(agreeing), Some(part)) = (agreeing, name.get(start..end)) else { continue };
                    let agreeing = agreeing + u32::from(value.as_deref() == Some(part));
                    if best.is_none_or(|best| agreeing > best) && piece.takes(part) {
                        (*best, *end_of) = (Some(agreeing), end);
                    }
                }
            }
            next = best;
            ends.push(end_of);
        }
        (*next.first()?)?;
        let mut start = 0;
        ends.iter()
            .rev()
            .map(|end_of| {
                let end = *end_of.get(start)?;
                name.get(std::mem::replace(&mut start, end)..end)
            })
            .collect()
    }
}

impl Piece {
    fn parse(part: &str) -> Result<Self, String> {
        if part == "*" {
            return Ok(Self::Any);
        }
        if let Some(name) = part.strip_prefix(GIVEN) {
            return Ok(Self::Given(name.into()));
        }
        let (id, format) = part.split_once(':').map_or((part, None), |(id, format)| (id, Some(format)));
        let Some(field) = Field::by_id(id) else {
            let near = Field::nearest(id).map_or(String::new(), |field| format!(", did you mean `{field}`?"));
            return Err(format!("there is no field `{id}`{near}"));
        };
        let format = format.map(DateFormat::parse).transpose()?;
        Ok(Self::Field(field, format))
    }

    /// What messages call it.
    fn name(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Field(field, _) => field.id().to_owned(),
            Self::Given(name) => format!("{GIVEN}{name}"),
            Self::Any => "*".into(),
        }
    }

    /// What represents it in a name, if that is known.
    fn value(&self, values: &dyn Values) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Field(field, None) => values.field(*field).map(|value| clean(&value)),
            Self::Field(field, Some(format)) => {
                let moment = Moment::canonical(values.field(*field)?.as_bytes(), ends(*field))?;
                let mut text = Vec::new();
                format.write(&moment, &mut text);
                Some(clean(&String::from_utf8_lossy(&text)))
            }
            Self::Given(name) => values.given(name).map(|value| clean(&value)),
            Self::Any => None,
        }
        .filter(|value| !value.is_empty())
    }

    /// Whether a text may represents it.
    fn takes(&self, part: &str) -> bool {
        match self {
            Self::Text(text) => part == &**text,
            Self::Field(_, Some(format)) => {
                format.read(part.as_bytes()).is_some_and(|moment| moment.date().is_some())
            }
            Self::Field(..) | Self::Given(_) => !part.is_empty(),
            Self::Any => true,
        }
    }
}

/// What a name says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NameValues {
    pub(crate) fields: Vec<(Field, String)>,
    pub(crate) given: Vec<(Box<str>, String)>,
}

impl Values for NameValues {
    fn field(&self, _field: Field) -> Option<String> {
        None
    }

    fn given(&self, _name: &str) -> Option<String> {
        None
    }
}

/// A header as it was read.
impl Values for Entity {
    fn field(&self, field: Field) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    fn given(&self, name: &str) -> Option<String> {
        self.extras.get(&*format!("{GIVEN}{name}")).map(|value| value.first().to_owned())
    }
}

/// Whether a field is about the end of something, so that a month represents its last day.
fn ends(field: Field) -> bool {
    field.id().ends_with("-end")
}

/// A value as it may be in a name: what is no letter, digit or one of `-_.+` becomes `_`.
fn clean(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    value.trim().chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

impl FileNames {
    /// The fields of the header that a name reports.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.read.iter().flat_map(Pattern::fields).filter(|field| field.group() == Group::Header)
    }

    /// The names of what the user gives.
    pub(crate) fn givens(&self) -> impl Iterator<Item = &str> {
        self.read.iter().flat_map(Pattern::givens)
    }

    /// The name of the file that is written, if the layout has one, or a diagnostic that says why
    /// there is none.
    pub(crate) fn build(&self, values: &dyn Values) -> (Option<String>, Vec<Diagnostic>) {
        match self.write.as_ref().map(|pattern| pattern.build(values)) {
            None => (None, Vec::new()),
            Some(Ok(name)) => (Some(name), Vec::new()),
            Some(Err(missing)) => {
                let message = format!("nothing supplies `{missing}`, which the file name needs");
                (None, vec![Diagnostic::new(&NO_NAME, Location::default(), message)])
            }
        }
    }

    /// What a name says of fields of the header and of texts that are given; the path before the
    /// name does not matter.
    pub(crate) fn values_of(&self, path: &str) -> NameValues {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let mut values = NameValues::default();
        let nothing = NameValues::default();
        let known = self.read.iter().filter(|_| name.len() <= LONGEST);
        let Some((pattern, parts)) =
            known.into_iter().find_map(|pattern| Some((pattern, self.parts(pattern, name, &nothing)?)))
        else {
            return values;
        };
        for (piece, part) in pattern.pieces.iter().zip(parts) {
            match piece {
                Piece::Field(field, format) if field.group() == Group::Header => {
                    let date = |format: &DateFormat| format.date(part.as_bytes(), ends(*field));
                    let text = format.as_ref().map_or_else(|| Some(part.to_owned()), date);
                    values.fields.extend(text.map(|text| (*field, text)));
                }
                Piece::Given(name) => values.given.push((name.clone(), part.to_owned())),
                _ => {}
            }
        }
        values
    }

    /// Compares a name with the content: the first pattern that it follows counts.
    pub(crate) fn check(&self, name: &str, values: &dyn Values, diagnostics: &mut Vec<Diagnostic>) {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        if self.read.is_empty() || name.len() > LONGEST {
            return;
        }
        let Some((pattern, parts)) =
            self.read.iter().find_map(|pattern| Some((pattern, self.parts(pattern, name, values)?)))
        else {
            let expected = self.write.as_ref().and_then(|pattern| pattern.build(values).ok());
            let expected = expected.map_or(String::new(), |expected| format!(", expected `{expected}`"));
            let message = format!("the layout does not call files `{name}`{expected}");
            diagnostics.push(Diagnostic::new(&STRANGE_NAME, Location::default(), message));
            return;
        };
        for (piece, found) in pattern.pieces.iter().zip(parts) {
            if matches!(piece, Piece::Text(_)) {
                continue;
            }
            let Some(expected) = piece.value(values).filter(|expected| expected != found) else { continue };
            let mut location = Location::default();
            if let Piece::Field(field, _) = piece {
                location.field = Some(*field);
            }
            let message =
                format!("the name says `{found}` for `{}`, and the content `{expected}`", piece.name());
            diagnostics.push(Diagnostic::new(&OTHER_NAME, location, message));
        }
    }

    /// The parts of a name; where the extension of a compression takes the place of the file's own,
    /// the name may lack that.
    fn parts<'a>(&self, pattern: &Pattern, name: &'a str, values: &dyn Values) -> Option<Vec<&'a str>> {
        pattern.parts(name, values).or_else(|| {
            let mut bare = pattern.clone();
            let last = bare.pieces.last_mut().filter(|_| self.replaces)?;
            let Piece::Text(text) = last else { return None };
            *text = text.rsplit_once('.')?.0.into();
            bare.parts(name, values)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct TestValues;

    impl Values for TestValues {
        fn field(&self, field: Field) -> Option<String> {
            match field {
                Field::PERIOD_START => Some("2026-10-01".into()),
                Field::TERRITORY => Some("JP".into()),
                Field::SERVICE => Some("../North wind/Ü".into()),
                _ => None,
            }
        }

        fn given(&self, name: &str) -> Option<String> {
            (name == "vendor").then(|| "8042".to_owned())
        }
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn names(read: &[&str]) -> FileNames {
        let read: Vec<Pattern> = read.iter().map(|text| pattern(text)).collect();
        let write = read.first().filter(|pattern| pattern.is_definite()).cloned();
        FileNames { write, read, replaces: true }
    }

    fn check(read: &[&str], name: &str) -> Vec<String> {
        let mut diagnostics = Vec::new();
        names(read).check(name, &TestValues, &mut diagnostics);
        diagnostics
            .iter()
            .map(|diagnostic| format!("{} {}", diagnostic.code.id, diagnostic.message))
            .collect()
    }

    #[test]
    fn names_are_put_together() {
        for (text, name) in [
            ("S1_{text.vendor}_{header.period-start:%m%y}_{context.territory}.txt", "S1_8042_1026_JP.txt"),
            ("{header.period-start:%d.%b %Y}.txt", "01.Oct_2026.txt"),
            ("{context.service}.txt", ".._North_wind_Ü.txt"),
            ("plain", "plain"),
        ] {
            assert_eq!(pattern(text).build(&TestValues), Ok(name.to_owned()));
        }
        assert_eq!(pattern("{text.licence}.txt").build(&TestValues), Err("text.licence".into()));
        assert_eq!(pattern("a{header.period-end}").build(&TestValues), Err("header.period-end".into()));
        assert_eq!(pattern("..").build(&TestValues), Err("a name of a file".into()));
    }

    #[test]
    fn impossible_patterns_are_refused() {
        for (text, part) in [
            ("", "empty"),
            ("a/{*}", "folders"),
            ("{", "without `}`"),
            ("}", "without `{`"),
            ("{header.period-strat}", "did you mean `header.period-start`?"),
            ("{header.period-start:%Q}", "%Q"),
        ] {
            let message = Pattern::parse(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn names_are_compared_with_the_content() {
        let all =
            ["{text.vendor}{header.period-start:%Y%m}.txt", "S1_{*}_{header.period-start:%m%y}_{*}.txt"];
        for name in [
            "8042202610.txt",
            "S1_8042_1026_JP.txt",
            "S1__1026_a_b.txt",
            "8042202610.txt.gz",
            "8042202610.gz",
        ] {
            assert_eq!(check(&all, name), [""; 0], "{name}");
        }
        let other = "SHT0711 the name says `1126` for `header.period-start`, and the content `1026`";
        assert_eq!(check(&all, "S1_1_1126_US.txt"), [other]);
        assert_eq!(
            check(&all, "123202610.txt"),
            ["SHT0711 the name says `123` for `text.vendor`, and the content `8042`"]
        );
        let strange = "SHT0712 the layout does not call files `report.csv`, expected `8042202610.txt`";
        assert_eq!(check(&all, "report.csv"), [strange]);
        assert_eq!(check(&[], "report.csv"), [""; 0]);
    }

    #[test]
    fn names_tell_what_nothing_else_does() {
        let values =
            names(&["{text.licence}{header.period-start:%Y%m}.txt"]).values_of("in/J123456789202610.txt.gz");
        assert_eq!(values.fields, [(Field::PERIOD_START, "2026-10-01".to_owned())]);
        assert_eq!(values.given, [("licence".into(), "J123456789".to_owned())]);
        let end = names(&["a{header.period-end:%b%y}_{context.territory}"]).values_of("aFeb28_JP");
        assert_eq!(end.fields, [(Field::PERIOD_END, "2028-02-29".to_owned())]);
        assert_eq!(names(&["{header.period-start:%Y%m}.txt"]).values_of("202613.txt"), NameValues::default());
    }

    #[test]
    fn long_names_take_no_time() {
        let pattern = ["{*}a"; 20].concat();
        assert_eq!(check(&[&format!("{pattern}b")], &"a".repeat(LONGEST)).len(), 1);
    }
}
