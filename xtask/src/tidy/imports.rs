//! Which modules of its own crate a Rust file names: in `use` trees, in paths of code, and in the
//! bodies of macros.
//!
//! The file is read as tokens, so comments and string literals name nothing. Code for tests only is
//! passed over. A path counts where it begins at `crate`, `super` or `self`: one that begins at a
//! name leads into another crate, to a module below the own one, or to what a `use` has brought in
//! and is counted there.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The place of a module in its crate: the names from the root down.
pub(super) type Module = Vec<String>;

/// What a file says about modules.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// The paths into the own crate.
    pub(super) paths: Vec<Import>,
    /// Modules that are for tests only.
    pub(super) tests: Vec<Module>,
    /// Macros that other crates may use. They are at the root, wherever they are written.
    pub(super) macros: Vec<String>,
}

/// A path into the own crate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// Its line, from 1.
    pub(super) line: usize,
    /// The names from the root down.
    pub(super) path: Vec<String>,
    /// Whether it begins with `$crate`: then it may name what the root shows to other crates.
    pub(super) exported: bool,
}

/// Reads the text of the file of a module.
pub(super) fn read(text: &str, module: &[String]) -> Result<Imports, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut imports = Imports::default();
    imports.read(&tokens.into_iter().collect::<Vec<_>>(), module);
    Ok(imports)
}

impl Imports {
    fn read(&mut self, tokens: &[TokenTree], module: &[String]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = tokens.get(at + 1..).unwrap_or(&[]);
            at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => match rest {
                    [TokenTree::Punct(inner), TokenTree::Group(attribute), ..]
                        if inner.as_char() == '!' && is_for_tests(attribute.stream()) =>
                    {
                        self.tests.push(module.to_vec());
                        return;
                    }
                    [TokenTree::Group(attribute), after @ ..] if is_for_tests(attribute.stream()) => {
                        at += 1 + self.pass_over(after, module);
                    }
                    [TokenTree::Group(attribute), after @ ..]
                        if attribute.stream().to_string() == "macro_export" =>
                    {
                        self.macros.extend(macro_name(after));
                        at += 1;
                    }
                    _ => {}
                },
                TokenTree::Ident(word) if word == "mod" => {
                    if let [TokenTree::Ident(name), TokenTree::Group(body), ..] = rest {
                        let inner = [module, &[plain(&name.to_string())]].concat();
                        self.read(&body.stream().into_iter().collect::<Vec<_>>(), &inner);
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = rest.iter().position(|token| is(token, ';')).unwrap_or(0);
                    self.tree(rest.get(..end).unwrap_or(&[]), &[], module);
                    at += end;
                }
                TokenTree::Ident(_) => {
                    let begins = at < 3 || !tokens.get(at - 3..at - 1).is_some_and(is_separator);
                    let exported = at > 1 && tokens.get(at - 2).is_some_and(|token| is(token, '$'));
                    let (path, length) = path(tokens.get(at - 1..).unwrap_or(&[]));
                    // A single word is `self`, or `crate` in `pub(crate)`.
                    if begins && path.len() > 1 {
                        self.add(token, &path, module, exported);
                    }
                    at += length - 1;
                }
                TokenTree::Group(group) => {
                    self.read(&group.stream().into_iter().collect::<Vec<_>>(), module);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// A `use` tree below a prefix.
    fn tree(&mut self, tokens: &[TokenTree], prefix: &[String], module: &[String]) {
        for branch in tokens.split(|token| is(token, ',')) {
            let Some(first) = branch.first() else { continue };
            let (names, length) = path(branch);
            let path = [prefix, &names].concat();
            match branch.get(length..) {
                Some([colon, _, TokenTree::Group(group)]) if is(colon, ':') => {
                    self.tree(&group.stream().into_iter().collect::<Vec<_>>(), &path, module);
                }
                // `{self, …}` names the prefix.
                _ => match path.split_last() {
                    Some((last, path)) if last == "self" && !prefix.is_empty() => {
                        self.add(first, path, module, false);
                    }
                    _ => self.add(first, &path, module, false),
                },
            }
        }
    }

    /// Enters a path that begins at `crate`, `super` or `self`.
    fn add(&mut self, token: &TokenTree, path: &[String], module: &[String], exported: bool) {
        let mut at = module.to_vec();
        let mut rest = path.iter();
        match path.first().map(String::as_str) {
            Some("crate") => {
                at.clear();
                rest.next();
            }
            Some("self") => {
                rest.next();
            }
            Some("super") => {
                while rest.as_slice().first().is_some_and(|word| word == "super") {
                    at.pop();
                    rest.next();
                }
            }
            _ => return,
        }
        at.extend(rest.cloned());
        self.paths.push(Import { line: token.span().start().line, path: at, exported });
    }

    /// How many tokens an item for tests has; a module is entered as one for tests.
    fn pass_over(&mut self, tokens: &[TokenTree], module: &[String]) -> usize {
        let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace);
        let head = tokens.iter().take_while(|token| !is(token, ';') && !is_body(token));
        let is_use = head.map(word).any(|word| word == "use");
        let ends = |token: &TokenTree| is(token, ';') || is_body(token) && !is_use;
        let length = tokens.iter().position(ends).map_or(tokens.len(), |place| place + 1);
        let item = tokens.get(..length).unwrap_or(tokens);
        if let Some(place) = item.iter().position(|token| word(token) == "mod") {
            let name = item.get(place + 1).map(word).unwrap_or_default();
            self.tests.push([module, &[name]].concat());
        }
        length
    }
}

/// The names of a path at the start of some tokens, and how many tokens they are.
fn path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let Some(TokenTree::Ident(first)) = tokens.first() else { return (Vec::new(), 0) };
    let mut names = vec![plain(&first.to_string())];
    let mut length = 1;
    while let Some([colon, other, TokenTree::Ident(name)]) = tokens.get(length..length + 3)
        && is_separator(&[colon.clone(), other.clone()])
    {
        names.push(plain(&name.to_string()));
        length += 3;
    }
    (names, length)
}

/// Whether an attribute keeps an item for tests: `cfg(test)`, also with more beside it.
fn is_for_tests(attribute: TokenStream) -> bool {
    match &attribute.into_iter().collect::<Vec<_>>()[..] {
        [TokenTree::Ident(cfg), TokenTree::Group(condition)] if cfg == "cfg" => {
            let condition = condition.stream().to_string();
            condition == "test" || condition.starts_with("all (test")
        }
        _ => false,
    }
}

/// The name of the macro that tokens begin with, perhaps after further attributes.
fn macro_name(tokens: &[TokenTree]) -> Option<String> {
    let place = tokens.iter().position(|token| word(token) == "macro_rules")?;
    tokens.get(place + 2).map(word)
}

/// The word that a token is, or nothing.
fn word(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(ident) => plain(&ident.to_string()),
        _ => String::new(),
    }
}

