//! Inputs that were cut or made to do harm, and runs that get in each other's way.

use crate::support::Sandbox;
use std::fmt::Write as _;

/// A message of the example, and how many bytes there are before its footer.
fn message(sandbox: &Sandbox) -> String {
    let input = crate::support::sound();
    let (agreement, figures) =
        (crate::support::example("agreement.toml"), crate::support::example("figures.csv"));
    let made = ["convert", &input, "--agreement", &agreement, "--figures", &figures];
    let target = ["--to", "ddex.dsr.basic-audio", "-o", "whole.tsv", "--period", "2026-10"];
    sandbox.run(&[&made[..], &target[..]].concat());
    String::from_utf8(sandbox.read("whole.tsv")).unwrap()
}

#[test]
fn message_without_its_end_is_no_message() {
    let sandbox = Sandbox::new();
    let whole = message(&sandbox);
    let footer = whole.find("\nFOOT").unwrap() + 1;
    sandbox.put("cut.tsv", &whole[..footer]);
    let line = whole[..footer - 1].rfind('\n').unwrap() + 1;
    sandbox.put("lost.tsv", [&whole[..line], &whole[footer..]].concat());
    for (input, code) in [("cut.tsv", "DSR0251"), ("lost.tsv", "DSR0252")] {
        let arguments = ["convert", input, "--to", "canonical.csv", "-o", "out.csv"];
        let ran = sandbox.run(&arguments).ends(3);
        ran.says(code).says("error[ENG0119]").says("nothing was written");
        assert_eq!(sandbox.names(""), ["cut.tsv", "lost.tsv", "whole.tsv"]);
    }
    // What is there is converted on request, and the error stays.
    let arguments = ["convert", "cut.tsv", "--to", "canonical.csv", "-o", "out.csv"];
    sandbox.run(&[&arguments[..], &["--on-reject", "quarantine"]].concat()).ends(1).says("DSR0251");
    assert!(sandbox.names("").contains(&"out.csv".to_owned()));
}

#[test]
fn line_without_an_end_is_told() {
    let sandbox = Sandbox::new();
    let head = "event.id,event.time,context.territory,recording.title,event.duration\n";
    let mut rows = head.to_owned();
    for row in 0..30 {
        let _ = writeln!(rows, "e{row},2026-10-01T00:00:{row:02}Z,GB,Low Tide,PT3M34S");
    }
    sandbox.put("whole.csv", &rows);
    sandbox.put("cut.csv", &rows[..rows.len() - 1]);
    let convert = |input: &str, output: &str| {
        sandbox.run(&["convert", input, "--to", "canonical.events", "-o", output]).ends(0)
    };
    assert!(!convert("whole.csv", "one.csv").err.contains("ENG0120"));
    convert("cut.csv", "two.csv").says("warning[ENG0120] cut.csv: the last line has no line end");
    assert_eq!(sandbox.read("one.csv"), sandbox.read("two.csv"));
    let ran = sandbox.run(&["validate", "cut.csv"]).ends(0);
    assert!(ran.text().contains("ENG0120"), "{}", ran.text());
}

/// Starts a conversion whose input does not end, and waits until its output is begun.
#[cfg(target_os = "linux")]
#[expect(clippy::zombie_processes, reason = "whoever gets the process waits for it")]
fn begun(sandbox: &Sandbox) -> (std::process::Child, std::process::ChildStdin) {
    use std::io::Write as _;
    use std::process::Stdio;
    let arguments = ["convert", "-", "--to", "canonical.events", "-o", "out/sub/report.csv"];
    let mut child = sandbox.command(&arguments).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let head = "event.id,event.time,context.territory,recording.title,event.duration\n";
    stdin.write_all(head.as_bytes()).unwrap();
    // The pipe lets no more in than the program takes.
    for row in 0..1_000_000 {
        writeln!(stdin, "e{row},2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S").unwrap();
        let names = if row % 1000 == 0 { sandbox.names("out/sub") } else { Vec::new() };
        if names.iter().any(|name| name.starts_with(".transpose-")) {
            return (child, stdin);
        }
    }
    panic!("no output was begun");
}

