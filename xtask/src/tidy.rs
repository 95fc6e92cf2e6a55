//! `cargo xtask tidy`: what the compiler, rustfmt and clippy do not see.
//!
//! Each check is a function from the tree to complaints; a complaint says where, what, and what to
//! do. The rules themselves are in CONTRIBUTING.md and docs/architecture.md.

mod comments;
pub(crate) mod floors;
mod imports;
mod licence;

use crate::{Chore, Outcome, derived, files};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use toml::{Table, Value};

/// Check layering, names, licences, generated files and forbidden words
#[derive(clap::Parser, Debug)]
#[command(name = "tidy")]
pub(crate) struct Tidy {
    /// Print which module of a crate is on which floor and what it uses, and check nothing.
    #[arg(long)]
    graph: bool,
}

impl Chore for Tidy {
    fn run(self) -> Outcome {
        let root = files::root();
        if self.graph {
            print!("{}", floors::graph(&root)?);
            return Ok(());
        }
        let tree = Tree::load(&root)?;
        let mut complaints = Vec::new();
        for check in [
            layers,
            names,
            manifests,
            derived,
            generated,
            words,
            tests_are_honest,
            codes,
            text,
            comments::check,
        ] {
            complaints.extend(check(&tree));
        }
        complaints.extend(floors::check(&root)?);
        complaints.extend(licence::check(&root)?);
        if complaints.is_empty() {
            return Ok(());
        }
        Err(format!("{} to tidy up:\n{}", complaints.len(), complaints.join("\n")).into())
    }
}

/// The files that belong to the project: known to git, or not ignored by it.
struct Tree {
    root: PathBuf,
    /// Path below the root, with `/`, and bytes.
    files: Vec<(String, Vec<u8>)>,
    /// Folder of a package and its manifest.
    packages: Vec<(String, Table)>,
}

impl Tree {
    fn load(root: &Path) -> Outcome<Self> {
        let mut command = Command::new("git");
        command.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root);
        let listed = command
            .output()
            .map_err(|error| format!("cannot run git: {error}; tidy checks the files that git knows"))?;
        if !listed.status.success() {
            return Err(format!(
                "git cannot list the files: {}",
                String::from_utf8_lossy(&listed.stderr).trim()
            )
            .into());
        }
        let mut found = Vec::new();
        for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
            // A file that was removed and not yet committed is still listed.
            if let Ok(bytes) = std::fs::read(root.join(name)) {
                found.push((name.to_owned(), bytes));
            }
        }
        found.sort();
        found.dedup();
        Self::of(root, found)
    }

    fn of(root: &Path, files: Vec<(String, Vec<u8>)>) -> Outcome<Self> {
        let mut packages = Vec::new();
        for (name, bytes) in &files {
            if let Some(folder) = name.strip_suffix("/Cargo.toml") {
                let text = std::str::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))?;
                let manifest: Table = text.parse().map_err(|error| format!("{name}: {error}"))?;
                // One with a workspace of its own, the fuzzer, inherits nothing.
                if !manifest.contains_key("workspace") {
                    packages.push((folder.to_owned(), manifest));
                }
            }
        }
        Ok(Self { root: root.to_owned(), files, packages })
    }

    /// Text files with one of the given extensions.
    fn texts<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files.iter().filter_map(move |(name, bytes)| {
            let wanted = name.rsplit_once('.').is_some_and(|(_, end)| extensions.contains(&end));
            Some((name.as_str(), std::str::from_utf8(bytes).ok()?)).filter(|_| wanted)
        })
    }
}

fn package_name(manifest: &Table) -> &str {
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn dependencies<'a>(manifest: &'a Table, section: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    manifest.get(section).and_then(Value::as_table).into_iter().flatten()
}

