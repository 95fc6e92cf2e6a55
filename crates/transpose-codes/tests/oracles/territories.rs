//! ISO 3166-1, ISO 3166-2 and ISO 3166-3 with `rust_iso3166`.

use crate::assert_differences;
use rust_iso3166::{from_alpha2, from_alpha3, from_numeric, iso3166_2, iso3166_3};
use transpose_codes::territory::suggest;
use transpose_codes::{Territory, TerritoryKind};

fn of_kind(kind: TerritoryKind) -> impl Iterator<Item = Territory> {
    Territory::all().filter(move |territory| territory.kind() == kind)
}

/// Every text of so many capitals.
fn capitals(len: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    for _ in 0..len {
        texts =
            texts.iter().flat_map(|text| ('A'..='Z').map(move |letter| format!("{text}{letter}"))).collect();
    }
    texts
}

#[test]
fn countries_are_those_of_iso_3166_1() {
    assert_eq!(rust_iso3166::ALL.len(), 249);
    for theirs in rust_iso3166::ALL {
        let ours: Territory = theirs.alpha2.parse().unwrap();
        assert_eq!((ours.kind(), ours.is_deprecated()), (TerritoryKind::Country, false), "{}", theirs.alpha2);
    }
    // Withdrawn codes of two letters that the DDEX list keeps.
    let other = of_kind(TerritoryKind::Country).filter(|ours| from_alpha2(ours.code()).is_none());
    assert_differences(other.map(Territory::code), ["AN", "CS"]);
    // Whatever else has two letters.
    let pairs = capitals(2).into_iter().filter(|pair| from_alpha2(pair).is_none());
    assert_differences(
        pairs.filter(|pair| pair.parse::<Territory>().is_ok()),
        ["AN", "CS", "XK"].map(Into::into),
    );
}

#[test]
fn names_are_those_of_iso_3166_1() {
    let differ = rust_iso3166::ALL.iter().filter_map(|theirs| {
        let ours = theirs.alpha2.parse::<Territory>().unwrap();
        (ours.name() != theirs.name).then(|| (ours.code(), ours.name(), theirs.name))
    });
    // ISO puts what sorts first in front; ours are read in messages, and as the DDEX list has them.
    assert_differences(
        differ,
        [
            ("BO", "Bolivia", "Bolivia (Plurinational State of)"),
            ("CD", "Democratic Republic of the Congo", "Congo (Democratic Republic of the)"),
            ("FM", "Federated States of Micronesia", "Micronesia (Federated States of)"),
            ("IR", "Iran", "Iran (Islamic Republic of)"),
            ("KP", "North Korea", "Korea (Democratic People's Republic of)"),
            ("KR", "South Korea", "Korea (Republic of)"),
            ("LA", "Laos", "Lao People's Democratic Republic"),
            ("MD", "Moldova", "Moldova (Republic of)"),
            ("NL", "Netherlands", "Netherlands (Kingdom of the)"),
            ("PS", "State of Palestine", "Palestine (State of)"),
            ("SY", "Syria", "Syrian Arab Republic"),
            ("TW", "Taiwan", "Taiwan (Province of China)"),
            ("TZ", "Tanzania", "Tanzania (United Republic of)"),
            ("VE", "Venezuela", "Venezuela (Bolivarian Republic of)"),
            ("VG", "British Virgin Islands", "Virgin Islands (British)"),
            ("VI", "U.S. Virgin Islands", "Virgin Islands (U.S.)"),
            ("VN", "Vietnam", "Viet Nam"),
        ],
    );
}

#[test]
fn every_name_and_alpha_3_code_of_iso_3166_1_is_understood() {
    for theirs in rust_iso3166::ALL {
        assert_eq!(suggest(theirs.name), Some(theirs.alpha2));
        assert_eq!(suggest(theirs.alpha3), Some(theirs.alpha2));
    }
    let theirs = |text: &str| from_alpha3(text).map(|country| country.alpha2);
    let texts = capitals(3);
    let differ = texts.iter().filter(|text| suggest(text) != theirs(text));
    // Three letters that people write although ISO has others.
    assert_differences(
        differ.map(|text| (text.as_str(), suggest(text).unwrap_or_default())),
        [("DRC", "CD"), ("UAE", "AE"), ("UKM", "GB"), ("XKX", "XK")],
    );
}

