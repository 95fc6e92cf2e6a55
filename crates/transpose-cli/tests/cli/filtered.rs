//! Runs that leave out all or nearly all of what they read, and contexts that no row shows.

use crate::support::{CommandRun, DSR, Sandbox, conversion, example, root, sound};
use std::fs;

/// The rows of the example that are read for another month: none of its plays is in September.
const SEPTEMBER: &str = "2026-09";

/// Figures of September, those of the example with another month.
fn figures(sandbox: &Sandbox) {
    let text = fs::read_to_string(example("figures.csv")).unwrap();
    sandbox.put("figures.csv", text.replace("2026-10", SEPTEMBER));
}

fn september(sandbox: &Sandbox, input: &str, more: &[&str]) -> CommandRun {
    figures(sandbox);
    let agreement = example("agreement.toml");
    let arguments = ["convert", input, "--to", DSR, "--agreement", &agreement, "--figures", "figures.csv"];
    let period = ["--period", SEPTEMBER, "-o", "out/"];
    sandbox.run(&[&arguments[..], &period, more].concat())
}

#[test]
fn another_month_is_no_report() {
    let sandbox = Sandbox::new();
    let ran = september(&sandbox, &sound(), &[]).ends(3);
    assert!(
        ran.err.contains("error[ENG0707]: all 5000 rows are filtered, as `outside-period`"),
        "{}",
        ran.err
    );
    assert!(sandbox.names("out").is_empty());
    september(&sandbox, &sound(), &["--max-filtered", "100"]).ends(0);
    assert_eq!(sandbox.names("out").len(), 1);
}

#[test]
fn a_job_of_another_month_makes_no_report() {
    let sandbox = Sandbox::new();
    figures(&sandbox);
    let agreement = example("agreement.toml");
    let output = |name: &str, territory: &str| {
        format!(
            "[[output]]\nname = \"{name}\"\nset = \"s\"\nformat = \"{DSR}\"\nagreement = {agreement:?}\n\
             when = {{ territory = {territory} }}\nfile = \"out/{name}.tsv\"\n"
        )
    };
    let outputs =
        output("gb", "\"GB\"") + &output("others", "[\"DE\", \"FR\", \"US\", \"JP\", \"SE\", \"NL\"]");
    let head = format!("inputs = [{:?}]\nfigures = \"figures.csv\"\nperiod = \"{SEPTEMBER}\"\n", sound());
    sandbox.put("job.toml", head + &outputs);
    sandbox.run(&["run", "job.toml"]).ends(3).says("error[ENG0707] output `gb`: all 967 rows are filtered");
    assert!(sandbox.names("out").is_empty());
}

/// The share is exact: a day of a month passes, one play of hundreds does not.
#[test]
fn a_few_rows_are_no_report_either() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(sound()).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    let (inside, outside): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.contains(",2026-10-05T"));
    let input = |name: &str, inside: &[&str], outside: &[&str]| {
        let rows: Vec<&str> = [head].into_iter().chain(inside.iter().chain(outside).copied()).collect();
        sandbox.put(name, rows.join("\r\n") + "\r\n");
    };
    input("two.csv", &inside[..2], &outside[..98]);
    input("one.csv", &inside[..1], &outside[..99]);
    let day = ["--to", DSR, "--period", "2026-10-05", "-o", "-", "--overwrite"];
    sandbox.run(&conversion("two.csv", &day)).ends(2).says("DEA0304");
    let log = |input: &str, more: &[&str]| {
        let day = ["convert", input, "--to", "canonical.events", "--period", "2026-10-05", "-o", "-"];
        sandbox.run(&[&day[..], more].concat())
    };
    log("two.csv", &[]).ends(0);
    log("one.csv", &[]).ends(3).says("error[ENG0707]: 99 of 100 rows are filtered, as `outside-period`");
    log("one.csv", &["--max-filtered", "99"]).ends(0);
    log("two.csv", &["--max-filtered", "97"]).ends(3);
    log("two.csv", &["--max-filtered", "101"]).ends(2);
}

/// A context of 1234.56 and 17 subscribers of which nothing was played.
#[test]
fn contexts_without_a_usage_are_lost_in_a_table() {
    let sandbox = Sandbox::new();
    let input = root().join("snapshots/cases/ddex.dsr.basic-audio/context-without-usage/input.tsv");
    let convert = ["convert", input.to_str().unwrap(), "-o", "-", "--to"];
    let flat = [&convert[..], &["canonical.csv"]].concat();
    sandbox.run(&flat).ends(0).says("warning[ENG0709]");
    sandbox
        .run(&[&flat[..], &["--deny", "loss"]].concat())
        .ends(1)
        .says("`context.net-revenue` is lost 1 time");
    let message = sandbox.run(&[&convert[..], &[DSR, "--deny", "loss"]].concat()).ends(0);
    assert!(message.text().contains("\t17\tEUR\t1234.56\t"));
}
