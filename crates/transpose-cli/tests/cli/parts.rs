//! Messages of several files: written, read together in any order, refused if they are not one
//! message.

use crate::support::{DSR, Sandbox, gzip, sound};
use std::collections::BTreeSet;

/// Identifiers that do not depend on how a message is split.
const IDENTITY: [&str; 4] = ["--set", "message-id=M1", "--set", "transaction-ids=content"];

/// Writes a message of the example as files of at most `size` bytes; returns their names in order.
fn split(sandbox: &Sandbox, folder: &str, size: &str) -> Vec<String> {
    let size = format!("max-file-size={size}");
    let folder_path = format!("{folder}/");
    let more = [&["--to", DSR, "-o", &folder_path, "--set", &size], &IDENTITY[..]].concat();
    sandbox.convert(&sound(), &more).ends(0);
    let mut names = sandbox.names(folder);
    let number = |name: &String| -> u32 {
        name.rsplit("of").nth(1).unwrap().rsplit('_').next().unwrap().parse().unwrap()
    };
    names.sort_by_key(number);
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// The blocks of a file without our own reader: the lines between summaries and footer.
fn blocks(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    let frame = |line: &Vec<u8>| {
        [b"HEAD\t".as_slice(), b"SY", b"FOOT\t", b"#"].iter().any(|begin| line.starts_with(begin))
    };
    lines.filter(|line| !frame(line)).collect()
}

#[test]
fn what_was_split_is_joined_again_byte_for_byte() {
    let sandbox = Sandbox::new();
    sandbox.convert(&sound(), &[&["--to", DSR, "-o", "whole/"], &IDENTITY[..]].concat()).ends(0);
    let whole = sandbox.read(&format!("whole/{}", sandbox.names("whole")[0]));
    let mut parts = split(&sandbox, "parts", "60kB");
    assert!(parts.len() > 2 && parts[0].contains(&format!("1of{}", parts.len())), "{parts:?}");
    let scattered: Vec<Vec<u8>> = parts.iter().flat_map(|name| blocks(&sandbox.read(name))).collect();
    assert_eq!(scattered, blocks(&whole));
    // Compressed or not, and in any order.
    let packed = gzip(&sandbox.read(&parts[1]));
    sandbox.put("packed", packed);
    parts[1] = "packed".into();
    for round in 0..2 {
        parts.reverse();
        let folder = format!("joined{round}/");
        let mut arguments =
            vec!["convert", "--to", DSR, "-o", &folder, "--receipt", "receipt.json", "--overwrite"];
        arguments.extend(["--set", "keep-identity=true"]);
        arguments.extend(parts.iter().map(String::as_str));
        sandbox.run(&arguments).ends(0);
        let names = sandbox.names(&folder);
        assert_eq!(
            (names.len(), sandbox.read(&format!("{folder}{}", names[0])) == whole),
            (1, true),
            "{names:?}"
        );
        let receipt: serde_json::Value = serde_json::from_slice(&sandbox.read("receipt.json")).unwrap();
        assert_eq!(receipt["inputs"].as_array().unwrap().len(), parts.len());
    }
}

/// ARCH-75 to ARCH-79, counted here.
#[test]
fn footers_count_the_file_and_the_message() {
    let sandbox = Sandbox::new();
    let parts = split(&sandbox, "parts", "60kB");
    let (mut all_lines, mut all_blocks) = (0, 0);
    let mut known = BTreeSet::new();
    for (index, part) in parts.iter().enumerate() {
        let text = String::from_utf8(sandbox.read(part)).unwrap();
        assert!(text.len() <= 60_000, "{}", text.len());
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let summaries = rows.iter().filter(|row| row[0].starts_with("SY")).count();
        let of_blocks =
            rows.iter().filter(|row| !row[0].starts_with("SY") && row[0] != "HEAD" && row[0] != "FOOT");
        let blocks: BTreeSet<String> = of_blocks.map(|row| row[1].to_owned()).collect();
        all_lines += rows.len();
        all_blocks += blocks.len();
        assert!(blocks.iter().all(|id| known.insert(id.clone())), "a block stands in two files");
        assert_eq!(rows[0][6..8], [(index + 1).to_string(), parts.len().to_string()]);
        let last = index + 1 == parts.len();
        let whole = |count: usize| if last { count.to_string() } else { String::new() };
        let counts = [
            rows.len().to_string(),
            whole(all_lines),
            summaries.to_string(),
            blocks.len().to_string(),
            whole(all_blocks),
        ];
        assert_eq!(rows.last().unwrap()[1..], counts, "{part}");
    }
}

#[test]
fn files_that_are_not_one_message_are_refused() {
    let sandbox = Sandbox::new();
    let parts = split(&sandbox, "parts", "60kB");
    let convert = |inputs: &[&str]| {
        let arguments = ["convert", "--to", DSR, "-o", "out/"].iter().chain(inputs);
        sandbox.run(&arguments.collect::<Vec<_>>())
    };
    let all: Vec<&str> = parts.iter().map(String::as_str).collect();
    let count = all.len();
    convert(&all[1..]).ends(3).says(&format!("error[ENG0209] {}: file 1 of {count} is missing", all[1]));
    convert(&all[..1]).ends(3).says("error[ENG0209]");
    let twice: Vec<&str> = all.iter().chain(&all[..1]).copied().collect();
    convert(&twice).ends(2).says("error[CLI0116]");
    sandbox.put("copy.tsv", sandbox.read(all[0]));
    let twice: Vec<&str> = all.iter().copied().chain(["copy.tsv"]).collect();
    convert(&twice).ends(3).says("error[ENG0210]");
    let text = String::from_utf8(sandbox.read(all[1])).unwrap();
    sandbox.put("other.tsv", text.replacen("Northwind Music", "Southwind Music", 1));
    let mut other = all.clone();
    other[1] = "other.tsv";
    convert(&other).ends(3).says("error[ENG0211] other.tsv").says("Southwind Music");
    sandbox.put("other.tsv", text.replacen("\tEUR\t", "\tUSD\t", 1));
    convert(&other).ends(3).says("error[ENG0212] other.tsv");
    sandbox.put(
        "one.tsv",
        text.replacen(&format!("\t2\t{count}\t"), "\t1\t1\t", 1).replacen("\tM1\t", "\tM2\t", 1),
    );
    let mut two = all.clone();
    two.push("one.tsv");
    convert(&two).ends(2).says("error[ENG0108]");
    assert!(sandbox.names("out").is_empty());
}

#[test]
fn one_file_of_several_is_looked_into_without_complaint() {
    let sandbox = Sandbox::new();
    for part in split(&sandbox, "parts", "60kB") {
        let ran = sandbox.run(&["inspect", &part]).ends(0);
        assert!(!ran.err.contains("error") && !ran.err.contains("warning"), "{}", ran.err);
    }
}
