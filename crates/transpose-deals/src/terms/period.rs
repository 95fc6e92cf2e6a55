//! Which period is reported.

use crate::agreement::Agreement;
use crate::figures::{Figures, same_days};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};

transpose_core::codes! {
    /// The reporting period is not decided.
    pub(crate) UNDECIDED_PERIOD: "DEA0303" "undecided-period" Error
        "The figures hold several periods, and neither the agreement nor the command says which one is reported."
        "Give `--period`, or write `period` under `[message]` in the agreement."
    /// The figures have no row for the period.
    pub(crate) NO_FIGURES_FOR_PERIOD: "DEA0304" "no-figures-for-period" Error
        "The figures have rows, but none for the reporting period."
        "Add the rows of the period to the figures, or correct `--period`."
}

/// Chooses the period: the command's, the agreement's, or the only one of the figures.
pub(super) fn decide(
    agreement: &Agreement,
    figures: Option<&Figures>,
    given: Option<Period>,
) -> Result<Option<Period>, Fatal> {
    let stated = given.or(agreement.period);
    let Some(figures) = figures else { return Ok(stated) };
    let place = Location { source: Some(figures.source.as_str().into()), ..Location::default() };
    let periods = figures.periods();
    let list = periods.iter().map(|period| format!("`{period}`")).collect::<Vec<_>>().join(", ");
    let Some(period) = stated else {
        return match periods.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            [first, ..] => {
                let message = format!("the figures hold several periods: {list}");
                let help = format!(
                    "give the one to report, such as `--period {first}`, or write `period` under `[message]` in {}",
                    agreement.source
                );
                Err(Fatal::usage(Diagnostic::new(&UNDECIDED_PERIOD, place, message).help(help)))
            }
        };
    };
    if figures.rows.iter().any(|row| row.covers(Some(period))) {
        return Ok(Some(period));
    }
    let message = format!("the figures have no row for {period}, only for {list}");
    let near = periods.iter().find(|other| !same_days(**other, period));
    let wrong =
        if given.is_some() { "`--period`".to_owned() } else { format!("`period` in {}", agreement.source) };
    let help = near.map_or_else(
        || format!("add rows for {period}"),
        |near| {
            format!("add rows for {period} to {}, or correct {wrong}, for example to {near}", figures.source)
        },
    );
    Err(Fatal::usage(Diagnostic::new(&NO_FIGURES_FOR_PERIOD, place, message).help(help)))
}
