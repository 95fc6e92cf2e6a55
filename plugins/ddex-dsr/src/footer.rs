//! What the footers of messages count, by the names of their cells.

use transpose_records::spec::CellSpec;

/// What a cell of a footer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FooterCount {
    LinesInFile,
    /// Filled in the last file of a message only, as is [`Self::BlocksInMessage`].
    LinesInMessage,
    SummaryRecords,
    BlocksInFile,
    BlocksInMessage,
}

impl FooterCount {
    /// What a cell counts; nothing for the record type.
    pub(crate) fn of(cell: &CellSpec) -> Option<Self> {
        Some(match cell.name {
            "NumberOfLinesInFile" => Self::LinesInFile,
            "NumberOfLinesInReport" => Self::LinesInMessage,
            "NumberOfSummaryRecords" => Self::SummaryRecords,
            "NumberOfBlocksInFile" => Self::BlocksInFile,
            // The last count has had another name.
            "NumberOfBlocksInReport" | "NumberOfBlocksInRecord" => Self::BlocksInMessage,
            _ => return None,
        })
    }

    /// Whether it counts what the whole message has.
    pub(crate) const fn is_of_message(self) -> bool {
        matches!(self, Self::LinesInMessage | Self::BlocksInMessage)
    }
}
