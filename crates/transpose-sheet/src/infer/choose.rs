//! Which field each column holds, by its name, by its cells and by what other columns hold.

use crate::infer::Confidence;
use crate::infer::dates::{DateReading, Notation, Precision};
use crate::infer::facts::Facts;
use crate::infer::relations::{ProvenRelation, Relation};
use crate::infer::words::{HeadingMatch, Words};
use std::collections::BTreeMap;
use transpose_core::format::Grain;
use transpose_core::model::{Field, Kind};

/// A field for a column, how much speaks for it, and what.
#[derive(Clone, Debug)]
struct Candidate {
    column: usize,
    field: Field,
    score: i32,
    known: Option<HeadingMatch>,
    fit: Fit,
    /// What the relations say: the rows that prove it, and how.
    related: Option<String>,
    proof: Option<String>,
}

/// How well the cells of a column fit a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// They cannot be its values.
    No,
    /// They hardly can.
    Hardly,
    /// Anything would fit.
    Any,
    /// They are of its kind.
    Kind,
    /// Nothing else looks so.
    Proof,
}

/// The field of a column, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) field: Field,
    pub(super) confidence: Confidence,
    pub(super) reasons: Vec<String>,
}

/// What a row of the sample represents.
pub(super) fn grain(headings: &[String], facts: &[Facts], proven: &[ProvenRelation], words: &Words) -> Grain {
    let named = |wanted: &[Field]| {
        headings.iter().any(|heading| {
            let fields = words.fields(heading, Grain::Aggregate);
            fields
                .first()
                .is_some_and(|(field, known)| wanted.contains(field) && *known >= HeadingMatch::Layout)
        })
    };
    let counted = named(&[Field::QUANTITY, Field::AMOUNT, Field::TRANSMISSIONS]);
    let products = proven.iter().any(|(relation, _)| matches!(relation, Relation::Product { .. }));
    let moments = facts.iter().any(|facts| {
        facts.timed() && facts.nearly_all(facts.filled) && facts.distinct() * 5 > facts.filled.min(50)
    });
    let identified = facts.iter().any(|facts| facts.nearly_all(facts.isrcs) || facts.nearly_all(facts.icpns));
    // A number that no name explains may be a quantity.
    let counts = facts.iter().zip(headings).any(|(facts, heading)| {
        facts.measures()
            && (facts.numbers.mark().is_some()
                || facts.distinct() > 1 && words.fields(heading, Grain::Catalogue).is_empty())
    });
    if counted || products {
        Grain::Aggregate
    } else if moments {
        Grain::Event
    } else if identified && !counts {
        Grain::Catalogue
    } else {
        Grain::Aggregate
    }
}

/// The field of each column.
pub(super) fn choose(
    headings: &[String],
    facts: &[Facts],
    proven: &[ProvenRelation],
    grain: Grain,
    words: &Words,
) -> Vec<Option<Choice>> {
    let mut candidates = Vec::new();
    for (column, facts) in facts.iter().enumerate() {
        let heading = headings.get(column).map_or("", String::as_str);
        candidates.extend(by_name(column, heading, facts, grain, words));
        by_content(column, facts, grain, &mut candidates);
    }
    if grain == Grain::Aggregate {
        by_relation(headings, facts, proven, &mut candidates);
        only_number(headings, facts, &mut candidates);
    }
    candidates.sort_by(|a, b| b.score.cmp(&a.score).then(a.column.cmp(&b.column)));
    let mut chosen: BTreeMap<usize, Candidate> = BTreeMap::new();
    for candidate in candidates {
        let taken = chosen.values().any(|other| other.field == candidate.field);
        if candidate.score > 0 && !taken && !chosen.contains_key(&candidate.column) {
            chosen.insert(candidate.column, candidate);
        }
    }
    let mut choices: Vec<Option<Choice>> = (0..facts.len())
        .map(|column| chosen.get(&column).map(|candidate| choice_of(candidate, facts.get(column))))
        .collect();
    if grain == Grain::Aggregate {
        periods(&mut choices, facts);
    }
    choices
}

