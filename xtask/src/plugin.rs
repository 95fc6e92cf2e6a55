//! `cargo xtask new-plugin` and `cargo xtask remove-plugin`: a format comes and goes in one step.
//!
//! A new format is complete: it compiles, is registered, has a case and passes the shared checks.
//! It is the place to begin, not a sketch. What one command writes the other takes away, so that a
//! format that was added and removed leaves the tree as it was.

use crate::{Chore, Outcome, derived, files};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Begin a format: source, registration and a first case
#[derive(clap::Parser, Debug)]
#[command(name = "new-plugin")]
#[command(group = clap::ArgGroup::new("kind").required(true).args(["layout", "records", "code"]))]
pub(crate) struct NewPlugin {
    /// The family, a folder under `plugins/`; made if there is none.
    #[arg(value_parser = word)]
    family: String,

    /// The name of the format, the last part of its id.
    #[arg(value_parser = word)]
    name: String,

    /// A column table, described as data.
    #[arg(long)]
    layout: bool,

    /// Records of cells, by the rules of `transpose-records`.
    #[arg(long)]
    records: bool,

    /// Code of its own.
    #[arg(long)]
    code: bool,
}

/// Take a format away, with its cases and its place in every list
#[derive(clap::Parser, Debug)]
#[command(name = "remove-plugin")]
pub(crate) struct RemovePlugin {
    /// The family, a folder under `plugins/`.
    #[arg(value_parser = word)]
    family: String,

    /// The name of the format, the last part of its id.
    #[arg(value_parser = word)]
    name: String,
}

/// A lower-case word with hyphens, as ids and folders have them.
fn word(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if plain && text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') {
        return Ok(text.to_owned());
    }
    Err("expected lower-case words with hyphens, such as `acme-radio`".to_owned())
}

/// What a kind of format is made of.
struct Kind {
    template: &'static str,
    input: &'static str,
    extension: &'static str,
    dependencies: &'static [&'static str],
}

const LAYOUT: Kind = Kind {
    template: include_str!("../templates/layout.toml"),
    input: "{{TITLE}} Play,Played At,Country,ISRC,Artist,Title,Seconds\r\n\
            1,2026-10-01T08:00:00Z,FR,GBAAA2600001,Mirela Vantorp,\"Salt, Rope and Rain\",214\r\n\
            2,2026-10-02T09:30:00Z,DE,,The Ninth Ferryman,Open Notebook,0\r\n",
    extension: "csv",
    dependencies: &["transpose-sheet"],
};

const CODE: Kind = Kind {
    template: include_str!("../templates/code.rs"),
    input: "#{{ID}} 1\n\
            2026-10-01T08:00:00Z|FR|GBAAA2600001|Mirela Vantorp|Salt, Rope and Rain|214\n\
            2026-10-02T09:30:00Z|DE||The Ninth Ferryman|Open Notebook|0\n",
    extension: "txt",
    dependencies: &["transpose-codes", "transpose-core", "transpose-records"],
};

const RECORDS: Kind = Kind {
    template: include_str!("../templates/records.rs"),
    input: "HD01\t{{ID}}\n\
            PL01\t2026-10-01T08:00:00Z\tFR\tGBAAA2600001\tMirela Vantorp\tLeft\\\\|Right\tPT3M34S\n\
            PL01\t2026-10-02T09:30:00Z\tDE\t\tThe Ninth Ferryman\tOpen Notebook\tPT0S\n",
    extension: "tsv",
    dependencies: &["transpose-core", "transpose-records"],
};

/// A format and the files that are its own.
struct NewFormat {
    root: PathBuf,
    family: String,
    name: String,
    id: String,
}

impl NewFormat {
    fn new(family: &str, name: &str) -> Outcome<Self> {
        if family == "all" {
            return Err("`plugins/all` links the families and is none itself; choose another name".into());
        }
        // The folder of a family is named as its package; ids have the form that is in use outside.
        let prefix = match family {
            "ddex-dsr" => "ddex.dsr",
            "interchange" => "canonical",
            "labels" => "label",
            other => other,
        };
        Ok(Self {
            root: files::root(),
            family: family.into(),
            name: name.into(),
            id: format!("{prefix}.{name}"),
        })
    }

    fn folder(&self) -> PathBuf {
        self.root.join("plugins").join(&self.family)
    }

    fn file(&self) -> String {
        self.name.replace('-', "_")
    }

    fn library(&self) -> PathBuf {
        self.folder().join("src/lib.rs")
    }

    fn layout(&self) -> PathBuf {
        self.folder().join("layouts").join(format!("{}.toml", self.file()))
    }

    fn module(&self) -> PathBuf {
        self.folder().join("src").join(format!("{}.rs", self.file()))
    }

    fn cases(&self) -> PathBuf {
        self.root.join("snapshots/cases").join(&self.id)
    }

