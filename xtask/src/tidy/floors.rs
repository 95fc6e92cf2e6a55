//! The floors inside of the crates that are too large to be kept in order by eye.
//!
//! Each module at the root of such a crate, a folder or a file, is on a floor. Its files may use
//! each other and what is on lower floors, and nothing else. So there is no circle between modules,
//! and each can be read, tested and understood with what lies below it only. There are no
//! exceptions; where one seems needed, something is in the wrong module.
//!
//! The root of a crate is above all floors: it declares the modules and shows to other crates what
//! they may use. A module takes nothing from there.

use super::imports::{self, Import, Imports, Module};
use crate::{Outcome, files};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The modules of each crate by floor, from the ground up.
const CRATES: &[Crate] = &[
    Crate {
        name: "transpose-core",
        floors: &[&["model"], &["diagnostics"], &["accounting", "terms"], &["format"]],
    },
    Crate {
        name: "transpose-sheet",
        floors: &[
            &["diagnostics"],
            &["delimited"],
            &["notation", "fixed_width"],
            &["layout"],
            &["control_totals"],
            &["read", "write"],
            &["format", "infer", "mapping"],
        ],
    },
    Crate {
        name: "transpose-deals",
        floors: &[
            &["toml", "arithmetic"],
            &["figures", "job", "partner_rules", "policies"],
            &["basis"],
            &["models"],
            &["deal"],
            &["agreement", "royalties"],
            &["terms"],
            &["balances", "template"],
        ],
    },
    Crate {
        name: "transpose-engine",
        floors: &[
            &["diagnostics"],
            &["storage"],
            &["scan"],
            &["enrich", "contexts"],
            &["filter"],
            &["aggregate"],
            &["consolidate"],
            &["royalties"],
            &["output"],
            &["emit", "fanout"],
            &["run"],
            &["validate", "compare", "distinct", "inspect", "outlook", "receipt"],
        ],
    },
];

/// A crate and what is on each of its floors, from the ground up.
struct Crate {
    name: &'static str,
    floors: &'static [&'static [&'static str]],
}

impl Crate {
    fn floor(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.contains(&module))
    }
}

/// The modules of a crate as its files are: which files are whose, and who uses whom.
struct Plan {
    files: Vec<File>,
    /// Where macros are that other crates may use.
    macros: BTreeMap<String, Module>,
}

struct File {
    /// Its path below the root of the workspace.
    name: String,
    module: Module,
    imports: Imports,
}

impl Plan {
    fn load(root: &Path, name: &str) -> Outcome<Self> {
        let folder = root.join("crates").join(name).join("src");
        let mut texts = Vec::new();
        for path in files::walk(&folder)? {
            let below = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            texts.push((below, files::read(&path)?));
        }
        Self::of(name, &texts)
    }

    /// The plan of a crate with these files below its `src/`.
    fn of(name: &str, texts: &[(String, String)]) -> Outcome<Self> {
        let mut files = Vec::new();
        for (path, text) in texts {
            let Some(module) = module(path) else { continue };
            let name = format!("crates/{name}/src/{path}");
            let imports = imports::read(text, &module).map_err(|error| format!("{name}: {error}"))?;
            files.push(File { name, module, imports });
        }
        let tests: Vec<Module> = files.iter().flat_map(|file| file.imports.tests.clone()).collect();
        files.retain(|file| !tests.iter().any(|test| file.module.starts_with(test)));
        let macros = files.iter().flat_map(|file| {
            file.imports.macros.iter().map(|name| (name.clone(), file.module.clone())).collect::<Vec<_>>()
        });
        Ok(Self { macros: macros.collect(), files })
    }

    /// The modules at the root.
    fn modules(&self) -> BTreeSet<&str> {
        self.files.iter().filter_map(File::top).collect()
    }

    /// The module at the root that a path leads into; nothing when it stays there.
    fn target<'b>(&'b self, import: &'b Import) -> Option<&'b str> {
        let path = match &import.path[..] {
            [name] => self.macros.get(name).unwrap_or(&import.path),
            path => path,
        };
        let first = path.first()?.as_str();
        self.files.iter().any(|file| file.top() == Some(first)).then_some(first)
    }

    /// The other modules that the files of one use.
    fn used_by(&self, module: &str) -> BTreeSet<&str> {
        let files = self.files.iter().filter(|file| file.top() == Some(module));
        let imports = files.flat_map(|file| &file.imports.paths);
        imports.filter_map(|import| self.target(import)).filter(|used| *used != module).collect()
    }
}

impl File {
    /// The module at the root that the file belongs to; nothing for the root itself.
    fn top(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }
}

/// The module that a file below `src/` is; nothing for that of a program.
fn module(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    if path == "main" || path.starts_with("bin/") {
        return None;
    }
    let path = path.strip_suffix("/mod").unwrap_or(path);
    Some(path.split('/').filter(|name| *name != "lib").map(str::to_owned).collect())
}

/// Whatever is on no floor, or uses what it must not.
pub(super) fn check(root: &Path) -> Outcome<Vec<String>> {
    let mut complaints = Vec::new();
    for house in CRATES {
        complaints.extend(violations(&Plan::load(root, house.name)?, house));
    }
    Ok(complaints)
}

