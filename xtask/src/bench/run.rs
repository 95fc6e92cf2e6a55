//! Many reports from one reading, against splitting the report with a script and converting the
//! parts one by one.

use std::fs;
use std::path::Path;

use super::Section;
use super::contender::{Contender, Race, difference};
use super::data::Report;
use super::goals::Figures;
use super::setup::{BenchSetup, text};
use crate::{Outcome, files};

const REPORT: Report = Report::wide(1_000_000);

/// Territories with a report of their own; everything goes to a society, and to the client.
const TERRITORIES: [&str; 6] = ["DE", "FR", "GB", "JP", "SE", "US"];

/// What people do without such a command: one pass that splits the report (no cell before the
/// country has a comma in it), and one conversion for each part.
const SPLIT: &str = r#"
set -e
program=$0 input=$1 agreement=$2 figures=$3 out=$4
shift 4
mkdir -p "$out" "$out.parts"
awk -F, -v folder="$out.parts/" 'NR == 1 { head = $0; next } { if (!($6 in seen)) { seen[$6]; print head > (folder $6) } print > (folder $6) }' "$input"
"$program" -q convert "$input" --agreement "$agreement" --figures "$figures" --to ddex.dsr.basic-audio -o "$out/society.tsv"
"$program" -q convert "$input" --to massivemusic.client-usage.subscription -o "$out/client.csv"
for territory in "$@"; do
    "$program" -q convert --allow-placeholders "$out.parts/$territory" --agreement "$agreement" --figures "$figures" --to canonical.csv -o "$out/$territory.csv"
done
rm -r "$out.parts"
"#;

/// Eight reports of a million plays.
pub(super) fn reports(setup: &BenchSetup, section: &Section, _: &mut Figures) -> Outcome<String> {
    let input = REPORT.make(setup)?;
    let (agreement, figures) = input.side_files();
    let job = setup.out("job.toml");
    files::replace(&job, toml(&input.csv, agreement, figures).as_bytes())?;
    let (ours, theirs) = (setup.out("run"), setup.out("one-by-one"));
    let mut race = Race::default();
    race.contenders.push(Contender::new("line count, 1 thread", setup.line_count(&input.csv)));
    let run = setup.transpose(&[
        "run",
        &text(&job),
        "--allow-placeholders",
        "-q",
        "-o",
        &format!("{}/", text(&ours)),
    ]);
    race.contenders.push(Contender::new("transpose run, 8 reports", run).writes(&ours));
    let program = setup.program("transpose");
    let paths = [&program, &input.csv, agreement, figures, &theirs].map(text);
    let split = ["bash", "-c", SPLIT].into_iter().map(str::to_owned).chain(paths);
    let split = split.chain(TERRITORIES.map(str::to_owned)).collect();
    race.contenders.push(Contender::new("awk and 8 conversions", split).writes(&theirs));
    let mut differs = None;
    let outcome = race.run(setup, section.rounds, |contender| {
        if contender.output.as_ref() == Some(&theirs) && ours.exists() {
            differs = difference(&ours, &theirs)?;
        }
        Ok(())
    });
    let _ = fs::remove_file(&job);
    outcome?;
    if let Some(difference) = differs {
        return Err(format!("one reading and many give different reports: {difference}").into());
    }
    Ok(format!("{}, 8 reports; {}.\n\n{}", input.size()?, section.rounds(), race.table()))
}

fn toml(input: &Path, agreement: &Path, figures: &Path) -> String {
    format!(
        "inputs = [{:?}]\nfigures = {:?}\n\
         [[output]]\nname = \"society\"\nformat = \"ddex.dsr.basic-audio\"\nagreement = {:?}\nfile = \"society.tsv\"\n\
         [[output]]\nname = \"client\"\nformat = \"massivemusic.client-usage.subscription\"\nfile = \"client.csv\"\n\
         [[output]]\nname = \"{{value}}\"\nset = \"territories\"\neach = {{ territory = {TERRITORIES:?} }}\nformat = \"canonical.csv\"\n\
         agreement = {:?}\nfile = \"{{value}}.csv\"\n",
        text(input),
        text(figures),
        text(agreement),
        text(agreement),
    )
}
