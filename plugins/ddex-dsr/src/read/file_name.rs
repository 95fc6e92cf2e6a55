//! What the name of a file says, compared with its header (ARCH-110 to ARCH-119).
//!
//! `DSR_Recipient_Sender_Service_Period_Territory_xofy_Created.tsv`. Parties may agree on other
//! names, so nothing here is more than a warning but a file number beyond the number of files.

use crate::diagnostics;
use crate::names::{clean, compact};
use std::sync::Arc;
use transpose_codes::PartialDate;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Code, Diagnostic, Location, shown};
use transpose_core::format::Preamble;
use transpose_core::model::Field;

/// The elements of a name, without `DSR` and the extension.
struct Elements<'a> {
    recipient: &'a str,
    sender: &'a str,
    service: &'a str,
    period: &'a str,
    part: Option<&'a str>,
    created: &'a str,
}

/// The name without its extensions.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let extension = name.rsplit_once('.').filter(|(_, extension)| matches!(*extension, "tsv" | "txt"));
    extension.map_or(name, |(stem, _)| stem)
}

fn elements(name: &str) -> Option<Elements<'_>> {
    let parts: Vec<&str> = stem(name).strip_prefix("DSR_")?.split('_').collect();
    // A single file may do without its number; some writers drop the underscore too (ARCH-112).
    let [recipient, sender, service, period, _territory, rest @ ..] = parts.as_slice() else { return None };
    let (part, created) = match rest {
        [created] | ["", created] => (None, *created),
        [part, created] => (Some(*part), *created),
        _ => return None,
    };
    Some(Elements { recipient, sender, service, period, part, created })
}

fn numbers(part: &str) -> Option<(u32, u32)> {
    let (x, y) = part.split_once("of")?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

/// The first and last day of a period as it is in a name.
fn days(period: &str) -> Option<(transpose_codes::Date, transpose_codes::Date)> {
    let parsed = Period::parse(period).ok()?;
    Some((parsed.first(), parsed.last()))
}

/// Whether two names mean the same, whatever dashes join them.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| clean(text).replace('\u{2010}', "-");
    plain(one).eq_ignore_ascii_case(&plain(other))
}

/// Compares the name of a file with its header.
pub(super) fn check(name: &str, preamble: &Preamble, source: &Arc<str>, diagnostics: &mut Vec<Diagnostic>) {
    let mut reported = |code: &'static Code, message: String| {
        let place = Location { source: Some(source.clone()), ..Location::default() };
        diagnostics.push(Diagnostic::new(code, place, message).value(name.as_bytes()));
    };
    if stem(name).contains(' ') {
        reported(&diagnostics::NAME_SPACE, "the name of the file has a space".into());
    }
    let Some(found) = elements(name) else {
        reported(&diagnostics::NAME_FORM, "the name of the file is not made as the standard says".into());
        return;
    };
    let header = &preamble.header;
    let is_one_of = |text: &str, fields: &[Field]| {
        let mut values = fields.iter().filter_map(|field| header.text(*field)).peekable();
        values.peek().is_none() || values.any(|value| same(value, text))
    };
    let recipient = [Field::RECIPIENT_ID, Field::RECIPIENT_NAME, Field::REPERTOIRE];
    if !found.recipient.is_empty() && !is_one_of(found.recipient, &recipient) {
        reported(
            &diagnostics::NAME_PARTY,
            format!(
                "the name says the recipient is `{}`, the header does not",
                shown(found.recipient.as_bytes())
            ),
        );
    }
    let channel = preamble.contexts.iter().any(|context| {
        [Field::CHANNEL, Field::CHANNEL_ID]
            .iter()
            .filter_map(|field| context.text(*field))
            .any(|value| same(value, found.sender))
    });
    if !channel && !is_one_of(found.sender, &[Field::SENDER_ID, Field::SENDER_NAME]) {
        reported(
            &diagnostics::NAME_PARTY,
            format!("the name says the sender is `{}`, the header does not", shown(found.sender.as_bytes())),
        );
    }
    let services = preamble.contexts.iter().filter_map(|context| context.text(Field::SERVICE));
    let tiers =
        found.service.split('\u{2010}').all(|tier| services.clone().any(|service| same(service, tier)));
    if !is_one_of(found.service, &[Field::SERVICE_DESCRIPTION]) && !tiers {
        reported(
            &diagnostics::NAME_SERVICE,
            format!(
                "the name says the service is `{}`, the header does not",
                shown(found.service.as_bytes())
            ),
        );
    }
    period(found.period, preamble, &mut reported);
    match found.part.map(|part| (part, numbers(part))) {
        None => {
            if let Some(part) = preamble.part.filter(|part| part.of > 1) {
                reported(
                    &diagnostics::NAME_FORM,
                    format!("the name does not say that it is file {} of {}", part.number, part.of),
                );
            }
        }
        Some((part, None)) => {
            reported(
                &diagnostics::NAME_FORM,
                format!("`{}` in the name is not of the form `1of3`", shown(part.as_bytes())),
            );
        }
        Some((_, Some((x, y)))) if x == 0 || x > y => {
            reported(&diagnostics::NAME_NUMBER, format!("the name says file {x} of {y}"));
        }
        Some((_, Some((x, y)))) => {
            if let Some(part) = preamble.part.filter(|part| (part.number, part.of) != (x, y)) {
                reported(
                    &diagnostics::NAME_NUMBER,
                    format!("the name says file {x} of {y}, the header file {} of {}", part.number, part.of),
                );
            }
        }
    }
    if let Some(created) = header.text(Field::CREATED)
        && found.created.get(..15) != compact(created).get(..15)
    {
        reported(
            &diagnostics::NAME_CREATED,
            format!(
                "the name says it was made at `{}`, the header at `{}`",
                shown(found.created.as_bytes()),
                shown(created.as_bytes())
            ),
        );
    }
}

fn period(text: &str, preamble: &Preamble, reported: &mut dyn FnMut(&'static Code, String)) {
    let Some((first, last)) = days(text) else {
        reported(&diagnostics::NAME_PERIOD, format!("`{}` in the name is no period", shown(text.as_bytes())));
        return;
    };
    let day = |field| preamble.header.text(field).and_then(|text| PartialDate::parse(text).ok());
    if let (Some(start), Some(end)) = (day(Field::PERIOD_START), day(Field::PERIOD_END))
        && (start.first() < first || end.last() > last)
    {
        reported(
            &diagnostics::NAME_PERIOD_RANGE,
            format!(
                "the period `{}` of the name does not cover {start} to {end} of the header",
                shown(text.as_bytes())
            ),
        );
    }
}
