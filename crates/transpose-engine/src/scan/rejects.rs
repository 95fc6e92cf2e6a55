//! Rows that cannot be converted, on their way into the report.

use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Reject};
use transpose_core::model::EventRow;

/// A row that cannot be converted; `returned` says whether it takes a sale back.
pub(crate) fn rejected(row: &EventRow, diagnostic: Diagnostic, returned: bool) -> Reject {
    let count = u64::from(row.plays);
    let (plays, returns) = if returned { (0, count) } else { (count, 0) };
    Reject { start: row.start, len: row.len, diagnostic, plays, returns, micros: row.micros }
}

/// Puts rejected rows into the report.
pub(crate) fn report_rejects(rejects: &[Reject], report: &mut RunReport) {
    for reject in rejects {
        let ledger = &mut report.ledger;
        ledger.read.play(1, reject.plays, i128::from(reject.micros));
        ledger.read.returns.add_count(reject.returns);
        let rejected = ledger.rejected(reject.diagnostic.code);
        rejected.play(1, reject.plays, i128::from(reject.micros));
        rejected.returns.add_count(reject.returns);
        report.diagnostics.push(reject.diagnostic.clone());
    }
}
