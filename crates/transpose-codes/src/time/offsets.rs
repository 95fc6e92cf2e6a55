/// How much local time is ahead of UTC, from which moment on.
///
/// Moments and offsets are in microseconds. Without offsets local time is UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalOffsets {
    /// The moments at which clocks change, rising, with the offset from then on; the first holds
    /// for everything before it too.
    changes: Vec<(i64, i64)>,
}

impl LocalOffsets {
    /// Offsets that hold from the given moments on, which rise; the first holds before as well.
    pub fn new(changes: Vec<(i64, i64)>) -> Self {
        Self { changes }
    }

    /// Whether nothing is known of local time.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The offset at a moment.
    pub fn at(&self, moment: i64) -> i64 {
        let after = self.changes.partition_point(|(change, _)| *change <= moment);
        self.changes.get(after.saturating_sub(1)).map_or(0, |(_, offset)| *offset)
    }

    /// The local time of a moment, as if it were one of UTC.
    pub fn local(&self, moment: i64) -> i64 {
        moment.saturating_add(self.at(moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_hold_from_their_moment_on() {
        let offsets = LocalOffsets::new(vec![(0, 3), (100, 5)]);
        let local = [i64::MIN, -1, 0, 99, 100, i64::MAX].map(|moment| offsets.at(moment));
        assert_eq!(local, [3, 3, 3, 3, 5, 5]);
        assert_eq!((offsets.local(100), offsets.local(i64::MAX)), (105, i64::MAX));
        assert_eq!(LocalOffsets::default().local(7), 7);
    }
}
