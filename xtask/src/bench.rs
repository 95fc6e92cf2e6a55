//! `cargo xtask bench`: the main job against the engines that people would use instead, in one run on one machine.
//!
//! Everything is run as a whole process by `bench/measure.py`, alternately, and medians are compared. The groups that each engine
//! found are digested by `oracle/groups.py` and must agree, or there is no table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Chore, Outcome, files};

/// Measure the main job against DuckDB and Polars and write docs/performance.md.
#[derive(clap::Parser)]
#[command(name = "bench")]
pub(crate) struct Bench {
    /// Rows of the generated report.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Alternating rounds; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// One country instead of sixty.
    #[arg(long)]
    narrow: bool,
    /// Set up a Python environment with DuckDB and Polars first.
    #[arg(long)]
    peers: bool,
    /// Print the table without writing it.
    #[arg(long)]
    dry_run: bool,
    /// Only count the lines of a file: the yardstick, run as a process of its own.
    #[arg(long, hide = true)]
    count_lines: Option<PathBuf>,
}

/// One thing that is measured.
struct Contender {
    name: String,
    command: Vec<String>,
    costs: Vec<Cost>,
}

#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    peak_mib: f64,
}

impl Chore for Bench {
    fn run(self) -> Outcome {
        if let Some(path) = &self.count_lines {
            return count_lines(path);
        }
        let folder = files::root().join("target/bench");
        fs::create_dir_all(&folder)?;
        let python = folder.join("peers/bin/python");
        if self.peers {
            run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("peers")))?;
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "duckdb", "polars"]))?;
        }
        run(Command::new(env!("CARGO")).args([
            "build",
            "--release",
            "--quiet",
            "-p",
            "transpose-cli",
            "-p",
            "xtask",
        ]))?;
        let data = self.data(&folder)?;
        let mut contenders = contenders(&folder, &python, &data);
        for round in 0..self.rounds.max(1) {
            for contender in &mut contenders {
                println!("round {}: {}", round + 1, contender.name);
                let _ = fs::remove_dir_all(folder.join("transpose"));
                contender.costs.push(measure(&contender.command)?);
                if round == 0 {
                    digest(&folder, contender)?;
                }
            }
        }
        let table = self.table(&data, &contenders)?;
        println!("{table}");
        if !self.dry_run {
            self.write(&table)?;
        }
        Ok(())
    }
}

impl Bench {
    fn shape(&self) -> &'static str {
        if self.narrow { "narrow" } else { "wide" }
    }

    /// The generated report with an agreement and figures that work on it.
    fn data(&self, folder: &Path) -> Outcome<PathBuf> {
        let data = folder.join(format!("{}-{}.csv", self.shape(), self.rows));
        if !data.exists() {
            let mut make = Command::new(program("xtask"));
            make.args(["sample", "--rows", &self.rows.to_string(), "--out"]).arg(&data);
            if self.narrow {
                make.arg("--narrow");
            }
            run(&mut make)?;
        }
        for what in ["agreement", "figures"] {
            let file = folder.join(side_file(what));
            run(Command::new(program("transpose"))
                .args(["init", what])
                .arg(&data)
                .args(["--overwrite", "-o"])
                .arg(file))?;
        }
        Ok(data)
    }

    fn table(&self, data: &Path, contenders: &[Contender]) -> Outcome<String> {
        let bytes = fs::metadata(data)?.len();
        let yardstick = contenders.first().map_or(1.0, |contender| median(contender, |cost| cost.wall));
        let ours = contenders.get(1).map_or(1.0, |contender| median(contender, |cost| cost.wall));
        let mut table = format!(
            "{} rows, {}, {} MB; {} rounds, medians; {}.\n\n| | wall / line count | wall / transpose | wall s | CPU s | peak MiB |\n|---|---|---|---|---|---|\n",
            self.rows,
            self.shape(),
            bytes / 1_000_000,
            self.rounds,
            machine()
        );
        for contender in contenders {
            let wall = median(contender, |cost| cost.wall);
            let _ = writeln!(
                table,
                "| {} | {:.1} | {:.2} | {:.3} | {:.3} | {:.0} |",
                contender.name,
                wall / yardstick,
                wall / ours,
                wall,
                median(contender, |cost| cost.cpu),
                median(contender, |cost| cost.peak_mib)
            );
        }
        Ok(table)
    }

    /// Replaces the block of this shape and size in docs/performance.md, or adds it.
    fn write(&self, table: &str) -> Outcome {
        let path = files::root().join("docs/performance.md");
        let page = fs::read_to_string(&path)?;
        let key = format!("{}-{}", self.shape(), self.rows);
        let (begin, end) = (format!("<!-- bench {key} -->\n"), format!("<!-- end {key} -->\n"));
        let block = format!("{begin}{table}{end}");
        let page = match (page.find(&begin), page.find(&end)) {
            (Some(from), Some(to)) if from < to => {
                let (head, tail) = (page.get(..from).unwrap_or(""), page.get(to + end.len()..).unwrap_or(""));
                format!("{head}{block}{tail}")
            }
            _ => format!("{}\n\n{block}", page.trim_end()),
        };
        files::replace(&path, page.as_bytes())
    }
}

