//! Codes: every kind of diagnostic, declared once.

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Suspicious, or repaired.
    Warning,
    /// Wrong.
    Error,
}

impl Severity {
    /// The word used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of diagnostic. Codes are never reused.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Family letters and four digits, such as `SHT0104`.
    pub id: &'static str,
    /// The problem in a few words, such as `impossible-date`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means and where the rule comes from.
    pub about: &'static str,
    /// What to do about it; the help of a diagnostic that has none of its own.
    pub help: &'static str,
}

/// A code of a crate that is linked in.
pub struct RegisteredCode(pub &'static Code);
inventory::collect!(RegisteredCode);

/// Declares codes and registers them for `transpose explain`.
///
/// ```
/// transpose_core::codes! {
///     /// A cell that should hold a date holds something else.
///     pub IMPOSSIBLE_DATE: "XXX0001" "impossible-date" Error
///         "The cell looks like a date, but no calendar has that day."
///         "Correct the date in the source."
/// }
/// # fn main() { assert_eq!(IMPOSSIBLE_DATE.id, "XXX0001"); }
/// ```
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $vis:vis $name:ident: $id:literal $short:literal $severity:ident $about:literal $help:literal)*) => {
        $(
            $(#[$doc])*
            $vis static $name: $crate::diagnostics::Code = $crate::diagnostics::Code {
                id: $id,
                name: $short,
                severity: $crate::diagnostics::Severity::$severity,
                about: $about,
                help: $help,
            };
            $crate::inventory::submit! { $crate::diagnostics::RegisteredCode(&$name) }
        )*
    };
}
