//! User-centric: what each user paid goes to whom that user played.

use super::number::{Exact, quotient, sum, whole};

/// What becomes of the fee of a user who played nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdleUsers {
    /// It is shared by all plays of the service.
    ProRata,
    /// Nobody gets it.
    Unallocated,
}

/// The recipient's part of the fees of users who played: for each user the plays of the recipient
/// and all plays of that user. Users without plays are passed over.
pub(crate) fn centric<'a>(
    fee: &Exact,
    rate: &Exact,
    users: impl IntoIterator<Item = &'a (i128, i128)>,
) -> Exact {
    let shares: Vec<Exact> =
        users.into_iter().filter_map(|(plays, all)| quotient(&whole(*plays), &whole(*all))).collect();
    fee * rate * sum(&shares)
}
