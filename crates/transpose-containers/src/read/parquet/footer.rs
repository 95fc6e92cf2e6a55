//! How deeply the description at the end of a Parquet file is nested, found out before a library
//! follows it: a schema of thousands of levels would overflow the stack of whatever recurses.
//!
//! The description is in Thrift's compact protocol. Of it only the shape is read, and of schema
//! elements the number of their children.

/// The most levels of structs and lists inside each other; real files have six.
const MOST_NESTED: usize = 32;

/// The most levels of a schema.
const MOST_LEVELS: usize = 64;

/// The numbers of the fields that are looked at: the schema of a file, the children of an element.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// Why a description is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FooterError {
    /// It ends early, or is none.
    Damaged,
    /// It is nested more deeply than anything real.
    TooDeep,
}

/// Checks a description.
pub(super) fn check(footer: &[u8]) -> Result<(), FooterError> {
    let mut thrift = Thrift { rest: footer };
    let mut children = Vec::new();
    thrift.structure(0, &mut |thrift, field, kind| {
        if field != SCHEMA || kind != Kind::LIST {
            return Ok(false);
        }
        let (len, kind) = thrift.list()?;
        if kind != Kind::STRUCT {
            return Err(FooterError::Damaged);
        }
        for _ in 0..len {
            let mut count = 0;
            thrift.structure(1, &mut |thrift, field, kind| {
                if field != CHILDREN || kind != Kind::I32 {
                    return Ok(false);
                }
                count = thrift.signed()?;
                Ok(true)
            })?;
            children.push(count);
        }
        Ok(true)
    })?;
    levels(&children)
}

/// Checks the levels of a schema that is given depth first, by the numbers of children.
fn levels(children: &[i64]) -> Result<(), FooterError> {
    // How many elements are still to come on each level.
    let mut open: Vec<i64> = Vec::new();
    for count in children {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if *count > 0 {
            open.push(*count);
        }
        if open.len() > MOST_LEVELS {
            return Err(FooterError::TooDeep);
        }
    }
    Ok(())
}

/// The types of values in the compact protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind(u8);

impl Kind {
    const I32: Self = Self(5);
    const LIST: Self = Self(9);
    const STRUCT: Self = Self(12);
}

/// Looks at a field of a struct by its number; `true` where it has read the value.
type Look<'a> = &'a mut dyn FnMut(&mut Thrift<'_>, i64, Kind) -> Result<bool, FooterError>;

struct Thrift<'a> {
    rest: &'a [u8],
}

impl Thrift<'_> {
    fn byte(&mut self) -> Result<u8, FooterError> {
        let (first, rest) = self.rest.split_first().ok_or(FooterError::Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    fn skip_bytes(&mut self, len: u64) -> Result<(), FooterError> {
        let len = usize::try_from(len).map_err(|_| FooterError::Damaged)?;
        self.rest = self.rest.get(len..).ok_or(FooterError::Damaged)?;
        Ok(())
    }

    fn unsigned(&mut self) -> Result<u64, FooterError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(FooterError::Damaged)
    }

    fn signed(&mut self) -> Result<i64, FooterError> {
        let number = self.unsigned()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The length of a list and the type of its elements.
    fn list(&mut self) -> Result<(u64, Kind), FooterError> {
        let head = self.byte()?;
        let len = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
        // Each element has a byte at least.
        if len > self.rest.len() as u64 {
            return Err(FooterError::Damaged);
        }
        Ok((len, Kind(head & 0x0f)))
    }

    fn structure(&mut self, depth: usize, look: Look<'_>) -> Result<(), FooterError> {
        if depth > MOST_NESTED {
            return Err(FooterError::TooDeep);
        }
        let mut field = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            field = match head >> 4 {
                0 => self.signed()?,
                delta => field + i64::from(delta),
            };
            let kind = Kind(head & 0x0f);
            if !look(self, field, kind)? {
                // Whether a field is true is in its type.
                self.value(kind, depth + 1, false)?;
            }
        }
    }

    fn value(&mut self, kind: Kind, depth: usize, in_list: bool) -> Result<(), FooterError> {
        match kind.0 {
            1 | 2 => self.skip_bytes(u64::from(in_list)),
            3 => self.skip_bytes(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let len = self.unsigned()?;
                self.skip_bytes(len)
            }
            9 | 10 => {
                let (len, kind) = self.list()?;
                self.values(len, &[kind], depth)
            }
            11 => {
                let len = self.unsigned()?;
                if len == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                self.values(len, &[Kind(kinds >> 4), Kind(kinds & 0x0f)], depth)
            }
            12 => self.structure(depth, &mut |_, _, _| Ok(false)),
            _ => Err(FooterError::Damaged),
        }
    }

    fn values(&mut self, len: u64, kinds: &[Kind], depth: usize) -> Result<(), FooterError> {
        if depth > MOST_NESTED {
            return Err(FooterError::TooDeep);
        }
        for _ in 0..len {
            for kind in kinds {
                self.value(*kind, depth + 1, true)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_a_schema_are_counted() {
        // A root with two groups of two leaves.
        assert_eq!(levels(&[2, 2, 0, 0, 2, 0, 0]), Ok(()));
        // Many groups beside each other are not deep.
        let mut wide = vec![1000];
        wide.extend((0..1000).flat_map(|_| [1, 0]));
        assert_eq!(levels(&wide), Ok(()));
        assert_eq!(levels(&[1; 64]), Ok(()));
        assert_eq!(levels(&[1; 65]), Err(FooterError::TooDeep));
    }

    #[test]
    fn structs_in_structs_end_somewhere() {
        // Field 1, a struct, again and again.
        let deep = [0x1c; 100];
        assert_eq!(check(&deep), Err(FooterError::TooDeep));
        let lists = [0x19; 100];
        assert_eq!(check(&[&[0x19][..], &lists].concat()), Err(FooterError::TooDeep));
        for cut in [&[0x1c][..], &[0x15], &[0x18, 0x09], &[]] {
            assert_eq!(check(cut), Err(FooterError::Damaged), "{cut:?}");
        }
    }

    #[test]
    fn real_descriptions_pass() {
        let bytes = include_bytes!("../../../tests/files/log.parquet");
        let tail = bytes.len() - 8;
        let len = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
        assert_eq!(check(&bytes[tail - len..tail]), Ok(()));
        assert_eq!(check(&bytes[tail - len..tail - 1]), Err(FooterError::Damaged));
    }
}
