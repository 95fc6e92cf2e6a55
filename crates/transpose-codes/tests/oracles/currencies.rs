//! ISO 4217 with `iso_currency`.

use crate::assert_differences;
use std::collections::BTreeMap;
use transpose_codes::Currency;

/// Every code that the oracle knows; it can only be asked for one.
fn theirs() -> BTreeMap<String, iso_currency::Currency> {
    let letters = || 'A'..='Z';
    letters()
        .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))))
        .filter_map(|code| iso_currency::Currency::from_code(&code).map(|currency| (code, currency)))
        .collect()
}

#[test]
fn codes_are_those_of_iso_4217() {
    let theirs = theirs();
    assert!(theirs.len() > 170);
    // Withdrawn codes that the oracle has dropped: those that the DDEX list keeps, and older ones.
    #[rustfmt::skip]
    let dropped = [
        "ANG", "BYR", "CYP", "EEK", "LTL", "LVL", "MRO", "MTL", "ROL", "SIT", "SKK", "STD", "VEF",
        "ATS", "AZM", "BEF", "BYB", "CSD", "DEM", "ESP", "FIM", "FRF", "GHC", "GRD", "IEP", "ITL", "LUF",
        "MZM", "NLG", "PTE", "RUR", "SDD", "TMM", "TRL", "VEB", "ZMK", "ZWD", "ZWR",
    ];
    assert_differences(
        Currency::all().map(Currency::code).filter(|code| !theirs.contains_key(*code)),
        dropped,
    );
    // No amount may be for testing or in no currency.
    assert_differences(
        theirs.keys().map(String::as_str).filter(|code| code.parse::<Currency>().is_err()),
        ["XTS", "XXX"],
    );
}

#[test]
fn minor_units_are_those_of_iso_4217() {
    for (code, theirs) in theirs() {
        if let Ok(ours) = code.parse::<Currency>() {
            assert_eq!(ours.minor_units().map(u16::from), theirs.exponent(), "{code}");
        }
    }
}

#[test]
fn withdrawn_codes_are_those_that_have_a_successor() {
    let theirs = theirs();
    let differ = Currency::all().filter(|ours| {
        theirs.get(ours.code()).is_some_and(|theirs| theirs.is_superseded().is_some() != ours.is_deprecated())
    });
    // The oracle takes the second code of the bolívar for its successor; ISO 4217 lists both.
    assert_differences(differ.map(Currency::code), ["VES"]);
}
