//! Party ids as `Namespace::Id`, such as `ISNI::0000000081266409`
//! or `myns::4534`.

use crate::ParsedCode;
use crate::isni::{Isni, IsniError};
use std::fmt;

/// A party id, borrowed from the text it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId<'a> {
    namespace: &'a str,
    id: &'a str,
    isni: Option<Isni>,
}

impl<'a> PartyId<'a> {
    /// Reads `Namespace::Id`; spaces around the parts are dropped, and an ISNI is checked
    /// and compacted.
    pub fn parse(text: &'a str) -> Result<ParsedCode<Self>, PartyIdError> {
        // The fast path: most party ids are canonical ISNIs.
        if let Some(id) = text.strip_prefix("ISNI::")
            && let Some(isni) = Isni::canonical(id)
        {
            return Ok(ParsedCode {
                code: Self { namespace: "ISNI", id, isni: Some(isni) },
                normalised: false,
            });
        }
        if text.trim().is_empty() {
            return Err(PartyIdError::Empty);
        }
        let Some((left, right)) = text.split_once("::") else { return Err(PartyIdError::NoNamespace) };
        let (namespace, id) = (left.trim(), right.trim());
        if namespace.is_empty() {
            return Err(PartyIdError::EmptyNamespace);
        }
        if id.is_empty() {
            return Err(PartyIdError::EmptyId);
        }
        if id.contains("::") {
            return Err(PartyIdError::ManyIds);
        }
        if text.chars().any(char::is_control) {
            return Err(PartyIdError::Control);
        }
        let mut normalised = left.len() != namespace.len() || right.len() != id.len();
        let mut code = Self { namespace, id, isni: None };
        if namespace.eq_ignore_ascii_case("ISNI") {
            let isni = Isni::parse(id).map_err(PartyIdError::Isni)?;
            normalised |= isni.normalised || namespace != "ISNI";
            code = Self { namespace: "ISNI", id, isni: Some(isni.code) };
        }
        Ok(ParsedCode { code, normalised })
    }

    /// The namespace: who assigns the ids, such as `ISNI`, `IPI` or a name the parties agreed.
    pub const fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// The id inside its namespace, canonical when it is an ISNI.
    pub fn id(&self) -> &str {
        self.isni.as_ref().map_or(self.id, Isni::as_str)
    }

    /// The ISNI, when that is the namespace.
    pub const fn isni(&self) -> Option<Isni> {
        self.isni
    }
}

impl fmt::Display for PartyId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.namespace, self.id())
    }
}

/// Why a text is not a party id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartyIdError {
    /// There is no text.
    Empty,
    /// There is no `::`.
    NoNamespace,
    /// There is nothing before the `::`.
    EmptyNamespace,
    /// There is nothing after the `::`.
    EmptyId,
    /// There is a second `::`.
    ManyIds,
    /// There is a control character.
    Control,
    /// The namespace is ISNI and the id is not one.
    Isni(IsniError),
}

impl fmt::Display for PartyIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the party id is empty, expected `Namespace::Id`"),
            Self::NoNamespace => f.write_str("the party id has no namespace, expected `Namespace::Id`"),
            Self::EmptyNamespace => f.write_str("the namespace before `::` is empty"),
            Self::EmptyId => f.write_str("the id after `::` is empty"),
            Self::ManyIds => f.write_str("the party id has more than one `::`, expected one id"),
            Self::Control => f.write_str("the party id holds a control character"),
            Self::Isni(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PartyIdError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Isni(error) = self { Some(error) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_namespace_and_id() {
        for (text, canonical, normalised) in [
            ("myns::4534", "myns::4534", false),
            ("ISNI::0000000081266409", "ISNI::0000000081266409", false),
            ("isni :: 0000 0000 8126 6409", "ISNI::0000000081266409", true),
            ("IPI:: 00014107338", "IPI::00014107338", true),
            ("a::b:c", "a::b:c", false),
        ] {
            let parsed = PartyId::parse(text).unwrap();
            assert_eq!(
                (parsed.code.to_string().as_str(), parsed.normalised),
                (canonical, normalised),
                "{text}"
            );
        }
        let code = PartyId::parse("ISNI::0000 0000 8126 6409").unwrap().code;
        assert_eq!((code.namespace(), code.id()), ("ISNI", "0000000081266409"));
        assert_eq!(code.isni().unwrap().as_str(), "0000000081266409");
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", PartyIdError::Empty),
            ("  ", PartyIdError::Empty),
            ("4534", PartyIdError::NoNamespace),
            ("PADPIDA2008120501W", PartyIdError::NoNamespace),
            ("IPI:123", PartyIdError::NoNamespace),
            ("::4534", PartyIdError::EmptyNamespace),
            ("ns::", PartyIdError::EmptyId),
            ("::", PartyIdError::EmptyNamespace),
            ("a::b::c", PartyIdError::ManyIds),
            ("a::b\tc", PartyIdError::Control),
            ("ISNI::12", PartyIdError::Isni(IsniError::Length(2))),
        ] {
            assert_eq!(PartyId::parse(text), Err(error), "{text}");
        }
    }
}
