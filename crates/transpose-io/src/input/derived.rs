//! Inputs whose bytes are made from something else than the bytes of a file.

use std::io::{self, Read};
use std::sync::Arc;

use crate::error::IoError;

/// Makes the bytes of an input, as often as it is asked to.
pub trait Source: Send + Sync {
    /// The bytes from the first on. `columns` names the cells of each row, from 0, that will be
    /// looked at, in rising order; the others may be left empty, but for those of the headings.
    /// Without it every cell is wanted.
    ///
    /// A failure while reading may wrap an [`IoError`], which then comes out as it is.
    fn stream(&self, columns: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError>;

    /// Whether the bytes can be made once more: not where they come from a pipe.
    fn repeats(&self) -> Result<bool, IoError> {
        Ok(true)
    }

    /// Whether it costs less to make some columns only.
    fn narrows(&self) -> bool {
        false
    }
}

/// What makes the bytes of an input.
pub(crate) struct DerivedInput {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) container: Box<str>,
}

/// A stream that is begun when its first byte is asked for.
pub(crate) struct DerivedBytes {
    source: Arc<dyn Source>,
    columns: Option<Box<[u32]>>,
    begun: Option<Box<dyn Read + Send>>,
}

impl DerivedBytes {
    pub(crate) fn new(source: Arc<dyn Source>, columns: Option<Box<[u32]>>) -> Self {
        Self { source, columns, begun: None }
    }
}

impl Read for DerivedBytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let begun = match &mut self.begun {
            Some(begun) => begun,
            slot => slot.insert(self.source.stream(self.columns.as_deref())?),
        };
        begun.read(buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use std::io::Cursor;
    use std::sync::Mutex;

    /// Makes rows of three cells and notes what it was asked for.
    #[derive(Default)]
    struct Rows {
        asked: Mutex<Vec<Option<Vec<u32>>>>,
        once: bool,
    }

    impl Source for Rows {
        fn stream(&self, columns: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError> {
            self.asked.lock().unwrap().push(columns.map(<[u32]>::to_vec));
            let wanted = |column| columns.is_none_or(|columns| columns.contains(&column));
            let row = |cell: &str| {
                let cells = [0, 1, 2].map(|column| if wanted(column) { cell } else { "" });
                format!("{}\n", cells.join(","))
            };
            Ok(Box::new(Cursor::new(format!("a,b,c\n{}{}", row("one"), row("two")))))
        }

        fn repeats(&self) -> Result<bool, IoError> {
            Ok(!self.once)
        }

        fn narrows(&self) -> bool {
            true
        }
    }

    fn text(input: &Input) -> String {
        String::from_utf8(input.head(1000).unwrap()).unwrap()
    }

    #[test]
    fn a_restriction_begins_anew() {
        let source = Arc::new(Rows::default());
        let origin = Input::from_bytes("in.x", b"whatever".to_vec());
        let input = Input::from_source(&origin, "x", Arc::clone(&source) as Arc<dyn Source>);
        assert_eq!((input.name(), input.container()), ("in.x", Some("x")));
        assert!(source.asked.lock().unwrap().is_empty());
        assert_eq!(text(&input), "a,b,c\none,one,one\ntwo,two,two\n");
        input.release(20);
        input.restrict(&[1]);
        assert_eq!(text(&input), "a,b,c\n,one,\n,two,\n");
        assert_eq!(input.len(), Some(18));
        assert_eq!(text(&input.again(1).unwrap().unwrap()), "a,b,c\none,one,one\ntwo,two,two\n");
        assert_eq!(*source.asked.lock().unwrap(), [None, Some(vec![1]), None]);
        let once = Input::from_source(&origin, "x", Arc::new(Rows { once: true, ..Rows::default() }));
        assert!(once.again(1).unwrap().is_none());
    }

    struct FailingSource;

    struct FailingReader(IoError);

    impl Read for FailingReader {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.clone().into())
        }
    }

    impl Source for FailingSource {
        fn stream(&self, _: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError> {
            let error = Input::from_bytes("in.x", Vec::new()).refused("the third row is broken".into());
            Ok(Box::new(Cursor::new(b"a,b\n").chain(FailingReader(error))))
        }
    }

    #[test]
    fn a_failure_keeps_its_cause() {
        let origin = Input::from_bytes("in.x", Vec::new());
        let input = Input::from_source(&origin, "x", Arc::new(FailingSource));
        let error = input.head(100).unwrap_err();
        assert!(
            matches!(error.kind(), crate::IoErrorKind::Refused(cause) if cause.to_string() == "the third row is broken")
        );
    }
}