/// An identifier without the mark of a raw one.
fn plain(ident: &str) -> String {
    ident.trim_start_matches("r#").to_owned()
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Whether two tokens are `::`.
fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second] if is(first, ':') && is(second, ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The paths that a file of the module `a::b` names, with their lines.
    fn found(text: &str) -> Vec<String> {
        let imports = read(text, &names("a::b")).unwrap();
        imports.paths.iter().map(|import| format!("{} {}", import.line, import.path.join("::"))).collect()
    }

    #[test]
    fn trees_are_followed_over_lines_braces_and_other_names() {
        let text = "use crate::{\n    c::{self, D as E, f::{G, h::*}},\n    i,\n};\npub(crate) use super::k as l;\nuse std::fmt;\nuse other::crate_like::X;\n";
        assert_eq!(
            found(text),
            ["2 c", "2 c::D", "2 c::f::G", "2 c::f::h", "3 i", "5 a::k"].map(str::to_owned)
        );
    }

    #[test]
    fn paths_in_code_and_macros_count() {
        let text = "fn f(x: &crate::c::D) -> Vec<super::super::e::F<u8>> {\n    g!(self::h::i(), x as crate::j::K);\n    other::crate_like::f::<crate::l::M>()\n}\n";
        assert_eq!(found(text), ["1 c::D", "1 e::F", "2 a::b::h::i", "2 j::K", "3 l::M"].map(str::to_owned));
    }

    #[test]
    fn comments_strings_visibility_and_receivers_name_nothing() {
        let text = "//! See [`crate::c`].\n/* use crate::d; */\npub(crate) struct A(pub(super) u8);\nimpl A {\n    fn f(self) -> &'static str {\n        let _ = self.0;\n        r#\"use crate::e;\"#\n    }\n}\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_for_tests_only_is_passed_over() {
        let text = "#[cfg(test)]\nuse crate::c::{D, E};\n#[cfg(test)]\nmod tests {\n    use crate::f;\n}\n#[cfg(test)]\nmod elsewhere;\n#[cfg(test)]\nimpl crate::g::H {\n}\n#[cfg(not(test))]\nuse crate::i;\n";
        let imports = read(text, &names("a::b")).unwrap();
        assert_eq!(found(text), ["13 i"]);
        assert_eq!(imports.tests, [names("a::b::tests"), names("a::b::elsewhere")]);
        let whole = read("#![cfg(test)]\nuse crate::c;\n", &names("a")).unwrap();
        assert!(whole.paths.is_empty() && whole.tests == [names("a")]);
    }

    #[test]
    fn modules_within_a_file_have_their_own_place() {
        assert_eq!(
            found("mod c {\n    use super::d;\n    use super::super::e;\n}\n"),
            ["2 a::b::d", "3 a::e"]
        );
    }

    #[test]
    fn exported_macros_are_known_and_what_they_show_is_marked() {
        let text =
            "/// Doc.\n#[macro_export]\n#[allow(x)]\nmacro_rules! m { ($x:expr) => { $crate::n::f($x) } }\n";
        let imports = read(text, &names("a")).unwrap();
        assert_eq!(imports.macros, ["m"]);
        assert_eq!(imports.paths, [Import { line: 4, path: names("n::f"), exported: true }]);
    }
}
