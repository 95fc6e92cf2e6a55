//! `transpose init`: templates of side files, filled in from reports if there are any.

use crate::arguments::{InputFormat, InputOptions, TextOutput, Threads};
use crate::exit::{Exit, Stop};
use crate::messages::Messages;
use crate::open;
use std::collections::BTreeSet;
use std::path::PathBuf;
use transpose_codes::time::{Date, Period, PeriodForm, Timestamp};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{Entity, Field};
use transpose_deals::job::template_job;
use transpose_deals::{Sample, template_agreement, template_figures, template_rules};
use transpose_engine::inspect::survey;
use transpose_sheet::template_layout;

/// Writes a commented template of a side file
#[derive(clap::Args)]
#[command(mut_arg("from", |arg| arg.help("The format of the reports, where the content does not decide")))]
#[command(after_help = "\
Examples:
  transpose init agreement > agreement.toml
  transpose init agreement examples/northwind/subscription-2026-10.csv -o agreement.toml
  transpose init figures examples/northwind/subscription-2026-10.csv -o figures.csv
  transpose init job examples/northwind/subscription-2026-10.csv -o job.toml
  transpose init rules -o rules.toml
  transpose init layout -o my-label.toml

With reports, the file names their plans, services, territories and period, so that it works on them as it stands.")]
pub(crate) struct Init {
    /// The side file
    what: SideFileKind,
    /// Reports that the template should fit
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    input_format: InputFormat,
    #[command(flatten)]
    output: TextOutput,
    #[command(flatten)]
    input_options: InputOptions,
    #[command(flatten)]
    threads: Threads,
}

/// The kinds of side files.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SideFileKind {
    /// Parties, sales contexts, qualifying plays
    Agreement,
    /// Revenue and subscribers of a period
    Figures,
    /// Rules of a partner, for `validate`
    Rules,
    /// Many reports from one reading, for `run`
    Job,
    /// A partner's table, for `--layout`; `transpose layout infer` makes one from a sample
    Layout,
}

impl Init {
    pub(crate) fn run(self, messages: &Messages) -> Result<Exit, Stop> {
        let sample = self.sample()?;
        let text = match self.what {
            SideFileKind::Agreement => template_agreement(&sample),
            SideFileKind::Figures => template_figures(&sample),
            SideFileKind::Rules => template_rules().to_owned(),
            SideFileKind::Job => {
                let inputs: Vec<String> = self.inputs.iter().map(|path| path.display().to_string()).collect();
                template_job(&inputs, sample.period.as_deref())
            }
            SideFileKind::Layout => template_layout().to_owned(),
        };
        match self.output.file() {
            None => messages.data(text.as_bytes())?,
            Some(path) => {
                self.output.write_file(&text)?;
                messages.note(&format!(
                    "written: {}
",
                    path.display()
                ));
            }
        }
        Ok(Exit::Done)
    }

    /// What the template takes from the reports.
    fn sample(&self) -> Result<Sample, Fatal> {
        let mut sample = Sample::default();
        if self.inputs.is_empty() {
            return Ok(sample);
        }
        let registry = self.input_options.registry()?;
        let mut texts: [BTreeSet<String>; 3] = Default::default();
        let mut days: Option<(Date, Date)> = None;
        let opener = self.input_options.opener(&registry, None, self.input_format.from.as_deref());
        for input in &opener.inputs(&self.inputs, self.threads.reading().threads)? {
            let format = open::choose_format(&registry, self.input_format.from.as_deref(), input)?.format;
            let survey = survey(input, format, &[], self.threads.reading(), 0)
                .map_err(|fatal| fatal.in_source(input.name()))?;
            let contexts: Vec<&Entity> = survey.contexts.keys().chain(&survey.preamble.contexts).collect();
            for (texts, field) in texts.iter_mut().zip([Field::SERVICE, Field::PLAN, Field::TERRITORY]) {
                texts.extend(contexts.iter().filter_map(|context| context.text(field)).map(str::to_owned));
            }
            sample.sales |= survey.preamble.reads.contains(Field::RETAIL_PRICE);
            let header = &survey.preamble.header;
            let stated = |field| header.text(field).and_then(|text| Date::parse(text).ok());
            let day = |micros| Timestamp::utc(micros).local_date();
            let found = survey
                .times
                .and_then(|(first, last)| day(first).zip(day(last)))
                .or_else(|| stated(Field::PERIOD_START).zip(stated(Field::PERIOD_END)));
            days = match (days, found) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (a, b) => a.or(b),
            };
            sample.name = sample.name.or_else(|| header.text(Field::SENDER_NAME).map(str::to_owned));
        }
        let [services, plans, territories] = texts.map(|texts| texts.into_iter().collect());
        let period = days.and_then(|(first, last)| period(first, last)).map(|period| period.to_string());
        Ok(Sample { services, plans, territories, period, ..sample })
    }
}

/// The month that contains both days, otherwise exactly the days from one to the other.
fn period(first: Date, last: Date) -> Option<Period> {
    let month = Period::parse(&format!("{:04}-{:02}", first.year(), first.month())).ok()?;
    if month.form() == PeriodForm::Month && last <= month.last() {
        return Some(month);
    }
    Period::range(first, last).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_is_a_month_where_one_is_enough() {
        let day = |text| Date::parse(text).unwrap();
        let text = |first, last| period(day(first), day(last)).unwrap().to_string();
        assert_eq!(text("2026-10-01", "2026-10-31"), "2026-10");
        assert_eq!(text("2026-10-05", "2026-10-05"), "2026-10");
        assert_eq!(text("2026-09-30", "2026-11-01"), "2026-09-30--2026-11-01");
    }
}