/// The fields that the name of a column may mean.
fn by_name<'a>(
    column: usize,
    heading: &str,
    facts: &'a Facts,
    grain: Grain,
    words: &Words,
) -> impl Iterator<Item = Candidate> + use<'a> {
    let found = words.fields(heading, grain);
    // A name of one field says more than one that several share.
    let only = if found.len() == 1 { 4 } else { 0 };
    (0_i32..).zip(found).filter_map(move |(place, (field, known))| {
        let fit = fit(field, facts);
        let score = match known {
            HeadingMatch::Exactly => 60,
            HeadingMatch::Layout => 55,
            HeadingMatch::Partly => 30,
            HeadingMatch::Nearly => 25,
        };
        let more = match fit {
            Fit::No => return None,
            Fit::Hardly if known < HeadingMatch::Layout => return None,
            Fit::Hardly => -25,
            Fit::Any => 0,
            Fit::Kind => 20,
            Fit::Proof => 50,
        };
        let score = score + more + only - place.min(9);
        Some(Candidate {
            column,
            field,
            score,
            known: Some(known),
            fit,
            related: None,
            proof: proof(field, facts),
        })
    })
}

/// The fields that the cells of a column speak for, whatever its name.
fn by_content(column: usize, facts: &Facts, grain: Grain, candidates: &mut Vec<Candidate>) {
    let fields: &[Field] = match grain {
        Grain::Aggregate => &[
            Field::ISRC,
            Field::ICPN,
            Field::GRID,
            Field::ISWC,
            Field::TERRITORY,
            Field::CURRENCY,
            Field::PERIOD_START,
            Field::RECORDING_DURATION,
        ],
        Grain::Event => &[
            Field::EVENT_TIME,
            Field::ISRC,
            Field::ICPN,
            Field::GRID,
            Field::TERRITORY,
            Field::EVENT_CURRENCY,
        ],
        Grain::Catalogue => &[Field::ISRC, Field::ICPN, Field::GRID, Field::RELEASE_DATE],
    };
    for field in fields {
        let fit = fit(*field, facts);
        let sure = match field.kind() {
            // Few letters may be a territory by chance, and numbers are no durations.
            Kind::Territory => facts.distinct() >= 2 || facts.constant(),
            Kind::Date => facts.dated() && !facts.timed(),
            Kind::DateTime => facts.timed(),
            Kind::Duration => facts.nearly_all(facts.iso_durations) || facts.nearly_all(facts.clocks),
            _ => true,
        };
        let score = match fit {
            // A number that proves itself is that, unless its name says so of another column.
            Fit::Proof => 66,
            Fit::Kind if sure => 15,
            _ => continue,
        };
        candidates.push(Candidate {
            column,
            field: *field,
            score,
            known: None,
            fit,
            related: None,
            proof: proof(*field, facts),
        });
    }
}

/// The fields that numbers are by what they make together.
fn by_relation(
    headings: &[String],
    facts: &[Facts],
    proven: &[ProvenRelation],
    candidates: &mut Vec<Candidate>,
) {
    let gross: Vec<usize> = proven
        .iter()
        .filter_map(|(relation, _)| match relation {
            Relation::Share { gross, .. } => Some(*gross),
            Relation::Product { .. } => None,
        })
        .collect();
    let called = |column: usize| match headings.get(column) {
        Some(heading) if !heading.is_empty() => format!("`{heading}`"),
        _ => format!("column {}", column + 1),
    };
    for (relation, rows) in proven {
        let roles: [(usize, Field, i32, String); 3] = match *relation {
            Relation::Product { count, unit, total } => {
                let before = gross.contains(&total);
                let (of_unit, of_total) =
                    if before { (Field::PRICE, Field::GROSS_AMOUNT) } else { (Field::RATE, Field::AMOUNT) };
                [
                    (
                        count,
                        Field::QUANTITY,
                        30,
                        format!("times {} it is {} in {rows} rows", called(unit), called(total)),
                    ),
                    (
                        unit,
                        of_unit,
                        20,
                        format!("times {} it is {} in {rows} rows", called(count), called(total)),
                    ),
                    (
                        total,
                        of_total,
                        30,
                        format!("it is {} times {} in {rows} rows", called(count), called(unit)),
                    ),
                ]
            }
            Relation::Share { gross, share, net } => [
                (
                    gross,
                    Field::GROSS_AMOUNT,
                    30,
                    format!("{} of it is {} in {rows} rows", called(share), called(net)),
                ),
                (
                    share,
                    Field::SHARE,
                    30,
                    format!("this part of {} is {} in {rows} rows", called(gross), called(net)),
                ),
                (
                    net,
                    Field::AMOUNT,
                    30,
                    format!("it is {} of {} in {rows} rows", called(share), called(gross)),
                ),
            ],
        };
        for (column, field, score, reason) in roles {
            if let Some(known) =
                candidates.iter_mut().find(|known| known.column == column && known.field == field)
            {
                if known.related.is_none() {
                    known.score += score;
                    known.related = Some(reason);
                }
            } else if facts.get(column).is_some_and(|facts| fit(field, facts) >= Fit::Any) {
                candidates.push(Candidate {
                    column,
                    field,
                    score,
                    known: None,
                    fit: Fit::Kind,
                    related: Some(reason),
                    proof: None,
                });
            }
        }
    }
}