/// Which of our own crates each crate may depend on. Families of formats may use [`FAMILY`]; what
/// links or tests everything is free.
const LAYERS: &[(&str, &[&str])] = &[
    ("transpose-codes", &[]),
    ("transpose-sync", &[]),
    ("transpose-text", &[]),
    ("transpose-foreign", &[]),
    ("transpose-core", &["transpose-codes"]),
    ("transpose-records", &["transpose-codes", "transpose-core", "transpose-text"]),
    ("transpose-sheet", &["transpose-codes", "transpose-core", "transpose-sync", "transpose-text"]),
    ("transpose-deals", &["transpose-codes", "transpose-core"]),
    ("transpose-io", &["transpose-sync"]),
    (
        "transpose-containers",
        &["transpose-codes", "transpose-core", "transpose-io", "transpose-sync", "transpose-text"],
    ),
    (
        "transpose-engine",
        &["transpose-codes", "transpose-core", "transpose-io", "transpose-sync", "transpose-text"],
    ),
    (
        "transpose-cli",
        &[
            "transpose-codes",
            "transpose-containers",
            "transpose-core",
            "transpose-sheet",
            "transpose-deals",
            "transpose-io",
            "transpose-engine",
            "transpose-plugins",
        ],
    ),
    (
        "transpose-testkit",
        &[
            "transpose-codes",
            "transpose-containers",
            "transpose-core",
            "transpose-deals",
            "transpose-engine",
            "transpose-io",
            "transpose-records",
        ],
    ),
    (
        "snapshots",
        &[
            "ddex-dsr",
            "transpose-core",
            "transpose-deals",
            "transpose-engine",
            "transpose-plugins",
            "transpose-records",
            "transpose-sheet",
        ],
    ),
    ("xtask", &[]),
];

/// What a family of formats may depend on: no other family, no engine, no files.
const FAMILY: &[&str] = &[
    "transpose-codes",
    "transpose-core",
    "transpose-records",
    "transpose-sheet",
    "transpose-sync",
    "transpose-text",
];

/// Dependencies point one way.
fn layers(tree: &Tree) -> Vec<String> {
    let own: Vec<&str> = tree.packages.iter().map(|(_, manifest)| package_name(manifest)).collect();
    let families: Vec<&str> = tree
        .packages
        .iter()
        .filter_map(|(folder, _)| folder.strip_prefix("plugins/"))
        .filter(|name| *name != "all")
        .collect();
    let mut complaints = Vec::new();
    for (folder, manifest) in &tree.packages {
        let name = package_name(manifest);
        let allowed: &[&str] = match LAYERS.iter().find(|(known, _)| *known == name) {
            Some((_, allowed)) => allowed,
            None if folder == "plugins/all" => &families,
            None if folder.starts_with("plugins/") => FAMILY,
            None => {
                complaints.push(format!("{folder}: say in xtask/src/tidy.rs what `{name}` may depend on"));
                continue;
            }
        };
        for section in ["dependencies", "build-dependencies"] {
            for (dependency, _) in dependencies(manifest, section) {
                if own.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                    complaints.push(format!("{folder}/Cargo.toml: `{name}` must not depend on `{dependency}`; dependencies point one way"));
                }
            }
        }
        if name != "transpose-testkit"
            && dependencies(manifest, "dependencies").any(|(name, _)| name == "transpose-testkit")
        {
            complaints
                .push(format!("{folder}/Cargo.toml: `transpose-testkit` belongs under `[dev-dependencies]`"));
        }
        // A family's own tests must not run the registry either: it would hold that family only.
        let dev = dependencies(manifest, "dev-dependencies").map(|(name, _)| name.as_str());
        if folder.starts_with("plugins/")
            && let Some(wrong) = dev
                .filter(|name| *name != "transpose-testkit")
                .find(|dev| families.contains(dev) || *dev == "transpose-plugins")
        {
            complaints.push(format!(
                "{folder}/Cargo.toml: a family must not test against `{wrong}`; write a case under snapshots/"
            ));
        }
    }
    complaints
}

