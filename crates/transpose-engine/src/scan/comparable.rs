//! Cells in the form in which they are compared.

use transpose_core::diagnostics::Severity;
use transpose_core::format::EventDecoder;
use transpose_core::model::Field;

/// Puts the form in which a cell is compared into `out`: its value in the notation of the model,
/// codes whatever their spelling. What cannot be understood is compared as it is. Answers whether
/// there is a value.
pub(crate) fn comparable_cell(
    decoder: &dyn EventDecoder,
    field: Field,
    raw: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let present = match decoder.canonical_cell(field, raw, out) {
        Ok(present) => present,
        // It was read, with a remark.
        Err(diagnostic) if diagnostic.code.severity < Severity::Error && !out.is_empty() => true,
        Err(_) => {
            out.clear();
            out.extend_from_slice(raw);
            true
        }
    };
    if let Some(system) = field.spec().kind.code_system().filter(|_| present) {
        system.make_comparable(out);
    }
    present
}