/// In a table without headings, the only column of whole numbers that differ may be the quantity.
fn only_number(headings: &[String], facts: &[Facts], candidates: &mut Vec<Candidate>) {
    let mut numbers = facts
        .iter()
        .enumerate()
        .filter(|(_, facts)| facts.measures() && facts.whole() && facts.distinct() > 1);
    if let (Some((column, _)), None) = (numbers.next(), numbers.next())
        && headings.get(column).is_none_or(String::is_empty)
    {
        let proof = Some("no other column has whole numbers that differ".to_owned());
        candidates.push(Candidate {
            column,
            field: Field::QUANTITY,
            score: 5,
            known: None,
            fit: Fit::Any,
            related: None,
            proof,
        });
    }
}

/// A candidate that was chosen: how sure it is, and why.
fn choice_of(candidate: &Candidate, facts: Option<&Facts>) -> Choice {
    let Candidate { field, known, fit, related, proof, .. } = candidate;
    let named = known.is_some_and(|known| known >= HeadingMatch::Layout);
    let many = facts.is_some_and(|facts| facts.distinct() >= 5);
    let confidence = match (*fit, related.is_some()) {
        (Fit::Proof, _) if named || many => Confidence::Certain,
        (Fit::Kind, true) if named => Confidence::Certain,
        // A date is a date, but which one?
        (Fit::Kind, _) if named && proof.is_some() && field.kind() != Kind::Date => Confidence::Certain,
        (Fit::Proof, _) | (_, true) => Confidence::Likely,
        (Fit::Kind | Fit::Any, _) if named => Confidence::Likely,
        (Fit::Kind, _) if known.is_some() && proof.is_some() => Confidence::Likely,
        _ => Confidence::Guess,
    };
    let mut reasons = Vec::new();
    reasons.extend(known.map(|known| {
        let text = match known {
            HeadingMatch::Exactly => "the heading is known",
            HeadingMatch::Layout => "a layout has this heading",
            HeadingMatch::Partly => "a part of the heading is known",
            HeadingMatch::Nearly => "the heading is nearly one that is known",
        };
        text.to_owned()
    }));
    reasons.extend(proof.clone());
    reasons.extend(related.clone());
    if *fit == Fit::Hardly {
        reasons.push("its cells are unlike it".into());
    }
    Choice { field: *field, confidence, reasons }
}

/// Where one period is reported, it is that of the report; where it changes from row to row, it is
/// that of the usage.
fn periods(choices: &mut [Option<Choice>], facts: &[Facts]) {
    let place = |choices: &[Option<Choice>], field| {
        choices.iter().position(|choice| choice.as_ref().is_some_and(|choice| choice.field == field))
    };
    let constant = |column: usize| facts.get(column).is_some_and(Facts::nearly_constant);
    for (of_report, of_usage) in
        [(Field::PERIOD_START, Field::USAGE_VALID_FROM), (Field::PERIOD_END, Field::USAGE_VALID_UNTIL)]
    {
        let (report, usage) = (place(choices, of_report), place(choices, of_usage));
        let mut change = |column: usize, field, reason: &str| {
            if let Some(choice) = choices.get_mut(column).and_then(Option::as_mut) {
                choice.field = field;
                choice.confidence = choice.confidence.min(Confidence::Likely);
                choice.reasons.push(reason.to_owned());
            }
        };
        match (report, usage) {
            (Some(column), None) if !constant(column) => {
                change(column, of_usage, "it changes from row to row");
            }
            (None, Some(column)) if constant(column) => {
                change(column, of_report, "it is the same in every row");
            }
            _ => {}
        }
    }
}

