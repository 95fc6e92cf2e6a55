//! `--deny loss`: the fields that a conversion may not lose.

use crate::diagnostics::{argument_error, unknown_field};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::Field;

/// The loss that makes a conversion fail.
#[derive(clap::Args)]
pub(crate) struct LossOptions {
    /// Fail if any field (or one of these fields or groups of fields) would be lost: `loss`,
    /// `loss=recording,release.grid`
    #[arg(long, value_name = "loss[=FIELD,...]", value_parser = denial)]
    deny: Vec<DeniedLosses>,
}

/// Fields that may not be lost; an empty list stands for every field.
type DeniedLosses = Vec<String>;

impl LossOptions {
    /// The fields that may not be lost: `None` allows every loss, an empty list allows none.
    pub(crate) fn denied(&self) -> Result<Option<Vec<String>>, Fatal> {
        if self.deny.is_empty() {
            return Ok(None);
        }
        if self.deny.iter().any(Vec::is_empty) {
            return Ok(Some(Vec::new()));
        }
        let fields: Vec<String> = self.deny.iter().flatten().cloned().collect();
        for name in &fields {
            let within = |field: Field| {
                field.id().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
            };
            // Names with capitals are cells that only their own family of formats knows, so they
            // cannot be checked here.
            let cell = name.chars().any(char::is_uppercase);
            if !cell && Field::by_id(name).is_none() && !Field::all().any(within) {
                let message = format!("`--deny loss` names `{name}`, which is no field");
                return Err(unknown_field(argument_error(message), name));
            }
        }
        Ok(Some(fields))
    }
}

/// `loss` or `loss=FIELD,...`.
fn denial(text: &str) -> Result<DeniedLosses, String> {
    match text.split_once('=') {
        None if text == "loss" => Ok(Vec::new()),
        Some(("loss", fields)) => {
            let fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).collect();
            if fields.iter().any(String::is_empty) {
                return Err("expected fields separated by commas after `loss=`".into());
            }
            Ok(fields)
        }
        _ => Err("expected `loss` or `loss=FIELD,...`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loss_can_be_denied() {
        assert_eq!(denial("loss"), Ok(Vec::new()));
        assert_eq!(denial("loss=a, b"), Ok(vec!["a".to_owned(), "b".into()]));
        assert!(denial("gain").is_err() && denial("loss=").is_err() && denial("loss=a,,b").is_err());
    }
}