fn violations(plan: &Plan, house: &Crate) -> Vec<String> {
    let name = house.name;
    let modules = plan.modules();
    let mut complaints = Vec::new();
    for module in modules.iter().filter(|module| house.floor(module).is_none()) {
        complaints.push(format!("{name}: say in xtask/src/tidy/floors.rs on which floor `{module}` stands"));
    }
    for module in house.floors.iter().copied().flatten().filter(|module| !modules.contains(**module)) {
        complaints.push(format!("{name}: xtask/src/tidy/floors.rs names `{module}`, and there is none"));
    }
    for file in &plan.files {
        let Some(own) = file.top() else { continue };
        let floor = house.floor(own);
        for import in &file.imports.paths {
            let place = format!("{}:{}: `crate::{}`", file.name, import.line, import.path.join("::"));
            match plan.target(import) {
                Some(used) if used == own || house.floor(used) < floor => {}
                Some(used) => complaints.push(format!(
                    "{place}: `{own}` on floor {} must not use `{used}` on floor {}; it uses itself and lower floors",
                    floor.unwrap_or_default(),
                    house.floor(used).unwrap_or_default(),
                )),
                None if import.exported => {}
                None => complaints.push(format!(
                    "{place}: the root of a crate is for other crates; name the module where this is defined"
                )),
            }
        }
    }
    complaints
}

/// The modules of each crate from the top floor down, with what each uses.
pub(crate) fn graph(root: &Path) -> Outcome<String> {
    let mut drawings = Vec::new();
    for house in CRATES {
        drawings.push(drawing(&Plan::load(root, house.name)?, house));
    }
    Ok(drawings.join("\n"))
}

fn drawing(plan: &Plan, house: &Crate) -> String {
    let width = plan.modules().iter().map(|module| module.len()).max().unwrap_or_default();
    let mut out = format!("{}\n floor  {:width$}  files  uses\n", house.name, "module");
    for (floor, modules) in house.floors.iter().enumerate().rev() {
        for module in *modules {
            let files = plan.files.iter().filter(|file| file.top() == Some(module)).count();
            let used: Vec<&str> = house
                .floors
                .iter()
                .copied()
                .flatten()
                .copied()
                .filter(|used| plan.used_by(module).contains(used))
                .collect();
            let line = format!("{floor:6}  {module:width$}  {files:5}  {}", used.join(" "));
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: Crate = Crate { name: "x", floors: &[&["ground"], &["left", "right"], &["roof"]] };

    const LIBRARY: (&str, &str) = (
        "lib.rs",
        "mod ground;\nmod left;\nmod right;\nmod roof;\npub use roof::Roof;\n#[cfg(test)]\nmod tests;\n",
    );

    fn plan(files: &[(&str, &str)]) -> Outcome<Plan> {
        let texts: Vec<_> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Plan::of("x", &texts)
    }

    /// A crate in order, with further files.
    fn with<'a>(files: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = vec![
            LIBRARY,
            ("ground.rs", "#[macro_export]\nmacro_rules! m { () => { $crate::shown::f() } }\n"),
            ("left/mod.rs", "use crate::ground::G;\nuse crate::m;\n"),
            ("left/a.rs", "use super::b;\nuse crate::left::c;\n"),
            ("right.rs", "fn f() { crate::ground::g() }\n"),
            ("roof.rs", "use crate::{left::a, right};\n"),
            ("tests.rs", "use crate::Roof;\n"),
            ("bin/y.rs", "use crate::Anything;\n"),
        ];
        all.extend_from_slice(files);
        all
    }

    #[track_caller]
    fn complains(files: &[(&str, &str)], expected: &[&str]) {
        let found = violations(&plan(&with(files)).unwrap(), &HOUSE);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn imports_lead_down() {
        complains(&[], &[]);
        complains(
            &[("left/up.rs", "\nuse crate::roof::Roof;\n")],
            &["left/up.rs:2: `crate::roof::Roof`: `left` on floor 1 must not use `roof` on floor 2"],
        );
        complains(
            &[("left/deep/mod.rs", "fn f() { super::super::right::g() }\n")],
            &["`left` on floor 1 must not use `right` on floor 1"],
        );
    }

    #[test]
    fn nothing_is_taken_from_the_root() {
        complains(&[("left/up.rs", "use crate::Roof;\n")], &["`crate::Roof`: the root"]);
        complains(&[("left/up.rs", "use super::super::*;\n")], &["the root"]);
    }

    #[test]
    fn every_module_has_a_floor() {
        complains(&[("shed.rs", "")], &["which floor `shed` stands"]);
        let found = violations(&plan(&[LIBRARY]).unwrap(), &HOUSE);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found.iter().all(|complaint| complaint.contains("there is none")));
        let error = plan(&[("left/broken.rs", "fn f() {\n")]).err().unwrap();
        assert!(error.to_string().starts_with("crates/x/src/left/broken.rs: "), "{error}");
    }

    #[test]
    fn the_graph_is_drawn_from_the_top_down() {
        let drawn = drawing(&plan(&with(&[])).unwrap(), &HOUSE);
        let expected = "\
x
 floor  module  files  uses
     2  roof        1  left right
     1  left        2  ground
     1  right       1  ground
     0  ground      1
";
        assert_eq!(drawn, expected);
    }
}