/// What speaks for a field in the cells of a column.
fn proof(field: Field, facts: &Facts) -> Option<String> {
    let (count, what) = match field.kind() {
        Kind::Isrc => (facts.isrcs, "ISRCs"),
        Kind::Icpn => (facts.icpns, "product codes with a right check digit"),
        Kind::Grid => (facts.grids, "GRids"),
        Kind::Iswc => (facts.iswcs, "ISWCs"),
        Kind::Territory if facts.most(facts.territories) => (facts.territories, "codes of countries"),
        Kind::Territory => (facts.territory_names, "names of countries"),
        Kind::Currency => (facts.currencies, "codes of currencies"),
        Kind::Date if facts.written().is_some() => (facts.filled, "dates"),
        Kind::DateTime if facts.timed() => (facts.filled, "times"),
        _ => return None,
    };
    (count > 0).then(|| {
        let all = if count == facts.filled { "all".to_owned() } else { format!("{count} of") };
        format!("{all} {} cells are {what}", facts.filled)
    })
}

/// How well the cells of a column fit a field.
fn fit(field: Field, facts: &Facts) -> Fit {
    if facts.filled == 0 {
        return Fit::Any;
    }
    let some = |of: bool, fit: Fit| if of { fit } else { Fit::No };
    let proven = |count: usize| {
        if facts.nearly_all(count) {
            Fit::Proof
        } else if facts.most(count) {
            Fit::Kind
        } else {
            Fit::No
        }
    };
    let coded = facts.nearly_all(facts.isrcs)
        || facts.nearly_all(facts.icpns) && facts.distinct() > 2
        || facts.nearly_all(facts.grids);
    match field.kind() {
        Kind::Isrc => proven(facts.isrcs),
        // A number in ten has the right check digit by chance.
        Kind::Icpn => match proven(facts.icpns) {
            Fit::Proof if facts.distinct() < 3 => Fit::Kind,
            Fit::No if facts.most(facts.icpns + facts.damaged_icpns) => Fit::Hardly,
            other => other,
        },
        Kind::Grid => proven(facts.grids),
        Kind::Iswc => proven(facts.iswcs),
        Kind::Territory => some(
            facts.nearly_all(facts.territories) || facts.most(facts.territories + facts.territory_names),
            Fit::Kind,
        ),
        Kind::Currency => some(facts.nearly_all(facts.currencies), Fit::Kind),
        Kind::Integer => some(facts.whole(), Fit::Kind),
        Kind::Decimal
            if matches!(field, Field::QUANTITY | Field::RETURNS | Field::QUALIFIED)
                && facts.numbers.mark().is_some() =>
        {
            some(facts.measures(), Fit::Hardly)
        }
        Kind::Decimal if facts.measures() => Fit::Kind,
        Kind::Decimal => some(facts.most(facts.numbers.all) && facts.longest <= 24 && !coded, Fit::Hardly),
        Kind::Date => match facts.written() {
            Some(DateReading::Certain((_, precision)) | DateReading::Either((_, precision), _)) => {
                some(precision != Precision::Moment, Fit::Kind)
            }
            None => some(field != Field::PERIOD_START && facts.nearly_all(facts.dates.moments), Fit::Hardly),
        },
        Kind::DateTime => some(facts.timed() || facts.dated(), Fit::Kind),
        Kind::Duration => some(
            facts.numeric() || facts.nearly_all(facts.iso_durations) || facts.nearly_all(facts.clocks),
            Fit::Kind,
        ),
        Kind::Boolean => some(facts.nearly_all(facts.booleans), Fit::Kind),
        Kind::Vocabulary => some(facts.distinct() <= 60 && !facts.dated() && !coded, Fit::Any),
        Kind::Text if coded || facts.dated() || facts.timed() => Fit::No,
        Kind::Text if facts.numeric() && facts.numbers.mark().is_some() => Fit::No,
        Kind::Text if facts.numeric() => Fit::Hardly,
        _ => Fit::Any,
    }
}

/// How the dates of a column are written: as they show by themselves, or as other dates of the
/// sample do.
pub(super) fn notation(written: DateReading, others: &[Notation]) -> Result<Notation, (Notation, Notation)> {
    let is_used = |notation: &Notation| others.contains(notation);
    match written {
        DateReading::Certain(notation) => Ok(notation),
        DateReading::Either(one, two) => match (is_used(&one), is_used(&two)) {
            (true, false) => Ok(one),
            (false, true) => Ok(two),
            _ => Err((one, two)),
        },
    }
}
