//! What is to be reached, and the table that says how far we are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures that a run has measured, by the id of their goal.
pub(super) type Figures = BTreeMap<&'static str, f64>;

/// One goal.
struct Goal {
    id: &'static str,
    text: &'static str,
    sense: BetterWhen,
    must: f64,
    aim: f64,
    unit: &'static str,
}

/// Which way is better.
#[derive(Clone, Copy)]
enum BetterWhen {
    AtLeast,
    AtMost,
}

const fn at_least(id: &'static str, text: &'static str, must: f64, aim: f64) -> Goal {
    Goal { id, text, sense: BetterWhen::AtLeast, must, aim, unit: "x" }
}

const fn at_most(id: &'static str, text: &'static str, must: f64, aim: f64, unit: &'static str) -> Goal {
    Goal { id, text, sense: BetterWhen::AtMost, must, aim, unit }
}

/// Every goal, in the order of the table.
const GOALS: &[Goal] = &[
    at_least("wide-duckdb", "job 1 wide: faster than DuckDB", 3.0, 4.5),
    at_least("wide-polars", "job 1 wide: faster than Polars", 2.5, 3.5),
    at_least("narrow-duckdb", "job 1 narrow: faster than DuckDB", 4.0, 6.0),
    at_least("narrow-polars", "job 1 narrow: faster than Polars", 3.0, 4.5),
    at_least("million-duckdb", "job 1, 1,000,000 rows: faster than DuckDB", 2.0, 3.0),
    at_least("million-polars", "job 1, 1,000,000 rows: faster than Polars", 2.0, 2.7),
    at_most("wide-lines", "job 1 wide: over the line count", 12.0, 8.0, "x"),
    at_most("narrow-lines", "job 1 narrow: over the line count", 5.0, 3.5, "x"),
    at_least("wide-cpu", "job 1 wide: less CPU than DuckDB", 3.5, 5.0),
    at_most("wide-peak", "job 1 wide: peak memory", 512.0, 400.0, "MiB"),
    at_most("narrow-peak", "job 1 narrow: peak memory", 128.0, 96.0, "MiB"),
    at_most("tenfold-peak", "job 1, ten times the rows, same groups: peak memory", 1.3, 1.1, "x"),
    at_most("limit-time", "job 1 wide, `--memory-limit 256MiB`, same bytes: time", 3.0, 2.0, "x"),
    at_most("limit-peak", "job 1 wide, `--memory-limit 256MiB`: peak over the limit", 1.15, 1.15, "x"),
    at_least("job2-mawk", "job 2, 1,000,000 lines: faster than mawk", 3.0, 5.0),
    at_least("job2-python", "job 2, 1,000,000 lines: faster than Python", 12.0, 20.0),
    at_most("job2-peak", "job 2, plain and gzip, one and ten times the size: peak memory", 64.0, 32.0, "MiB"),
    at_most("job3-lines", "job 3, 1,000,000 lines, Basic Audio and UGC: over the line count", 12.0, 6.0, "x"),
    at_most("job3-peak", "job 3, all of these and ten times the size: peak memory", 64.0, 32.0, "MiB"),
    at_most("start-version", "start-up: `transpose --version` over an empty program", 10.0, 10.0, "ms"),
    at_most("start-formats", "start-up: `transpose formats` over an empty program", 10.0, 10.0, "ms"),
];

/// Keeps the worst of several figures of one goal.
pub(super) fn keep_largest(figures: &mut Figures, id: &'static str, figure: f64) {
    figures.entry(id).and_modify(|kept| *kept = kept.max(figure)).or_insert(figure);
}

/// The table. Goals that this run did not measure keep the row of `before`, the table that is on
/// the page.
pub(super) fn table(figures: &Figures, before: &str) -> String {
    let mut table = String::from("| goal | must | aim | measured | reached |\n|---|---|---|---|---|\n");
    for goal in GOALS {
        let head = format!("| {} | {} | {} |", goal.text, goal.bound(goal.must), goal.bound(goal.aim));
        let kept = before.lines().find(|line| line.starts_with(&head));
        let row = match (figures.get(goal.id), kept) {
            (Some(&figure), _) => {
                format!("{head} {} | {} |", goal.figure(figure), goal.reached(figure))
            }
            (None, Some(kept)) => kept.to_owned(),
            (None, None) => format!("{head} not measured | |"),
        };
        let _ = writeln!(table, "{row}");
    }
    table
}

impl Goal {
    fn bound(&self, bound: f64) -> String {
        let sign = match self.sense {
            BetterWhen::AtLeast => "≥",
            BetterWhen::AtMost => "≤",
        };
        format!("{sign} {bound} {}", self.unit)
    }

    fn figure(&self, figure: f64) -> String {
        match self.unit {
            "MiB" => format!("{figure:.0} MiB"),
            unit => format!("{figure:.2} {unit}"),
        }
    }

    fn reached(&self, figure: f64) -> &'static str {
        let keeps = |bound: f64| match self.sense {
            BetterWhen::AtLeast => figure >= bound,
            BetterWhen::AtMost => figure <= bound,
        };
        match (keeps(self.aim), keeps(self.must)) {
            (true, _) => "aim",
            (_, true) => "must",
            _ => "**missed**",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn row(table: &str, text: &str) -> String {
        table.lines().find(|line| line.contains(text)).unwrap().to_owned()
    }

    #[test]
    fn goals_are_reached_in_their_own_sense() {
        let figures = Figures::from([
            ("wide-duckdb", 3.2),
            ("wide-polars", 2.4),
            ("wide-lines", 7.0),
            ("wide-peak", 450.4),
        ]);
        let table = table(&figures, "");
        for (text, end) in [
            ("job 1 wide: faster than DuckDB", "| ≥ 3 x | ≥ 4.5 x | 3.20 x | must |"),
            ("job 1 wide: faster than Polars", "| 2.40 x | **missed** |"),
            ("job 1 wide: over the line count", "| ≤ 12 x | ≤ 8 x | 7.00 x | aim |"),
            ("job 1 wide: peak memory", "| 450 MiB | must |"),
            ("job 2, 1,000,000 lines: faster than mawk", "| not measured | |"),
        ] {
            assert!(row(&table, text).ends_with(end), "{}", row(&table, text));
        }
    }

    #[test]
    fn what_is_not_measured_again_stays() {
        let before = table(&Figures::from([("wide-duckdb", 3.2), ("job2-mawk", 4.0)]), "");
        let after = table(&Figures::from([("wide-duckdb", 3.3)]), &before);
        assert!(row(&after, "wide: faster than DuckDB").contains("3.30 x"));
        assert!(row(&after, "faster than mawk").contains("4.00 x | must"));
    }

    #[test]
    fn goals_differ_in_id_and_text_and_the_aim_is_the_harder_one() {
        let ids: BTreeSet<_> = GOALS.iter().flat_map(|goal| [goal.id, goal.text]).collect();
        assert_eq!(ids.len(), GOALS.len() * 2);
        for goal in GOALS {
            assert!(!matches!(goal.reached(goal.aim), "must" | "**missed**"), "{}", goal.id);
        }
    }

    #[test]
    fn the_largest_of_several_figures_counts() {
        let mut figures = Figures::new();
        for figure in [20.0, 40.0, 30.0] {
            keep_largest(&mut figures, "job2-peak", figure);
        }
        assert!((figures["job2-peak"] - 40.0).abs() < 1e-9);
    }
}
