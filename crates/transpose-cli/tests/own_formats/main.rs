//! A program of one's own: the library of the command line with a format that no plugin has, and
//! without the plugins.

#![expect(clippy::disallowed_methods, reason = "a test writes its inputs as it likes")]

use std::process::ExitCode;
use transpose_cli::Program;

transpose_sheet::register_layout!("tests/own_formats/tapes.toml");

fn run(arguments: &[&str]) -> ExitCode {
    let program = Program { name: "station", version: "7.1" };
    transpose_cli::run(program, std::iter::once(&"station").chain(arguments))
}

#[test]
fn a_program_has_the_formats_that_it_links_and_no_others() {
    assert_eq!(run(&["formats", "station.tapes"]), ExitCode::SUCCESS);
    assert_eq!(run(&["formats", "massivemusic.client-usage.subscription"]), ExitCode::from(2));
}

#[test]
fn a_linked_format_is_recognised_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("log.txt"), "Tape|Song|Singer\n7|Salt, Rope and Rain|Mirela Vantorp\n").unwrap();
    let arguments = ["convert", &path("log.txt"), "--to", "station.tapes", "--set", "delimiter=comma"];
    let outputs = ["-o", &path("out.csv"), "--receipt", &path("receipt.json"), "--quiet"];
    assert_eq!(run(&[&arguments[..], &outputs].concat()), ExitCode::SUCCESS);
    let written = std::fs::read_to_string(path("out.csv")).unwrap();
    assert_eq!(written, "Tape,Song,Singer\r\n7,\"Salt, Rope and Rain\",Mirela Vantorp\r\n");
    let receipt = std::fs::read_to_string(path("receipt.json")).unwrap();
    assert!(receipt.contains("\"program\": \"station 7.1\""), "{receipt}");
}
