//! The inputs, reports and messages: seeded, made once, and made again when the generator has
//! changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use super::setup::{BenchSetup, run, text};
use crate::{Outcome, files};

/// A generated report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    /// What it is called, beside its rows.
    pub(super) shape: &'static str,
    pub(super) rows: u64,
    /// More arguments of `cargo xtask sample`.
    pub(super) options: &'static [&'static str],
}

/// A report with side files that suit it.
pub(super) struct Input {
    pub(super) csv: PathBuf,
    agreement: PathBuf,
    figures: PathBuf,
    pub(super) rows: u64,
}

impl Report {
    pub(super) const fn wide(rows: u64) -> Self {
        Self { shape: "wide", rows, options: &[] }
    }

    pub(super) const fn narrow(rows: u64) -> Self {
        Self { shape: "narrow", rows, options: &["--narrow"] }
    }

    /// Few tracks, so that any number of rows has the same groups.
    pub(super) const fn few(rows: u64) -> Self {
        Self { shape: "few", rows, options: &["--narrow", "--tracks", "5000"] }
    }

    /// The report, with an agreement and figures that suit it.
    pub(super) fn make(&self, setup: &BenchSetup) -> Outcome<Input> {
        let folder = setup.folder.join("data");
        let name = format!("{}-{}", self.shape, self.rows);
        let few = self.command(setup, 2_000).args(["--out", "-"]).stderr(Stdio::inherit()).output()?;
        let fingerprint = format!("{} {:?} {}", self.rows, self.options, fingerprint(&few)?);
        let csv = kept(&folder, &format!("{name}.csv"), &fingerprint, |csv| {
            self.command(setup, self.rows).arg("--out").arg(csv).status()
        })?;
        let input = Input {
            csv,
            agreement: folder.join(format!("{name}-agreement.toml")),
            figures: folder.join(format!("{name}-figures.csv")),
            rows: self.rows,
        };
        for (what, path) in [("agreement", &input.agreement), ("figures", &input.figures)] {
            let csv = text(&input.csv);
            setup.convert(&["init", what, &csv, "--overwrite", "--quiet", "-o", &text(path)], &[0])?;
        }
        Ok(input)
    }

    /// The command that makes so many rows, but for `--out`.
    pub(super) fn command(&self, setup: &BenchSetup, rows: u64) -> Command {
        let mut command = Command::new(setup.program("xtask"));
        command.args(["sample", "--rows", &rows.to_string()]).args(self.options);
        command
    }

    /// Takes the report away again, where it is large and quickly made.
    pub(super) fn discard(&self, setup: &BenchSetup) {
        let name = format!("{}-{}", self.shape, self.rows);
        for end in [".csv", ".stamp", "-agreement.toml", "-figures.csv"] {
            let _ = fs::remove_file(setup.folder.join("data").join(format!("{name}{end}")));
        }
    }
}

/// A file of `folder` that `make` makes, unless it is there already and was made by the same
/// generator.
fn kept(
    folder: &Path,
    name: &str,
    fingerprint: &str,
    make: impl FnOnce(&Path) -> std::io::Result<ExitStatus>,
) -> Outcome<PathBuf> {
    let path = folder.join(name);
    let stamp = path.with_extension("stamp");
    if !path.exists() || fs::read_to_string(&stamp).ok().as_deref() != Some(fingerprint) {
        println!("making {name}");
        let _ = fs::remove_file(&stamp);
        let status = make(&path)?;
        if !status.success() {
            return Err(format!("{name} cannot be made: the command ended with {status}").into());
        }
        files::replace(&stamp, fingerprint.as_bytes())?;
    }
    Ok(path)
}

/// What reports data of today's generator from data of another: a digest of a little of it.
fn fingerprint(few: &Output) -> Outcome<String> {
    if !few.status.success() {
        return Err(format!("the generator ended with {}", few.status).into());
    }
    let mut hasher = DefaultHasher::new();
    few.stdout.hash(&mut hasher);
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// A generated DSR message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    /// The id of its format and the version.
    pub(super) format: &'static str,
    /// The least number of lines.
    pub(super) lines: u64,
    /// How the identifiers of usages run.
    pub(super) ids: &'static str,
}

impl Message {
    /// The message, kept for later runs.
    pub(super) fn make(&self, setup: &BenchSetup) -> Outcome<PathBuf> {
        let few = self.command(setup, 2_000, Path::new("-"))?.stderr(Stdio::inherit()).output()?;
        let name = format!("{}-{}-{}.tsv", self.format.replace('@', "-"), self.lines, self.ids);
        let mut command = self.command(setup, self.lines, Path::new(&name))?;
        command.current_dir(setup.folder.join("data"));
        kept(&setup.folder.join("data"), &name, &fingerprint(&few)?, |_| command.status())
    }

    /// Writes the message to a place from which it will be removed.
    pub(super) fn write(&self, setup: &BenchSetup, path: &Path) -> Outcome {
        println!("making {} of {} lines", self.format, self.lines);
        run(&mut self.command(setup, self.lines, path)?)
    }

    /// The command that makes a message of so many lines.
    fn command(&self, setup: &BenchSetup, lines: u64, path: &Path) -> Outcome<Command> {
        let mut command = Command::new(setup.generator()?);
        command.args([self.format, &lines.to_string(), "2026", "1", self.ids]).arg(path);
        Ok(command)
    }
}

impl Input {
    /// The arguments that convert the report into a DSR message.
    pub(super) fn to_dsr(&self, output: &str) -> Vec<String> {
        self.convert_from(&text(&self.csv), output)
    }

    /// The agreement and the figures that suit it.
    pub(super) fn side_files(&self) -> (&Path, &Path) {
        (&self.agreement, &self.figures)
    }

    /// The same for another source with the same countries and plans.
    pub(super) fn convert_from(&self, source: &str, output: &str) -> Vec<String> {
        let (agreement, figures) = (text(&self.agreement), text(&self.figures));
        let arguments = [
            "convert",
            source,
            "--allow-placeholders",
            "--agreement",
            &agreement,
            "--figures",
            &figures,
            "--to",
            "ddex.dsr.basic-audio",
            "--quiet",
            "-o",
            output,
        ];
        arguments.map(str::to_owned).to_vec()
    }

    /// `service=plan` for every rule of the generated agreement, which has one rule for each plan.
    pub(super) fn plans(&self) -> Outcome<Vec<String>> {
        Ok(plans(&files::read(&self.agreement)?))
    }

    /// "1000000 rows, 303 MB".
    pub(super) fn size(&self) -> Outcome<String> {
        Ok(format!("{} rows, {} MB", self.rows, fs::metadata(&self.csv)?.len() / 1_000_000))
    }
}

fn plans(agreement: &str) -> Vec<String> {
    let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let (mut pairs, mut plan) = (Vec::new(), None);
    for line in agreement.lines().map(str::trim) {
        if let Some(at) = line.find("plan = ") {
            plan = value(line.get(at..).unwrap_or_default());
        } else if line.starts_with("service = ")
            && let (Some(plan), Some(service)) = (plan.take(), value(line))
        {
            pairs.push(format!("{service}={plan}"));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_those_of_the_rules() {
        let agreement = "[message]\nservice = \"S\"\n[[context]]\nwhen = { plan = \"free\" }\nuse-type = \"x\"\nservice = \"Free\"\n";
        assert_eq!(plans(agreement), ["Free=free"]);
    }
}