#[test]
fn former_countries_are_those_of_iso_3166_3() {
    for theirs in iso3166_3::ALL {
        let ours: Territory = theirs.code.parse().unwrap();
        assert_eq!((ours.kind(), ours.is_deprecated()), (TerritoryKind::Former, true), "{}", theirs.code);
    }
    assert_eq!(of_kind(TerritoryKind::Former).count(), iso3166_3::ALL.len());
    let differ = iso3166_3::ALL.iter().filter_map(|theirs| {
        let ours = theirs.code.parse::<Territory>().unwrap();
        (ours.name() != theirs.name).then(|| (ours.code(), ours.name(), theirs.name))
    });
    // The oracle joins the short name and the long one, and says one thing twice.
    assert_differences(
        differ,
        [
            ("BUMM", "Burma", "Burma, Socialist Republic of the Union of"),
            ("BYAA", "Byelorussian SSR", "Byelorussian SSR Soviet Socialist Republic"),
            ("CSHH", "Czechoslovakia", "Czechoslovakia, Czechoslovak Socialist Republic"),
            ("FXFR", "Metropolitan France", "France, Metropolitan"),
            ("HVBF", "Upper Volta", "Upper Volta, Republic of"),
            ("PCHH", "Trust Territory of the Pacific Islands", "Pacific Islands (trust territory)"),
            ("PUUM", "U.S. Miscellaneous Pacific Islands", "US Miscellaneous Pacific Islands"),
            ("SUHH", "USSR", "USSR, Union of Soviet Socialist Republics"),
            ("VDVN", "Democratic Republic of Viet-Nam", "Viet-Nam, Democratic Republic of"),
            ("YDYE", "Democratic Yemen", "Yemen, Democratic, People's Democratic Republic of"),
            ("YUCS", "Yugoslavia", "Yugoslavia, (Socialist) Federal Republic of"),
            ("ZRCD", "Zaire", "Zaire, Republic of"),
        ],
    );
}

#[test]
fn subdivisions_are_those_of_iso_3166_2() {
    let found = of_kind(TerritoryKind::Subdivision)
        .map(|ours| (ours.code(), ours.name(), iso3166_2::from_code(ours.code()).unwrap().name));
    assert_differences(
        found,
        [
            ("ES-CE", "Ceuta", "Ceuta"),
            ("ES-CN", "Canary Islands", "Canarias"),
            ("ES-ML", "Melilla", "Melilla"),
        ],
    );
}

/// Countries of ISO 3166-1 that TIS does not number: nearly all are dependent territories.
const NOT_IN_TIS: [&str; 48] = [
    "AI", "AQ", "AS", "AW", "AX", "BL", "BM", "BQ", "BV", "CC", "CK", "CW", "CX", "FK", "FO", "GF", "GG",
    "GI", "GL", "GP", "GS", "GU", "HM", "IM", "IO", "JE", "KY", "MF", "MP", "MQ", "MS", "NF", "NU", "PM",
    "PN", "PS", "RE", "SH", "SJ", "SX", "TC", "TF", "TK", "UM", "VG", "VI", "WF", "YT",
];

/// The numbers that TIS gives to countries are those of ISO 3166-1; those of regions are its own.
#[test]
fn numbers_of_countries_are_those_of_iso_3166_1() {
    let number = |ours: Territory| ours.code().parse::<u16>().unwrap();
    let mut other = Vec::new();
    for ours in of_kind(TerritoryKind::Tis) {
        match from_numeric(number(ours)) {
            Some(theirs) => {
                assert_eq!(ours.name(), theirs.alpha2.parse::<Territory>().unwrap().name(), "{ours}");
            }
            None if (2100..=2136).contains(&number(ours)) => {}
            None => other.push((ours.code(), ours.name())),
        }
    }
    // Numbers that were those of ISO 3166-1 while the countries existed.
    assert_differences(
        other,
        [
            ("200", "Czechoslovakia"),
            ("230", "Ethiopia (before 1993)"),
            ("278", "German Democratic Republic"),
            ("280", "Federal Republic of Germany (before 1990)"),
            ("720", "Democratic Yemen"),
            ("736", "Sudan (before 2011)"),
            ("810", "USSR"),
            ("886", "Yemen Arab Republic"),
            ("890", "Socialist Federal Republic of Yugoslavia"),
            ("891", "Serbia and Montenegro"),
        ],
    );
    let lacking =
        rust_iso3166::ALL.iter().filter(|country| country.numeric.to_string().parse::<Territory>().is_err());
    assert_differences(lacking.map(|country| country.alpha2), NOT_IN_TIS);
}
