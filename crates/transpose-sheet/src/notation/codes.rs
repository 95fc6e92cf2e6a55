//! Tables of codes: what a file says for what the model says.

/// A table of codes.
#[derive(Clone, Debug)]
pub(crate) struct CodeTable {
    /// What the file says and what the model says, in the order of the layout.
    pub(crate) pairs: Vec<(Box<str>, Box<str>)>,
}

impl CodeTable {
    /// What a code means.
    pub(crate) fn meaning(&self, code: &[u8]) -> Option<&str> {
        let exact = self.pairs.iter().find(|(known, _)| known.as_bytes() == code);
        let any = || self.pairs.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(code));
        exact.or_else(any).map(|(_, value)| &**value)
    }

    /// The first code that means a value.
    pub(crate) fn code(&self, value: &[u8]) -> Option<&str> {
        let means = |known: &str| known.as_bytes().eq_ignore_ascii_case(value);
        self.pairs.iter().find(|(_, known)| means(known)).map(|(code, _)| &**code)
    }
}
