//! `transpose schedule`: when reports are due.

use crate::support::Sandbox;

/// The months of 2020 to 2030 whose report is not due on the 10th, determined by hand from the
/// calendars on gov.uk.
const NOT_ON_THE_TENTH: [(&str, &str); 39] = [
    ("2020-03", "2020-04-14"), // Good Friday to Easter Monday
    ("2020-04", "2020-05-11"),
    ("2020-09", "2020-10-12"),
    ("2020-12", "2021-01-11"),
    ("2021-03", "2021-04-12"),
    ("2021-06", "2021-07-12"),
    ("2021-09", "2021-10-11"),
    ("2022-03", "2022-04-11"),
    ("2022-06", "2022-07-11"),
    ("2022-08", "2022-09-12"),
    ("2022-11", "2022-12-12"),
    ("2023-03", "2023-04-11"), // Easter Monday
    ("2023-05", "2023-06-12"),
    ("2023-08", "2023-09-11"),
    ("2023-11", "2023-12-11"),
    ("2024-01", "2024-02-12"),
    ("2024-02", "2024-03-11"),
    ("2024-07", "2024-08-12"),
    ("2024-10", "2024-11-11"),
    ("2025-04", "2025-05-12"),
    ("2025-07", "2025-08-11"),
    ("2025-12", "2026-01-12"),
    ("2026-04", "2026-05-11"),
    ("2026-09", "2026-10-12"),
    ("2026-12", "2027-01-11"),
    ("2027-03", "2027-04-12"),
    ("2027-06", "2027-07-12"),
    ("2027-09", "2027-10-11"),
    ("2028-05", "2028-06-12"),
    ("2028-08", "2028-09-11"),
    ("2028-11", "2028-12-11"),
    ("2029-01", "2029-02-12"),
    ("2029-02", "2029-03-12"),
    ("2029-05", "2029-06-11"),
    ("2029-10", "2029-11-12"),
    ("2030-01", "2030-02-11"),
    ("2030-02", "2030-03-11"),
    ("2030-07", "2030-08-12"),
    ("2030-10", "2030-11-11"),
];

fn years() -> Vec<String> {
    (2020..=2030).flat_map(|year| ["--period".to_owned(), year.to_string()]).collect()
}

#[test]
fn due_dates_of_eleven_years() {
    let sandbox = Sandbox::new();
    let years = years();
    let mut words = vec!["schedule"];
    words.extend(years.iter().map(String::as_str));
    let table = sandbox.run(&words).ends(0);
    insta::with_settings!({ snapshot_path => "../../../../snapshots/schedule", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("due-dates-2020-to-2030", table.text());
    });
    words.push("--json");
    let json: serde_json::Value = serde_json::from_slice(&sandbox.run(&words).ends(0).out).unwrap();
    let late: Vec<(&str, &str)> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["period"].as_str().unwrap(), row["due"].as_str().unwrap()))
        .filter(|(_, due)| !due.ends_with("-10"))
        .collect();
    assert_eq!(late, NOT_ON_THE_TENTH);
}

/// The tenth of April 2023 is Easter Monday, which Scotland does not have; the twelfth of July is a
/// holiday in Northern Ireland.
#[test]
fn scotland_and_northern_ireland_have_due_dates_of_their_own() {
    let sandbox = Sandbox::new();
    for (region, period, due, why) in [
        ("england-and-wales", "2023-03", "2023-04-11", "10 Easter Monday"),
        ("scotland", "2023-03", "2023-04-10", "2023-04-10"),
        ("northern-ireland", "2023-03", "2023-04-11", "10 Easter Monday"),
        ("northern-ireland", "2027-06", "2027-07-13", "12 Battle of the Boyne"),
        ("scotland", "2027-06", "2027-07-12", "10 Saturday, 11 Sunday"),
    ] {
        let table = sandbox.run(&["schedule", "--period", period, "--region", region]).ends(0);
        let text = table.text();
        assert!(text.contains(due) && text.contains(why), "{region} {period}: {text}");
    }
    sandbox.run(&["schedule", "--period", "2026-10", "--region", "wales"]).ends(2);
}

#[test]
fn weeks_days_and_years_without_an_answer() {
    let sandbox = Sandbox::new();
    let week = sandbox.run(&["schedule", "--period", "2020-W13"]).ends(0);
    assert!(week.text().contains("2020-W13") && week.text().contains("2020-04-14"), "{}", week.text());
    let last = sandbox.run(&["schedule", "--period", "2100-11"]).ends(0);
    assert!(last.text().contains("2100-12-10"), "{}", last.text());
    let first = sandbox.run(&["schedule", "--period", "1999-12"]).ends(0);
    assert!(first.text().contains("2000-01-10"), "{}", first.text());
    for period in ["1999-11", "2100-12", "9999-12", "2100"] {
        sandbox.run(&["schedule", "--period", period]).ends(2).says("CLI0301");
    }
    sandbox.run(&["schedule"]).ends(2);
}
