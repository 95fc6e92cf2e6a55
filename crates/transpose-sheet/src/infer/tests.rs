use super::*;
use crate::layout::Layout;
use proptest::prelude::*;

const ISRCS: [&str; 6] =
    ["GBNW02600001", "GBNW02600002", "USNW02600003", "JPNW02600004", "SENW02600005", "GBNW02600006"];

fn proposed(text: &str) -> Proposal {
    let sample = Sample { name: "in/acme.csv", bytes: text.as_bytes(), complete: true, container: None };
    infer(sample, &Words::new([]), "label.acme").unwrap()
}

/// The fields of the columns, `-` for none, each with how sure it is.
fn fields(proposal: &Proposal) -> Vec<String> {
    let name = |guess: &Guess| {
        let sure = guess.confidence.map_or("", Confidence::name);
        format!("{} {sure}", guess.field.map_or("-", Field::id)).trim_end().to_owned()
    };
    proposal.columns.iter().map(name).collect()
}

/// Rows with an ISRC, a title, a quantity, a price and an amount.
fn rows(line: impl Fn(usize, &str) -> String) -> String {
    ISRCS.iter().cycle().take(18).enumerate().map(|(index, isrc)| line(index, isrc)).collect()
}

fn codes(proposal: &Proposal) -> Vec<&str> {
    proposal.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
}

#[test]
fn names_cells_and_products_tell_the_fields() {
    let text =
        rows(|i, isrc| format!("{isrc}\tSong {i}\tDE\t{}\t0.004\t{}\n", i + 2, decimal((i + 2) * 4, 3)));
    let proposal = proposed(&format!("ISRC\tTrack Title\tCountry\tPlays\tRate\tAmount\n{text}"));
    assert_eq!(
        fields(&proposal),
        [
            "recording.isrc certain",
            "recording.title likely",
            "context.territory certain",
            "usage.quantity certain",
            "usage.rate certain",
            "usage.amount certain"
        ]
    );
    assert!(proposal.toml.contains("delimiter = \"\\t\"\nline-end = \"lf\"\n"), "{}", proposal.toml);
    assert!(proposal.toml.contains("times `Rate` it is `Amount` in 18 rows"), "{}", proposal.toml);
    assert!(proposal.toml.contains("# CHECK: nothing in the sample names the currency"), "{}", proposal.toml);
}