#[cfg(target_os = "linux")]
#[test]
fn signal_ends_a_run_without_a_trace() {
    let ignored = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim().to_owned();
    let ignored = u64::from_str_radix(&ignored, 16).unwrap();
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        if ignored >> (number - 1) & 1 == 1 {
            continue;
        }
        let sandbox = Sandbox::new();
        let (child, stdin) = begun(&sandbox);
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let ran = crate::support::CommandRun::from(child.wait_with_output().unwrap());
        ran.ends(128 + number).says(&format!("ended by SIG{signal}"));
        drop(stdin);
        assert!(sandbox.names("").is_empty(), "{:?}", sandbox.names("."));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn leftovers_of_a_killed_run_go_wherever_outputs_go() {
    let sandbox = Sandbox::new();
    let (mut child, stdin) = begun(&sandbox);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    assert!(!sandbox.names("out/sub").is_empty());
    let rows = "event.id,event.time,context.territory,recording.title,event.duration\n\
        e1,2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S\n";
    sandbox.put("in.csv", rows);
    // The folder is the one of the receipt, and not of the report.
    let arguments = ["convert", "in.csv", "--to", "canonical.events", "-o", "report.csv"];
    sandbox.run(&[&arguments[..], &["--receipt", "out/sub/receipt.json"]].concat()).ends(0);
    assert_eq!(sandbox.names("out/sub"), ["receipt.json"]);
}

const HEADINGS: &str = "event.id,event.time,context.territory,recording.title,event.duration\n";

/// Starts conversions at once, each with its arguments, and waits for all.
fn at_once(sandbox: &Sandbox, runs: &[Vec<String>]) -> Vec<crate::support::CommandRun> {
    use std::process::Stdio;
    let start = |arguments: &Vec<String>| {
        sandbox.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = runs.iter().map(start).collect();
    running.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect()
}

#[test]
fn of_runs_at_once_one_receives_a_delivery() {
    let sandbox = Sandbox::new();
    sandbox.put("same.csv", format!("{HEADINGS}e1,2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S\n"));
    let run = |number: usize, input: &str| {
        let output = format!("out-{number}.csv");
        ["convert", input, "--to", "canonical.events", "-o", &output, "--received", "list.jsonl"]
            .map(str::to_owned)
            .to_vec()
    };
    let runs: Vec<_> = (0..8).map(|number| run(number, "same.csv")).collect();
    let mut done = 0;
    for (number, ran) in at_once(&sandbox, &runs).into_iter().enumerate() {
        assert_eq!(sandbox.path(&format!("out-{number}.csv")).exists(), ran.code == 0);
        if ran.code == 0 {
            done += 1;
        } else {
            ran.ends(3).says("CLI0201");
        }
    }
    assert_eq!(done, 1);
    // Different deliveries are all added.
    let mut runs = Vec::new();
    for number in 10..18 {
        let input = format!("in-{number}.csv");
        sandbox.put(&input, format!("{HEADINGS}e{number},2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S\n"));
        runs.push(run(number, &input));
    }
    for ran in at_once(&sandbox, &runs) {
        ran.ends(0);
    }
    assert_eq!(String::from_utf8(sandbox.read("list.jsonl")).unwrap().lines().count(), 9);
}

#[test]
fn input_that_is_given_twice_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.put("in.csv", format!("{HEADINGS}e1,2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S\n"));
    let arguments = ["convert", "in.csv", "./in.csv", "--to", "canonical.events", "-o", "out.csv"];
    sandbox.run(&arguments).ends(2).says("error[CLI0116]: `./in.csv` is given more than once");
    sandbox.run(&[&arguments[..], &["--allow-repeated-inputs"]].concat()).ends(0);
    assert_eq!(String::from_utf8(sandbox.read("out.csv")).unwrap().lines().count(), 3);
}

/// Plain, packed and in workbooks: more inputs than files may be open.
#[cfg(target_os = "linux")]
#[test]
fn inputs_are_opened_as_they_are_needed() {
    let sandbox = Sandbox::new();
    for ending in ["csv", "csv.gz", "spreadsheetml"] {
        let mut inputs = Vec::new();
        sandbox.put("one.csv", format!("{HEADINGS}e1,2026-10-01T00:00:00Z,GB,Low Tide,PT3M34S\n"));
        let one = format!("one.{ending}");
        if ending != "csv" {
            sandbox
                .run(&["convert", "one.csv", "--to", "canonical.events", "--container", ending, "-o", &one])
                .ends(0);
        }
        for number in 0..300 {
            let name = format!("{ending}-{number}");
            sandbox.put(&name, sandbox.read(&one));
            inputs.push(name);
        }
        let transpose = sandbox.command::<&str>(&[]).get_program().to_str().unwrap().to_owned();
        let line = format!("ulimit -n 64; exec {transpose} \"$@\"");
        let output = format!("{}-inputs.csv", ending.len());
        let fixed = ["-c", &line, "sh", "convert", "--to", "canonical.events", "-o", &output];
        let mut command = std::process::Command::new("sh");
        command.args(fixed).args(&inputs).current_dir(sandbox.path(""));
        crate::support::CommandRun::from(command.output().unwrap()).ends(0);
        assert_eq!(String::from_utf8(sandbox.read(&output)).unwrap().lines().count(), 301);
    }
}

/// Whether something would move the cursor, change colours, or turn the direction of text.
fn is_clean(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c))
}

#[test]
fn nothing_of_the_data_reaches_a_terminal_as_it_is() {
    let sandbox = Sandbox::new();
    let bad = "x\u{1b}[2Jy\u{9b}1mz\u{202e}tpircs";
    let name = format!("in{}.csv", bad.replace('/', ""));
    let log = "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,Duration played,Total Duration,Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name\n";
    let row = format!(
        "2026-11-10,4021,s1,2026-10-01T10:00:00Z,33,GB,online,u1,{bad},T1,60,200,d,k,{bad},,A,{bad},,R,GBAAX2600001,A,{bad}\n"
    );
    sandbox.put(&name, format!("{log}{row}"));
    for arguments in [
        vec!["inspect", &name],
        vec!["inspect", "--json", &name],
        vec!["validate", &name],
        vec!["init", "figures", &name],
        vec!["init", "agreement", &name],
        vec!["layout", "infer", &name],
        vec!["layout", "infer", "--json", &name],
        vec!["convert", &name, "--to", "canonical.events", "-o", "out/"],
        vec!["convert", "missing\u{1b}[2J\u{202e}", &name, "--to", "canonical.events", "-o", "out/"],
        vec!["convert", &name, &name, "--to", "canonical.events", "--message-format", "json", "-o", "out/"],
        vec!["compare", &name, &name],
    ] {
        let ran = sandbox.run(&arguments);
        assert!(is_clean(&ran.err), "{arguments:?}: {:?}", ran.err);
        assert!(is_clean(ran.text()), "{arguments:?}: {:?}", ran.text());
    }
    // A line break in a name makes no line of its own.
    let name = "in\nerror[CLI0000]: not so.csv";
    sandbox.put(name, "a,b\n");
    let ran = sandbox.run(&["validate", name]);
    assert!(!ran.err.contains("\nerror[CLI0000]"), "{}", ran.err);
}