    /// The line of the family's library that brings the format in.
    fn registration(&self, layout: bool) -> String {
        if layout {
            format!("transpose_sheet::register_layout!(\"layouts/{}.toml\");", self.file())
        } else {
            format!("mod {};", self.file())
        }
    }

    /// A template with its blanks filled.
    fn fill(&self, template: &str, codes: &str) -> String {
        let title: Vec<String> = self.name.split('-').map(capital).collect();
        [
            ("{{ID}}", self.id.as_str()),
            ("{{NAME}}", &self.name),
            ("{{FILE}}", &self.file()),
            ("{{FAMILY}}", &self.family),
            ("{{TITLE}}", &title.join(" ")),
            ("{{CODES}}", codes),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (blank, filling)| text.replace(blank, filling))
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or(String::new(), |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}

impl Chore for NewPlugin {
    fn run(self) -> Outcome {
        let place = NewFormat::new(&self.family, &self.name)?;
        let kind = if self.layout {
            LAYOUT
        } else if self.records {
            RECORDS
        } else {
            CODE
        };
        for taken in [place.layout(), place.module(), place.cases()] {
            if taken.exists() {
                return Err(format!(
                    "{} exists; choose another name, or `cargo xtask remove-plugin` first",
                    taken.display()
                )
                .into());
            }
        }
        let codes = if self.layout { String::new() } else { free_letters(&place.root, &self.name)? };
        if !place.folder().exists() {
            files::create(
                &place.folder().join("Cargo.toml"),
                &place.fill(include_str!("../templates/family.toml"), ""),
            )?;
            files::create(&place.library(), &place.fill(include_str!("../templates/family.rs"), ""))?;
            edit(&place.root.join("Cargo.toml"), |text| with_member(text, &place.family))?;
        }
        let source = if self.layout { place.layout() } else { place.module() };
        files::create(&source, &place.fill(kind.template, &codes))?;
        if !self.layout {
            format_source(&source)?;
        }
        edit(&place.library(), |text| with_registration(text, &place.registration(self.layout)))?;
        edit(&place.folder().join("Cargo.toml"), |text| Ok(with_dependencies(text, kind.dependencies)))?;
        let case = place.cases().join("minimal");
        files::create(&case.join(format!("input.{}", kind.extension)), &place.fill(kind.input, ""))?;
        files::create(&case.join("case.toml"), include_str!("../templates/case.toml"))?;
        refresh(&place.root)?;
        println!("{} is in {}", place.id, relative(&place.root, &source));
        println!("its first case is in {}", relative(&place.root, &case));
        println!(
            "next: change both to what the partner says, then `INSTA_UPDATE=always cargo test -p snapshots` and read what it wrote"
        );
        println!("then: `cargo xtask codegen`, which puts the format into the table of README.md");
        Ok(())
    }
}

impl Chore for RemovePlugin {
    fn run(self) -> Outcome {
        let place = NewFormat::new(&self.family, &self.name)?;
        let layout = place.layout().exists();
        let source = if layout { place.layout() } else { place.module() };
        if !source.exists() {
            return Err(format!(
                "{} does not exist; there is no format `{}` to remove",
                source.display(),
                place.id
            )
            .into());
        }
        files::remove(&source)?;
        let registration = place.registration(layout);
        let mut last = false;
        edit(&place.library(), |text| {
            let text = without_line(text, &registration);
            last = !text.lines().any(|line| {
                line.ends_with(';')
                    && (line.starts_with("mod ") && !is_tests(line) || line.contains("register_layout!"))
            });
            Ok(text)
        })?;
        if last {
            files::remove_folder(&place.folder())?;
            edit(&place.root.join("Cargo.toml"), |text| Ok(without_line(text, &member(&place.family))))?;
        } else {
            let used = sources(&place.folder())?;
            edit(&place.folder().join("Cargo.toml"), |text| Ok(without_unused(text, &used)))?;
            files::remove_if_empty(&place.folder().join("layouts"))?;
        }
        if place.cases().exists() {
            files::remove_folder(&place.cases())?;
        }
        edit(&place.root.join("snapshots/formats.snap"), |text| {
            let row = format!("| `{}` |", place.id);
            Ok(text.split_inclusive('\n').filter(|line| !line.starts_with(&row)).collect())
        })?;
        refresh(&place.root)?;
        println!("{} is gone", place.id);
        Ok(())
    }
}

/// Brings everything up to date that follows from which formats there are, Cargo.lock included.
fn refresh(root: &Path) -> Outcome {
    derived::bring(root, false)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["update", "--workspace", "--offline", "--quiet"]).current_dir(root);
    files::succeed(&mut command, "bring Cargo.lock up to date")
}

fn format_source(path: &Path) -> Outcome {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024"]).arg(path);
    files::succeed(&mut command, "format the new file")
}

fn edit(path: &Path, change: impl FnOnce(&str) -> Outcome<String>) -> Outcome {
    let text = files::read(path)?;
    let changed = change(&text)?;
    if changed == text { Ok(()) } else { files::replace(path, changed.as_bytes()) }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn member(family: &str) -> String {
    format!("{family} = {{ path = \"plugins/{family}\" }}")
}

/// The root manifest with a family among its own crates, in the order of their names.
fn with_member(manifest: &str, family: &str) -> Outcome<String> {
    let is_family = |line: &str| line.contains("= { path = \"plugins/") && !line.contains("\"plugins/all\"");
    let new = member(family);
    let lines: Vec<&str> = manifest.split_inclusive('\n').collect();
    let first = lines
        .iter()
        .position(|line| is_family(line))
        .ok_or("Cargo.toml names no family under `[workspace.dependencies]`")?;
    let count = lines.iter().skip(first).take_while(|line| is_family(line)).count();
    let before = lines.iter().skip(first).take(count).take_while(|line| **line < new.as_str()).count();
    let (head, tail) = lines.split_at(first + before);
    Ok(format!("{}{new}\n{}", head.concat(), tail.concat()))
}

/// The library with one more registration: beside those of its kind, in order, or at the end of
/// what comes before the code.
fn with_registration(library: &str, registration: &str) -> Outcome<String> {
    let kind = registration.split_once([' ', '(']).map_or(registration, |(kind, _)| kind);
    let lines: Vec<&str> = library.split_inclusive('\n').collect();
    let is_registration =
        |line: &&str| line.starts_with(kind) && line.trim_end().ends_with(';') && !is_tests(line);
    let same: Vec<usize> =
        (0..lines.len()).filter(|line| lines.get(*line).is_some_and(is_registration)).collect();
    let after = same.iter().rev().find(|line| lines.get(**line).is_some_and(|line| *line < registration));
    let place = match (after, same.first()) {
        (Some(line), _) => line + 1,
        (None, Some(line)) => *line,
        (None, None) => {
            // Registrations of each kind are in a paragraph of their own, after the documentation.
            let documented =
                lines.iter().take_while(|line| line.starts_with("//!") || line.starts_with("#!")).count();
            if documented == 0 {
                return Err(
                    "the library of the family has no documentation at its top; write it first".into()
                );
            }
            let (head, tail) = lines.split_at(documented);
            return Ok(format!("{}\n{registration}\n{}", head.concat(), tail.concat()));
        }
    };
    let (head, tail) = lines.split_at(place);
    Ok(format!("{}{registration}\n{}", head.concat(), tail.concat()))
}

/// Whether a line names the module of a family's own tests, which is no format.
fn is_tests(line: &str) -> bool {
    line.trim_end() == "mod tests;"
}

/// The text without a line, and without the blank line before it when a paragraph goes with it.
fn without_line(text: &str, gone: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(place) = lines.iter().position(|line| line.trim_end() == gone) else { return text.to_owned() };
    let blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
    let alone = place > 0 && blank(lines.get(place - 1)) && blank(lines.get(place + 1));
    let (head, tail) = lines.split_at(place);
    let (_, tail) = tail.split_at(1);
    let head = if alone { head.split_last().map_or(head, |(_, head)| head) } else { head };
    format!("{}{}", head.concat(), tail.concat())
}

/// The manifest with dependencies added to `[dependencies]`, in the order of their names.
fn with_dependencies(manifest: &str, names: &[&str]) -> String {
    let (head, body, tail) = dependencies(manifest);
    let mut lines: Vec<&str> = body.lines().collect();
    let new: Vec<String> = names.iter().map(|name| format!("{name}.workspace = true")).collect();
    for line in &new {
        if !lines.contains(&line.as_str()) {
            let place = lines.iter().position(|known| *known > line.as_str()).unwrap_or(lines.len());
            lines.insert(place, line);
        }
    }
    let body: Vec<&str> = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    format!("{head}{}{tail}", body.concat())
}

/// The manifest without those of our own crates that the sources do not name.
fn without_unused(manifest: &str, sources: &str) -> String {
    let (head, body, tail) = dependencies(manifest);
    let used = |line: &&str| {
        let name = line.split('.').next().unwrap_or_default();
        !name.starts_with("transpose-") || sources.contains(&name.replace('-', "_"))
    };
    let body: String = body.split_inclusive('\n').filter(used).collect();
    format!("{head}{body}{tail}")
}

/// A manifest cut before and after the lines of `[dependencies]`.
fn dependencies(manifest: &str) -> (&str, &str, &str) {
    const TITLE: &str = "[dependencies]\n";
    let start = manifest.find(TITLE).map_or(manifest.len(), |place| place + TITLE.len());
    let (head, rest) = manifest.split_at_checked(start).unwrap_or((manifest, ""));
    let end = rest.find("\n\n").map_or(rest.len(), |place| place + 1);
    let end = if rest.starts_with('\n') { 0 } else { end };
    let (body, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    (head, body, tail)
}

/// Everything that a crate's sources say, without their tests, which are at the end of each file or
/// in `tests.rs`.
fn sources(folder: &Path) -> Outcome<String> {
    let mut text = String::new();
    for path in files::walk(&folder.join("src"))?.iter().filter(|path| !path.ends_with("tests.rs")) {
        text.push_str(files::read(path)?.split("\n#[cfg(test)]").next().unwrap_or_default());
    }
    Ok(text)
}

/// Three letters for the codes of a new format that no other code begins with.
fn free_letters(root: &Path, name: &str) -> Outcome<String> {
    let mut taken = String::new();
    for folder in ["crates", "plugins", "xtask"] {
        for path in files::walk(&root.join(folder))?
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        {
            taken.push_str(&files::read(path)?);
        }
    }
    let letters: Vec<char> = name
        .chars()
        .filter(char::is_ascii_lowercase)
        .map(|c| c.to_ascii_uppercase())
        .chain("XXX".chars())
        .collect();
    let [first, second, third, ..] = letters[..] else { return Err("the name has too few letters".into()) };
    let wanted = std::iter::once(third).chain('A'..='Z').map(|last| format!("{first}{second}{last}"));
    let free = wanted.into_iter().find(|letters| !taken.contains(&format!("\"{letters}0")));
    free.ok_or_else(|| "every set of letters for codes is taken; choose another name".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_checked() {
        assert!(word("acme-radio").is_ok() && word("x2").is_ok());
        for bad in ["", "Acme", "acme_radio", "2x", "a-", "../x", "a b"] {
            assert!(word(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn member_is_added_in_order_and_taken_away() {
        let manifest = "[workspace.dependencies]\ntranspose-plugins = { path = \"plugins/all\" }\ntranspose-cli = { path = \"crates/transpose-cli\" }\nb = { path = \"plugins/b\" }\nd = { path = \"plugins/d\" }\n\n# Else.\n";
        for family in ["a", "c", "e"] {
            let added = with_member(manifest, family).unwrap();
            let families: Vec<&str> =
                added.lines().skip(3).map_while(|line| line.split_once(" =").map(|(name, _)| name)).collect();
            assert!(families.is_sorted() && families.len() == 3, "{added}");
            assert_eq!(without_line(&added, &member(family)), manifest);
        }
    }

    #[test]
    fn registration_is_added_in_order_and_taken_away() {
        for library in [
            "//! Family.\n",
            "//! Family.\n\nmod a;\nmod c;\n\nfn f() {}\n",
            "//! Family.\n\ntranspose_sheet::register_layout!(\"layouts/a.toml\");\n\n#[cfg(test)]\nmod tests {}\n",
            "//! Family.\n\ntranspose_sheet::register_layout!(\"layouts/a.toml\");\n\n#[cfg(test)]\nmod tests;\n",
        ] {
            for registration in ["mod b;", "transpose_sheet::register_layout!(\"layouts/b.toml\");"] {
                let added = with_registration(library, registration).unwrap();
                let alone = !library.contains(&registration[..4])
                    || library.contains("mod tests") && registration.starts_with("mod");
                assert_eq!(
                    added.lines().count() - library.lines().count(),
                    1 + usize::from(alone),
                    "{added}"
                );
                assert_eq!(without_line(&added, registration), library, "{registration}");
            }
        }
        assert!(with_registration("fn f() {}\n", "mod a;").is_err());
    }

    #[test]
    fn dependencies_are_added_in_order_and_taken_away_when_unused() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nserde.workspace = true\ntranspose-sheet.workspace = true\n\n[lints]\nworkspace = true\n";
        let added = with_dependencies(manifest, &["transpose-core", "transpose-sheet"]);
        assert!(added.contains("serde.workspace = true\ntranspose-core.workspace = true\ntranspose-sheet.workspace = true\n\n[lints]"), "{added}");
        assert_eq!(without_unused(&added, "transpose_sheet::register_layout!"), manifest);
        let empty = "[package]\n\n[dependencies]\n\n[lints]\nworkspace = true\n";
        let added = with_dependencies(empty, &["transpose-core"]);
        assert!(added.contains("[dependencies]\ntranspose-core.workspace = true\n\n[lints]"), "{added}");
        assert_eq!(without_unused(&added, ""), empty);
    }

    #[test]
    fn letters_of_codes_are_free() {
        let letters = free_letters(&files::root(), "dsr").unwrap();
        assert!(letters.starts_with("DS") && letters != "DSR", "{letters}");
    }
}