/// The folder of a package has its name.
fn names(tree: &Tree) -> Vec<String> {
    let wrong = tree.packages.iter().filter(|(folder, manifest)| {
        let expected = if folder == "plugins/all" {
            "transpose-plugins"
        } else {
            folder.rsplit('/').next().unwrap_or(folder)
        };
        package_name(manifest) != expected
    });
    wrong
        .map(|(folder, manifest)| {
            format!(
                "{folder}: the package is named `{}`, expected the name of its folder",
                package_name(manifest)
            )
        })
        .collect()
}

/// Every package inherits versions, lints and licence; nothing but the root names a version.
fn manifests(tree: &Tree) -> Vec<String> {
    let inherits = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    let mut complaints = Vec::new();
    for (folder, manifest) in &tree.packages {
        let package = manifest.get("package");
        let field = |key: &str| package.and_then(|package| package.get(key));
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherits(field(key)) {
                complaints.push(format!("{folder}/Cargo.toml: write `{key}.workspace = true`"));
            }
        }
        if field("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            complaints.push(format!("{folder}/Cargo.toml: the package has no `description`"));
        }
        if !inherits(manifest.get("lints")) {
            complaints.push(format!("{folder}/Cargo.toml: write `workspace = true` under `[lints]`"));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, _) in dependencies(manifest, section).filter(|(_, value)| !inherits(Some(value))) {
                complaints.push(format!(
                    "{folder}/Cargo.toml: `{name}` has its version here; put it into the root manifest"
                ));
            }
        }
        if field("build").is_some() || tree.root.join(folder).join("build.rs").exists() {
            complaints.push(format!(
                "{folder}: build scripts are not used; generate code with `cargo xtask codegen`"
            ));
        }
    }
    complaints
}

/// Everything that follows from other files is up to date.
fn derived(tree: &Tree) -> Vec<String> {
    match derived::bring(&tree.root, true) {
        Err(error) => vec![error.to_string()],
        Ok(stale) => {
            stale.iter().map(|difference| format!("{difference}; run `cargo xtask codegen`")).collect()
        }
    }
}

/// Generated files say so in their first line. The `mod.rs` that lists them is written by hand.
fn generated(tree: &Tree) -> Vec<String> {
    let files = tree.texts(&["rs", "toml"]).filter(|(name, _)| {
        (name.contains("/src/generated/") && !name.ends_with("/mod.rs")) || name.starts_with("plugins/all/")
    });
    let silent = files.filter(|(_, text)| {
        !text.lines().next().is_some_and(|line| line.contains("Generated by `cargo xtask"))
    });
    silent
        .map(|(name, _)| format!("{name}: generated files say so, and by which command, in their first line"))
        .collect()
}

/// Words that do not belong into the project: places on somebody's machine, hosts of package
/// registries. Written in two parts, so that this table does not complain about itself.
const WORDS: &[(&str, &str, &str)] = &[
    ("/ho", "me/", "a folder of somebody's machine"),
    ("/Us", "ers/", "a folder of somebody's machine"),
    ("/ro", "ot/", "a folder of somebody's machine"),
    ("/wo", "rk/", "a folder of somebody's machine"),
    ("C:", "\\Users", "a folder of somebody's machine"),
    ("index.crates", ".io", "the host of a package registry"),
    ("static.crates", ".io", "the host of a package registry"),
    ("py", "pi.org", "the host of a package registry"),
    ("python", "hosted.org", "the host of a package registry"),
    ("registry.npm", "js.org", "the host of a package registry"),
    ("proxy.go", "lang.org", "the host of a package registry"),
    ("://local", "host", "a service on somebody's machine"),
    ("://127", ".0.0.1", "a service on somebody's machine"),
];

fn words(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, bytes) in tree.files.iter().filter(|(name, _)| name != "Cargo.lock") {
        let text = String::from_utf8_lossy(bytes);
        for (head, tail, what) in WORDS {
            let word = format!("{head}{tail}");
            let line = text
                .lines()
                .position(|line| line.match_indices(&word).any(|(place, _)| begins(line, place, &word)));
            if let Some(line) = line {
                complaints.push(format!("{name}:{}: `{word}` is {what}; leave it out", line + 1));
            }
        }
    }
    complaints
}