/// So many units of the last place.
fn decimal(units: usize, places: usize) -> String {
    let digits = format!("{units:0width$}", width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    format!("{whole}.{rest}")
}

#[test]
fn relations_find_what_no_name_tells() {
    let text = rows(|i, isrc| {
        let gross = (i + 2) * 40;
        format!("{isrc};{};{};0,75;{}\r\n", i + 2, decimal(gross, 3), decimal(gross * 75, 5))
            .replace('.', ",")
    });
    let proposal = proposed(&format!("A;B;C;D;E\r\n{text}"));
    let found = fields(&proposal);
    assert_eq!(
        (&*found[0], &*found[2], &*found[4]),
        ("recording.isrc certain", "usage.gross-amount likely", "usage.amount likely")
    );
    assert_eq!(found[3], "usage.share likely");
    assert!(proposal.toml.contains("kind = \"fraction\"\ndecimals = \"comma\""), "{}", proposal.toml);
}

#[test]
fn lines_around_the_rows_are_described_and_totals_proven() {
    let text = rows(|i, isrc| format!("{isrc},\"Song, {i}\",{},{}\r\n", i + 1, decimal(i + 1, 2)));
    let head =
        "Start Date,2026-10-01\r\nEnd Date,2026-10-31\r\nCurrency,EUR\r\nISRC,Title,Quantity,Amount\r\n";
    let proposal =
        proposed(&format!("{head}{text}Total_Rows,18\r\nTotal_Amount,1.71\r\nTotal_Units,170\r\n"));
    for part in [
        "[[before]]\ncells = [{ text = \"Start Date\" }, { field = \"header.period-start\" }]",
        "[[before]]\ncells = [{ text = \"Currency\" }, { field = \"context.currency\" }]",
        "[[after]]\ncells = [{ text = \"Total_Rows\" }, { count = \"rows\" }]",
        "[[after]]\ncells = [{ text = \"Total_Amount\" }, { sum = \"usage.amount\" }]",
        "[[after]]\ncells = [{ text = \"Total_Units\" }, {}]",
    ] {
        assert!(proposal.toml.contains(part), "{part} is not in\n{}", proposal.toml);
    }
    // The quantities add up to 171.
    assert_eq!(codes(&proposal), ["SHT0806"]);
    assert_eq!(proposal.diagnostics[0].location.line, Some(25));
}

#[test]
fn order_of_dates_is_not_guessed() {
    let unclear = rows(|i, isrc| format!("{isrc},0{}/0{}/2026,{}\n", i % 9 + 1, (i * 2) % 9 + 1, i + 1));
    let proposal = proposed(&format!("ISRC,Sales Month,Plays\n{unclear}"));
    assert_eq!(fields(&proposal)[1], "-");
    assert_eq!(codes(&proposal), ["SHT0803"]);
    assert!(proposal.toml.contains("# CHECK: %d/%m/%Y or %m/%d/%Y?"), "{}", proposal.toml);
    // Another date of the sample reports.
    let stated = rows(|i, isrc| format!("{isrc},0{}/01/2026,10/{}/2026,{}\n", i % 9 + 1, i % 9 + 13, i + 1));
    let proposal = proposed(&format!("ISRC,Sales Month,Period End,Plays\n{stated}"));
    assert_eq!(fields(&proposal)[1], "usage.validity-start likely");
    assert_eq!(proposal.toml.matches("format = \"%m/%d/%Y\"").count(), 2, "{}", proposal.toml);
}

#[test]
fn tables_without_headings_are_judged_by_their_cells() {
    let text = rows(|i, isrc| format!("^Northwind^|^Song {i}^|^{isrc}^|^^|{}\r\n", i * 7));
    let proposal = proposed(&text);
    assert_eq!(fields(&proposal), ["-", "-", "recording.isrc certain", "-", "usage.quantity guess"]);
    for part in [
        "delimiter = \"|\"\nquote = \"^\"\nquote-when = \"text\"\nline-end = \"crlf\"\nheading = \"none\"",
        "# CHECK: guess: ",
    ] {
        assert!(proposal.toml.contains(part), "{part} is not in\n{}", proposal.toml);
    }
}

#[test]
fn quotes_that_mean_nothing_are_known() {
    let text = rows(|i, isrc| format!("{isrc}\t12\" Mix {i}\t\"Open\t{}\n", i + 3));
    let proposal = proposed(&format!("ISRC\tTitle\tArtist\tPlays\n{text}"));
    assert!(proposal.toml.contains("quote = \"none\""), "{}", proposal.toml);
    assert_eq!(proposal.columns[2].examples, ["\"Open"]);
}

#[test]
fn plays_and_catalogues_are_told_from_sums() {
    let plays = rows(|i, isrc| format!("2026-10-01T10:{:02}:00Z,{isrc},DE,{}\n", i, i * 3));
    let proposal = proposed(&format!("Played At,ISRC,Country,Seconds Played\n{plays}"));
    assert!(proposal.toml.contains("grain = \"event\""), "{}", proposal.toml);
    assert_eq!(fields(&proposal)[3], "event.duration likely");
    let titles = rows(|i, isrc| format!("{isrc},Song {i},Band\n"));
    let proposal = proposed(&format!("ISRC,Title,Artist\n{titles}"));
    assert!(proposal.toml.contains("grain = \"catalogue\""), "{}", proposal.toml);
}

#[test]
fn currency_is_taken_from_the_heading_of_amounts() {
    let text = rows(|i, isrc| format!("{isrc},{},{}\n", i + 1, decimal(i + 5, 2)));
    let proposal = proposed(&format!("ISRC,Quantity,Earnings (USD)\n{text}"));
    assert!(proposal.toml.contains("\n\"context.currency\" = \"USD\"  # likely: "), "{}", proposal.toml);
}

#[test]
fn records_of_fixed_width_are_taken_apart() {
    let sales = [1, 5, 9, 12, 15, 18, 22].map(|count| format!("I35099910041482{count:05}\r\n")).concat();
    let head = format!("{:<20}\r\n", "924030A1234261031");
    let proposal = proposed(&format!("{head}{sales}{:<20}\r\n", "94000070000082"));
    let widths: Vec<&str> = proposal.toml.lines().filter(|line| line.starts_with("width")).collect();
    assert_eq!(widths, ["width = 2", "width = 13", "width = 5"], "{}", proposal.toml);
    assert!(
        proposal.toml.contains("text = \"I3\"") && proposal.toml.contains("field = \"release.icpn\""),
        "{}",
        proposal.toml
    );
    assert!(proposal.toml.contains("begin with `92`"), "{}", proposal.toml);
    if let Err(fatal) = Layout::parse("acme.toml", &proposal.toml) {
        panic!("{fatal}\n{}", proposal.toml);
    }
}

#[test]
fn proposals_are_layouts() {
    let plays = rows(|i, isrc| format!("2026-10-01T10:{i:02}:00Z,{isrc},\"Song {i}\",{i}\n"));
    let heads = [
        "Played At,ISRC,Title,Seconds Played\n",
        "Played At,ISRC,Title,\n",
        "Played At,ISRC,Title,title\n",
        "",
    ];
    let plays = heads.map(|head| format!("{head}{plays}"));
    let sums = rows(|i, isrc| format!("{isrc};{};85%;({},5);Oct 2026;3:0{}\r\n", i % 9, i + 1, i % 9));
    let heads = [
        "ISRC;Quantity;Share;Amount (EUR);Sales Month;Duration\r\n",
        "Start Date;31.10.2026\r\nISRC;Quantity;;Amount;Month;Länge\r\n",
        "",
    ];
    let sums = heads.map(|head| format!("{head}{sums}Total;{};;\r\n", 18));
    for text in plays.iter().chain(&sums) {
        let proposal = proposed(text);
        if let Err(fatal) = Layout::parse("acme.toml", &proposal.toml) {
            panic!("{fatal}\n{}", proposal.toml);
        }
    }
}

#[test]
fn what_is_no_table_is_refused() {
    for (bytes, part) in
        [(&b""[..], "empty"), (b" \r\n", "empty"), (b"\0\0", "no text"), (b"hello\nworld\n", "no character")]
    {
        let sample = Sample { name: "x", bytes, complete: true, container: None };
        let fatal = infer(sample, &Words::new([]), "label.x").unwrap_err();
        assert!(fatal.diagnostics[0].message.contains(part), "{fatal}");
    }
}

proptest! {
    #[test]
    fn no_sample_makes_it_stumble(text in "[a-zA-Z0-9,;\t|\"^'.()%/:\r\n é-]{0,400}") {
        let sample = Sample { name: "x", bytes: text.as_bytes(), complete: true, container: None };
        if let Ok(proposal) = infer(sample, &Words::new([]), "label.x") {
            prop_assert!(toml::from_str::<toml::Table>(&proposal.toml).is_ok(), "{}", proposal.toml);
        }
    }

    #[test]
    fn proposals_do_not_depend_on_the_run(seed in 0_usize..1000) {
        let text = rows(|i, isrc| format!("{isrc},{},{}\n", (i * seed) % 97, decimal(i + seed, 2)));
        let text = format!("ISRC,Quantity,Amount\n{text}");
        prop_assert_eq!(proposed(&text).toml, proposed(&text).toml);
    }
}
