//! A copy of the workspace that stays in the target folder with its build, so that a later run
//! compiles what has changed only.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the sources are that follow from the facts about DSR.
pub(crate) const GENERATED: &str = "plugins/ddex-dsr/src/generated";

/// Files by their path below the workspace.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The files of the workspace: those that git knows or does not ignore.
pub(crate) fn original(root: &Path) -> Files {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root);
    let listed = command.output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    let files = names.split('\0').filter(|name| !name.is_empty());
    // A file that was removed and not yet committed is still listed.
    files.filter_map(|name| Some((PathBuf::from(name), fs::read(root.join(name)).ok()?))).collect()
}

/// Leaves one case to each format, its smallest: what is shown here is that new formats pass the
/// checks, not that all others do once more.
pub(crate) fn spare_cases(files: &mut Files) {
    let case = |path: &Path| path.strip_prefix("snapshots/cases").ok()?.parent().map(Path::to_path_buf);
    let mut sizes: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (path, bytes) in files.iter() {
        if let Some(case) = case(path) {
            *sizes.entry(case).or_default() += bytes.len();
        }
    }
    let mut kept: BTreeMap<PathBuf, (usize, PathBuf)> = BTreeMap::new();
    for (case, size) in sizes.clone() {
        let format = case.parent().unwrap().to_path_buf();
        let smallest = kept.entry(format).or_insert_with(|| (size, case.clone()));
        if size < smallest.0 {
            *smallest = (size, case);
        }
    }
    // What is only written has no cases of its own: it keeps the smallest that writes it.
    let mut written: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("case.toml")) {
        let Some((case, size)) = case(path).and_then(|case| Some((case.clone(), *sizes.get(&case)?))) else {
            continue;
        };
        let plan = String::from_utf8_lossy(bytes).into_owned();
        let Some(targets) = plan.lines().find_map(|line| line.strip_prefix("to = ")) else { continue };
        for target in
            targets.split('"').skip(1).step_by(2).filter(|target| !kept.contains_key(Path::new(target)))
        {
            let smallest = written.entry(target.to_owned()).or_insert_with(|| (size, case.clone()));
            if size < smallest.0 {
                *smallest = (size, case.clone());
            }
        }
    }
    let written = written.into_iter().filter(|(target, _)| !target.contains('@')).map(|(_, kept)| kept);
    let kept: Vec<PathBuf> = kept.into_values().chain(written).map(|(_, case)| case).collect();
    files.retain(|path, _| case(path).is_none_or(|case| kept.contains(&case)));
    // Side files that no case is left for.
    let plans = files.iter().filter(|(path, _)| path.ends_with("case.toml"));
    let plans: Vec<String> = plans.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    files.retain(|path, _| {
        let name = path.strip_prefix("snapshots/terms").ok().and_then(Path::to_str);
        name.is_none_or(|name| plans.iter().any(|plan| plan.contains(&format!("\"{name}\""))))
    });
}

/// The files below a folder.
pub(crate) fn found(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(root).unwrap().to_path_buf(), bytes);
            }
        }
    }
    files
}

/// Takes what the last run has generated for what is generated now: `cargo xtask codegen` mends
/// what is out of date, and cargo need not compile the rest again.
pub(crate) fn keep_generated(files: &mut Files, root: &Path) {
    for (path, bytes) in files.iter_mut().filter(|(path, _)| path.starts_with(GENERATED)) {
        if let Ok(known) = fs::read(root.join(path)) {
            *bytes = known;
        }
    }
}

/// Makes `root` hold these files and no others. Files that are the same keep their time, so that
/// cargo need not compile them again.
pub(crate) fn copy(files: &Files, root: &Path) {
    fs::create_dir_all(root).unwrap();
    for path in found(root).into_keys().filter(|path| !files.contains_key(path)) {
        fs::remove_file(root.join(path)).unwrap();
    }
    remove_empty_folders(root);
    for (path, bytes) in files {
        let path = root.join(path);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(&path).and_then(|mut file| file.write_all(bytes)).unwrap();
        }
    }
}

fn remove_empty_folders(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remove_empty_folders(&path);
            // A folder that holds something stays.
            let _ = fs::remove_dir(&path);
        }
    }
}

/// The copy of the workspace, and where it is built.
pub(crate) struct Copy {
    pub(crate) root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// The copy that the tests of this package share.
    pub(crate) fn new() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin");
        Self { root: place.join("workspace"), target: place.join("target") }
    }

    /// A file outside the copy, for a moment.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// The program `transpose` of the copy, without a clock of its own; it must have been built.
    pub(crate) fn transpose(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(self.target.join("debug/transpose").to_str().unwrap());
        command.args(arguments).env("SOURCE_DATE_EPOCH", "1794290400").output().unwrap()
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_MANIFEST_DIR", self.root.join("xtask"))
            .env_remove("INSTA_UPDATE");
        command
    }

    #[track_caller]
    pub(crate) fn xtask(&self, arguments: &[&str]) -> String {
        run(self.command(env!("CARGO_BIN_EXE_xtask")).args(arguments))
    }

    /// Runs cargo; `update` is what insta does with snapshots that differ.
    #[track_caller]
    pub(crate) fn cargo(&self, arguments: &[&str], update: &str) -> String {
        run(self.command(env!("CARGO")).arg("--offline").args(arguments).env("INSTA_UPDATE", update))
    }
}

#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