/// Whether a path begins at this place of a line: what comes before is no part of a longer path or
/// address.
fn begins(line: &str, place: usize, word: &str) -> bool {
    let before = line.get(..place).and_then(|before| before.chars().next_back());
    !word.starts_with('/')
        || !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')'))
}

/// What a test must not do.
const TESTS: &[(&str, &str, &str)] = &[
    ("#[ign", "ore", "a test that does not run proves nothing; remove it or make it pass"),
    ("should_", "panic", "check the error itself, it says more"),
    ("thread::sl", "eep", "tests do not wait for the clock"),
    ("tod", "o!(", "finish it before it is committed"),
    ("unimple", "mented!(", "finish it before it is committed"),
];

fn tests_are_honest(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in tree.texts(&["rs"]) {
        for (head, tail, why) in TESTS {
            let word = format!("{head}{tail}");
            if let Some(line) =
                text.lines().position(|line| line.contains(&word) && !line.trim_start().starts_with("//"))
            {
                complaints.push(format!("{name}:{}: `{word}`: {why}", line + 1));
            }
        }
    }
    complaints
}

/// Codes of diagnostics are unique over all crates, linked or not, and each has an explanation and
/// advice.
fn codes(tree: &Tree) -> Vec<String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (name, text) in tree.texts(&["rs"]).filter(|(name, _)| !name.starts_with("xtask/templates/")) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in
            lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let Some((id, head)) = code_of(line) else { continue };
            let place = format!("{name}:{}", number + 1);
            if let Some(other) = known.insert(id.clone(), place.clone()) {
                complaints.push(format!(
                    "{place}: the code {id} is already used in {other}; codes are never used twice"
                ));
            }
            // The explanation and the advice may be on the line itself or on those that follow.
            let following = lines.get(number + 1..).unwrap_or(&[]).iter().take(4).copied();
            let texts = std::iter::once(head)
                .chain(following.take_while(|line| code_of(line).is_none()))
                .collect::<Vec<_>>()
                .join("\n");
            if texts.matches(".\"").count() < 2 {
                complaints.push(format!(
                    "{place}: the code {id} needs an explanation and an advice, each of whole sentences"
                ));
            }
        }
    }
    complaints
}

/// The code that a line of `codes!` declares, and what follows its severity.
fn code_of(line: &str) -> Option<(String, &str)> {
    let (_, rest) = line.split_once(": \"")?;
    let (id, rest) = rest.split_once("\" \"")?;
    let (_, rest) = rest.split_once("\" ")?;
    let severity = ["Error", "Warning", "Info"].into_iter().find(|word| rest.starts_with(word))?;
    let fits = id.len() == 7
        && id.bytes().take(3).all(|c| c.is_ascii_uppercase())
        && id.bytes().skip(3).all(|c| c.is_ascii_digit());
    fits.then(|| (id.to_owned(), rest.get(severity.len()..).unwrap_or_default()))
}

