//! `transpose schedule`: when reports are due.

use crate::arguments::{self, DataForm};
use crate::diagnostics::{WithHelp as _, usage_error};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::text::table;
use serde_json::{Value, json};
use transpose_codes::bank_holidays::{Region, YEARS, bank_holidays, day_of_next_month, report_due};
use transpose_codes::time::{Date, Period, PeriodForm};
use transpose_core::diagnostics::Fatal;

transpose_core::codes! {
    /// A period without a known due date.
    pub(crate) NO_SCHEDULE: "CLI0301" "no-due-date" Error
        "Due dates follow from the bank holidays of the United Kingdom, which are known for the years 2000 to 2100."
        "Ask for a period whose report is due in these years."
}

/// Shows when client usage reports are due
///
/// The 10th of the month after the period, or the next working day in the UK: no Saturday, no
/// Sunday, no bank holiday of England and Wales, or of the part that `--region` names. Refunds
/// count for a month until 00:00 UTC on the 4th of the next. Years and quarters are listed month by
/// month.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose schedule --period 2026-10
  transpose schedule --period 2026 --period 2027 --json
  transpose schedule --period 2027 --region scotland")]
pub(crate) struct Schedule {
    /// The reporting period, such as `2026-10`, `2026-W41`, `2026-10-05` or `2026`; may be repeated
    #[arg(long, value_name = "PERIOD", value_parser = arguments::period, required = true)]
    period: Vec<Period>,
    /// The part of the UK whose bank holidays count
    #[arg(long, value_enum, default_value = "england-and-wales")]
    region: Part,
    #[command(flatten)]
    form: DataForm,
}

/// A part of the United Kingdom, as the command line names it.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Part {
    EnglandAndWales,
    Scotland,
    NorthernIreland,
}

impl From<Part> for Region {
    fn from(part: Part) -> Self {
        match part {
            Part::EnglandAndWales => Self::EnglandAndWales,
            Part::Scotland => Self::Scotland,
            Part::NorthernIreland => Self::NorthernIreland,
        }
    }
}

/// The due dates of a period.
struct DueReport {
    period: Period,
    refunds_until: Date,
    on: Date,
    /// Why it is not the 10th.
    why: String,
}

impl Schedule {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let region = self.region.into();
        let mut rows = Vec::new();
        for period in self.period {
            for part in months(period) {
                rows.push(due(region, part)?);
            }
        }
        self.form.print(messages, || object(&rows), || text(&rows))?;
        Ok(Exit::Done)
    }
}

fn object(rows: &[DueReport]) -> Value {
    let rows = rows.iter().map(|row| {
        json!({
            "period": row.period.to_string(), "ends": row.period.last().to_string(),
            "refunds-until": format!("{}T00:00:00Z", row.refunds_until),
            "due": row.on.to_string(), "weekday": weekday(row.on),
            "why": Some(&row.why).filter(|why| !why.is_empty()),
        })
    });
    rows.collect()
}

fn text(rows: &[DueReport]) -> String {
    let head = ["period", "ends", "refunds until", "due", "", "why"].map(str::to_owned).to_vec();
    let rows = rows.iter().map(|row| {
        vec![
            row.period.to_string(),
            row.period.last().to_string(),
            format!("{} 00:00 UTC", row.refunds_until),
            row.on.to_string(),
            weekday(row.on).to_owned(),
            row.why.clone(),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    table(0, &[], &rows)
}

/// The periods that are reported one by one.
fn months(period: Period) -> Vec<Period> {
    if !matches!(period.form(), PeriodForm::Year | PeriodForm::Quarter) {
        return vec![period];
    }
    let year = period.first().year();
    let months = period.first().month()..=period.last().month();
    months.filter_map(|month| Period::parse(&format!("{year:04}-{month:02}")).ok()).collect()
}

fn due(region: Region, period: Period) -> Result<DueReport, Fatal> {
    let dates = || {
        let (tenth, until) = (day_of_next_month(period.last(), 10)?, day_of_next_month(period.last(), 4)?);
        Some((tenth, until, report_due(region, period)?))
    };
    let (tenth, refunds_until, due) = dates().ok_or_else(|| {
        let (first, last) = (YEARS.start(), YEARS.end());
        usage_error(&NO_SCHEDULE, format!("it is unknown when the report of {period} is due"))
            .with_help(format!("Due dates are known from {first} to {last}."))
    })?;
    Ok(DueReport { period, refunds_until, on: due, why: why(region, tenth, due) })
}

/// Why a report is not due on the 10th: the weekends and holidays in between.
fn why(region: Region, tenth: Date, due: Date) -> String {
    let holidays = bank_holidays(region, tenth.year());
    let days = (tenth.days_since_epoch()..due.days_since_epoch()).filter_map(Date::from_days);
    let reasons = days.map(|date| {
        let holiday = holidays.iter().find(|holiday| holiday.date == date);
        format!("{:02} {}", date.day(), holiday.map_or(weekday(date), |holiday| holiday.name))
    });
    reasons.collect::<Vec<_>>().join(", ")
}

fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        1 => "Monday",
        2 => "Tuesday",
        3 => "Wednesday",
        4 => "Thursday",
        5 => "Friday",
        6 => "Saturday",
        _ => "Sunday",
    }
}
