//! The commands of the documentation, run in order and in one folder, as a reader would.

use crate::support::{Sandbox, example, root};

/// How the pages call the program.
const CALLS: [&str; 2] = ["cargo run --release -p transpose-cli -- ", "transpose "];

/// Copies a folder of the workspace.
fn copy(sandbox: &Sandbox, name: &str) {
    std::fs::create_dir_all(sandbox.path(name)).unwrap();
    for entry in std::fs::read_dir(root().join(name)).unwrap() {
        let path = entry.unwrap().path();
        let inner = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(sandbox, &inner);
        } else {
            sandbox.put(&inner, std::fs::read(&path).unwrap());
        }
    }
}

/// The summary of the example job as pages show it.
fn summary(sandbox: &Sandbox) -> String {
    let ran = sandbox.run(&["run", "examples/northwind/job.toml", "-o", "shown/"]).ends(0);
    let lines = ran.err.lines().skip_while(|line| !line.starts_with("massivemusic"));
    lines.take_while(|line| !line.starts_with("found: ")).collect::<Vec<_>>().join("\n")
}

/// Runs every command of a page.
fn follow(page: &str, least: usize) -> Sandbox {
    let folder = Sandbox::new();
    copy(&folder, "examples/northwind");
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let commands: Vec<&str> =
        text.lines().filter_map(|line| CALLS.iter().find_map(|call| line.strip_prefix(call))).collect();
    assert!(commands.len() >= least, "{page} has lost its commands: {commands:?}");
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        let ran = folder.run(&arguments);
        // Quarantined rows and differing reports make a command end with 1, as the page says there.
        let _ = ran.ends(i32::from(
            command.contains("quarantine")
                || command.ends_with("october.csv") && command.starts_with("compare "),
        ));
    }
    folder
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let folder = follow("docs/massivemusic.md", 6);
    assert_eq!(folder.read("again.csv"), folder.read("examples/northwind/subscription-2026-10.csv"));
    assert_eq!((folder.names("out-one").len(), folder.names("out-two").len()), (1, 1));
}

#[test]
fn every_command_of_the_guide_to_label_reports_does_what_it_says() {
    let folder = follow("docs/label-reports.md", 4);
    let shown = summary(&folder);
    for page in ["README.md", "docs/label-reports.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&shown), "{page} should show\n{shown}");
    }
    assert!(folder.read("balances.toml").starts_with(b"# Balances between periods."));
    // Two months of one account, as the page shows them.
    let text = std::fs::read_to_string(root().join("docs/label-reports.md")).unwrap();
    for (month, payable) in [("10", "0.00"), ("11", "31.02")] {
        let statement = String::from_utf8(folder.read(&format!("sandglass-{month}.csv"))).unwrap();
        assert!(statement.contains(&format!("Payable,{payable},EUR")), "{statement}");
        assert!(text.contains(&format!(" {payable} ")), "{payable}");
    }
}

#[test]
fn every_amount_of_the_example_is_worked_out_again() {
    let folder = Sandbox::new();
    folder.run(&["run", &example("job.toml"), "-o", "out/"]).ends(0);
    let script = root().join("crates/transpose-cli/tests/cli/amounts.py");
    let examples = root().join("examples/northwind");
    let check = |out: &std::path::Path| {
        let ran =
            std::process::Command::new("python3").arg(&script).arg(&examples).arg(out).output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned())
    };
    let (same, said) = check(&folder.path("out"));
    assert!(same && said.lines().count() == 6, "{said}");
    // One more cent in one row is found.
    let text = String::from_utf8(folder.read("out/labels/kestrel-2026-10.csv")).unwrap();
    folder.put("out/labels/kestrel-2026-10.csv", text.replacen(",39\n", ",40\n", 1));
    assert!(!check(&folder.path("out")).0);
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let folder = follow("README.md", 7);
    for (output, files) in [("out", 1), ("out-1.2", 1), ("out-damaged", 1)] {
        let names = folder.names(output);
        assert_eq!(names.len(), files, "{output}: {names:?}");
        assert!(names.iter().all(|name| name.starts_with("DSR_PADPIDA")), "{names:?}");
    }
    // The message of the first command passes an independent checker.
    let checked = std::process::Command::new("python3")
        .arg(root().join("plugins/ddex-dsr/tests/check_dsr.py"))
        .arg(folder.path("out").join(&folder.names("out")[0]))
        .arg("1.4")
        .output()
        .unwrap();
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
    assert!(folder.names("out-1.2").iter().all(|name| name.ends_with(".tsv.gz")));
    let rejects = String::from_utf8_lossy(&folder.read("rejects.csv")).into_owned();
    assert!(rejects.starts_with("Line,Code,Reason,Report Generated Date,"), "{rejects}");
}