/// Line ends and ends of files. The length of lines of code is left to rustfmt.
fn text(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let own = ["rs", "md", "toml", "py", "yml", "snap"];
    for (name, text) in tree.texts(&own).filter(|(name, _)| !name.contains("/input.")) {
        if !text.is_empty() && !text.ends_with('\n') {
            complaints.push(format!("{name}: the last line has no line end"));
        }
        if let Some(line) = text.split('\n').position(|line| line.ends_with('\r')) {
            complaints.push(format!("{name}:{}: the line ends in CR LF, expected LF", line + 1));
        }
        let code = name.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "rs" | "md" | "toml" | "py"));
        if let Some(line) = text.lines().position(|line| code && line.ends_with([' ', '\t'])) {
            complaints.push(format!("{name}:{}: spaces at the end of the line", line + 1));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        Tree::of(Path::new("nowhere"), files).unwrap()
    }

    fn manifest(name: &str, rest: &str) -> String {
        let fields = ["version", "edition", "rust-version", "license", "publish"]
            .map(|key| format!("{key}.workspace = true\n"));
        format!(
            "[package]\nname = \"{name}\"\ndescription = \"d\"\n{}{rest}\n[lints]\nworkspace = true\n",
            fields.concat()
        )
    }

    #[track_caller]
    fn complains(check: fn(&Tree) -> Vec<String>, files: &[(&str, &str)], expected: &[&str]) {
        let found = check(&tree(files));
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn dependencies_point_one_way() {
        let io = manifest("transpose-io", "");
        let core = manifest("transpose-core", "[dependencies]\ntranspose-io.workspace = true\n");
        let family = manifest(
            "labels",
            "[dependencies]\ntranspose-io.workspace = true\n[dev-dependencies]\ntranspose-plugins.workspace = true\n",
        );
        let all = manifest("transpose-plugins", "[dependencies]\nlabels.workspace = true\n");
        complains(
            layers,
            &[
                ("crates/transpose-io/Cargo.toml", &io),
                ("crates/transpose-core/Cargo.toml", &core),
                ("plugins/labels/Cargo.toml", &family),
                ("plugins/all/Cargo.toml", &all),
                ("crates/new/Cargo.toml", &manifest("new", "")),
            ],
            &[
                "`transpose-core` must not depend on `transpose-io`",
                "`labels` must not depend on `transpose-io`",
                "must not test against",
                "what `new` may depend on",
            ],
        );
    }

    #[test]
    fn packages_are_named_as_their_folders_and_inherit() {
        complains(names, &[("crates/a/Cargo.toml", &manifest("b", ""))], &["named `b`"]);
        complains(manifests, &[("crates/a/Cargo.toml", &manifest("a", ""))], &[]);
        let poor = "[package]\nname = \"a\"\nversion = \"1\"\n[dependencies]\nserde = \"1\"\n";
        assert_eq!(manifests(&tree(&[("crates/a/Cargo.toml", poor)])).len(), 8);
    }

    #[test]
    fn forbidden_words_are_found_where_they_begin() {
        let path = format!("see {}{}me/file", "/ho", "me/");
        complains(
            words,
            &[("a.md", &path), ("b.md", "recordings/work/x and //home"), ("Cargo.lock", &path)],
            &["a.md:1"],
        );
        let address = format!("x\nhttps://py{}/simple", "pi.org");
        complains(words, &[("a.md", &address)], &["a.md:2"]);
    }

    #[test]
    fn idle_tests_are_found() {
        let text = format!("fn a() {{}}\n#[ign{}]\n", "ore");
        complains(tests_are_honest, &[("a.rs", &text), ("b.rs", "// nothing\n")], &["a.rs:2"]);
    }

    #[test]
    fn codes_are_unique_and_explained() {
        let good = "    A: \"ABC0001\" \"a\" Error\n        \"One.\"\n        \"Two.\"\n";
        complains(codes, &[("a.rs", good)], &[]);
        complains(codes, &[("a.rs", good), ("b.rs", good)], &["already used in a.rs:1"]);
        complains(
            codes,
            &[(
                "a.rs",
                "    A: \"ABC0001\" \"a\" Error\n        \"One.\"\n    B: \"ABC0002\" \"b\" Info \"One.\" \"Two.\"\n",
            )],
            &["ABC0001 needs"],
        );
    }

    #[test]
    fn generated_files_say_so() {
        let good = "//! Generated by `cargo xtask codegen`.\n";
        complains(
            generated,
            &[("plugins/a/src/generated/x.rs", "fn x() {}\n"), ("plugins/a/src/generated/y.rs", good)],
            &["x.rs"],
        );
    }

    #[test]
    fn text_files_end_as_they_should() {
        complains(
            text,
            &[("a.md", "a"), ("b.rs", "a\r\n"), ("c.rs", "a \n"), ("d.rs", "a\n"), ("e/input.toml", "a")],
            &["a.md", "b.rs:1", "c.rs:1"],
        );
    }
}