fn contenders(folder: &Path, python: &Path, data: &Path) -> Vec<Contender> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let contender =
        |name: &str, command: Vec<String>| Contender { name: name.into(), command, costs: Vec::new() };
    let mut contenders = vec![contender(
        "line count, 1 thread",
        vec![text(&program("xtask")), "bench".into(), "--count-lines".into(), text(data)],
    )];
    let mut command = vec![text(&program("transpose")), "convert".into(), text(data)];
    for what in ["agreement", "figures"] {
        command.extend([format!("--{what}"), text(&folder.join(side_file(what)))]);
    }
    command.extend(["--to", "ddex.dsr.basic-audio", "--quiet", "-o"].map(String::from));
    command.push(format!("{}/", text(&folder.join("transpose"))));
    contenders.push(contender("transpose", command));
    for peer in ["duckdb", "polars"] {
        let installed = Command::new(python).args(["-c", &format!("import {peer}")]).output();
        if !installed.is_ok_and(|output| output.status.success()) {
            println!("{peer} is not installed and not measured; `cargo xtask bench --peers` sets it up");
            continue;
        }
        for variant in ["all", "keys"] {
            let script = files::root().join(format!("xtask/bench/{peer}_job1.py"));
            let output = folder.join(format!("{peer}.csv"));
            let command = vec![text(python), text(&script), text(data), text(&output), variant.into()];
            contenders.push(contender(&format!("{peer}, group by {variant}"), command));
        }
    }
    contenders
}

fn side_file(what: &str) -> &'static str {
    if what == "agreement" { "agreement.toml" } else { "figures.csv" }
}

fn program(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| files::root().join("target"), PathBuf::from);
    target.join("release").join(name)
}

fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed with {status}").into()) }
}

fn measure(command: &[String]) -> Outcome<Cost> {
    let script = files::root().join("xtask/bench/measure.py");
    let output = Command::new("python3").arg(script).args(command).output()?;
    let last = String::from_utf8_lossy(&output.stderr);
    let cost: serde_json::Value = serde_json::from_str(last.lines().last().unwrap_or_default())?;
    let number = |key: &str| cost.get(key).and_then(serde_json::Value::as_f64).unwrap_or_default();
    if number("code") > 0.0 || !output.status.success() {
        return Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(Cost {
        wall: number("wall"),
        cpu: number("user") + number("system"),
        peak_mib: number("peak") / 1024.0,
    })
}

/// Compares what a contender found with what the others found.
fn digest(folder: &Path, contender: &Contender) -> Outcome {
    let output = match contender.name.split(',').next() {
        Some("transpose") => fs::read_dir(folder.join("transpose"))?.next().ok_or("no output")??.path(),
        Some("duckdb") => folder.join("duckdb.csv"),
        Some("polars") => folder.join("polars.csv"),
        _ => return Ok(()),
    };
    let mut command = Command::new("python3");
    command.arg(files::root().join("xtask/oracle/groups.py")).arg(output).args(plans(folder)?);
    let digest = command.output()?;
    if !digest.status.success() {
        return Err(String::from_utf8_lossy(&digest.stderr).into());
    }
    let found = String::from_utf8(digest.stdout)?;
    let agreed = folder.join("agreed");
    println!("{}: {}", contender.name, found.trim());
    if contender.name == "transpose" {
        files::replace(&agreed, found.as_bytes())?;
    } else if fs::read_to_string(agreed)? != found {
        return Err(format!("{} finds other groups than transpose", contender.name).into());
    }
    Ok(())
}

/// `service=plan` for every rule of the generated agreement, which has one rule for each plan.
fn plans(folder: &Path) -> Outcome<Vec<String>> {
    let text = fs::read_to_string(folder.join("agreement.toml"))?;
    let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let (mut pairs, mut plan) = (Vec::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some(at) = line.find("plan = ") {
            plan = value(line.get(at..).unwrap_or_default());
        } else if line.starts_with("service = ")
            && let (Some(plan), Some(service)) = (plan.take(), value(line))
        {
            pairs.push(format!("{service}={plan}"));
        }
    }
    Ok(pairs)
}

fn median(contender: &Contender, of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = contender.costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    format!("{cores} cores, {}", model.unwrap_or(std::env::consts::ARCH))
}

/// Counts line ends with one thread, as fast as memory allows.
fn count_lines(path: &Path) -> Outcome {
    use std::io::Read;
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut lines = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', buffer.get(..read).unwrap_or(&[])).count();
    }
    println!("{lines}");
    Ok(())
}
