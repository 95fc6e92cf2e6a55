//! Rows that cannot be converted, on their way into the report.

use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Reject};
use transpose_core::model::EventRow;

/// A row that cannot be converted.
pub(crate) fn rejected(row: &EventRow, diagnostic: Diagnostic) -> Reject {
    let (plays, micros) = (u64::from(row.plays), row.micros);
    Reject { start: row.start, len: row.len, diagnostic, plays, micros }
}

/// Puts rejected rows into the report.
pub(crate) fn report_rejects(rejects: &[Reject], report: &mut RunReport) {
    for reject in rejects {
        report.ledger.read.play(1, reject.plays, i128::from(reject.micros));
        report.ledger.rejected(reject.diagnostic.code).play(1, reject.plays, i128::from(reject.micros));
        report.diagnostics.push(reject.diagnostic.clone());
    }
}
