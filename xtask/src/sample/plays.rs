//! Plays of October 2026: who, where, when, how long, and the rows they become.
//!
//! The layout is `massivemusic.client-usage.subscription`: 23 columns, comma, CRLF, UTF-8 without a
//! byte order mark.

use super::catalogue::{Catalogue, Item};
use super::csv::{push_cell, push_digits, push_number};
use super::random::Random;

/// The headings of the layout, in order, as the partner spells them.
pub(crate) const HEADINGS: [&str; 23] = [
    "Report Generated Date",
    "Partner ID",
    "Stream ID",
    "Logged Date Time",
    "Format ID",
    "Country",
    "Play Mode",
    "User ID",
    "Service",
    "Track ID",
    "Duration played",
    "Total Duration",
    "Device Name",
    "API Key Name",
    "Plan Code",
    "Release UPC",
    "Release Artist",
    "Label Group Name",
    "GRID",
    "Release Name",
    "Item Identifier Code",
    "Item Artist",
    "Item Name",
];

/// The seconds of October 2026.
pub(crate) const MONTH: u64 = 31 * 86_400;

/// The countries of the example, the largest first.
pub(crate) const EXAMPLE_COUNTRIES: &[&str] = &["US", "GB", "DE", "JP", "FR", "BR", "SE", "EG"];

/// Sixty countries for wide benchmark data, the largest first.
pub(crate) const MANY_COUNTRIES: &[&str] = &[
    "US", "GB", "DE", "JP", "FR", "BR", "SE", "EG", "MX", "ES", "IT", "CA", "AU", "NL", "PL", "TR", "KR",
    "IN", "ID", "PH", "AR", "CL", "CO", "PE", "ZA", "NG", "KE", "MA", "SA", "AE", "IL", "GR", "PT", "BE",
    "CH", "AT", "DK", "NO", "FI", "IS", "IE", "CZ", "SK", "HU", "RO", "BG", "HR", "SI", "RS", "UA", "EE",
    "LV", "LT", "TH", "VN", "MY", "SG", "TW", "HK", "NZ",
];

/// The one country of narrow benchmark data.
pub(crate) const ONE_COUNTRY: &[&str] = &["GB"];

/// Plan codes, repeated as often as they are chosen.
const PLANS: &[&str] = &[
    "northwind-premium",
    "northwind-premium",
    "northwind-premium",
    "northwind-premium",
    "northwind-family",
    "northwind-family",
    "northwind-student",
    "northwind-free",
    "northwind-free",
    "northwind-premium",
];

/// The plan that cannot play offline.
const FREE: &str = "northwind-free";

/// Device Name and API Key Name, as written in the file.
const CLIENTS: &[&str] = &[
    "iPhone 15,northwind-ios",
    "iPhone 13 mini,northwind-ios",
    "Pixel 8,northwind-android",
    "Galaxy S23,northwind-android",
    "Windows Desktop,northwind-desktop",
    "MacBook Pro,northwind-desktop",
    "\"Living Room TV, 55\"\"\",northwind-tv",
    "Kitchen Speaker,northwind-home",
    "Écran d'Étienne,northwind-home",
    ",northwind-web",
];

/// Device Name and API Key Name of a device whose owner pressed Enter in its name.
pub(crate) const TWO_LINE_CLIENT: &str = "\"Kitchen speaker\r\nleft of the door\",northwind-home";

/// One play of one item.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    /// Stream ID.
    pub(crate) id: u128,
    /// Seconds since the month began.
    pub(crate) at: u64,
    pub(crate) format: &'static str,
    pub(crate) country: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) user: u64,
    pub(crate) item: Item,
    pub(crate) played: u64,
    /// Device Name and API Key Name, as written in the file.
    pub(crate) client: &'static str,
    pub(crate) plan: &'static str,
}

/// Who plays: a user keeps one country, one plan and one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleUser {
    pub(crate) user: u64,
    /// The place of the country among the service's countries.
    pub(crate) country: u64,
    plan: &'static str,
    client: &'static str,
}

/// Where plays come from: a catalogue and the people who listen to it.
pub(crate) struct Service {
    pub(crate) catalogue: Catalogue,
    pub(crate) countries: &'static [&'static str],
    pub(crate) users: u64,
    pub(crate) seed: u64,
}

impl Service {
    /// A play of `item` at `at` by anyone.
    pub(crate) fn play(&self, random: &mut Random, item: Item, at: u64) -> Play {
        let listener = self.listener(random);
        self.play_of(random, listener, item, at)
    }

    /// Anyone who listens.
    pub(crate) fn listener(&self, random: &mut Random) -> SampleUser {
        let user = random.below(self.users);
        let mut own = Random::new(self.seed ^ (user << 20));
        let country = own.rank(self.countries.len() as u64);
        SampleUser { user, country, plan: own.pick(PLANS), client: own.pick(CLIENTS) }
    }

    /// A play of `item` at `at` by `listener`.
    pub(crate) fn play_of(&self, random: &mut Random, listener: SampleUser, item: Item, at: u64) -> Play {
        let SampleUser { user, country, plan, client } = listener;
        let country = self.countries.get(country as usize).copied().unwrap_or_default();
        let played = match random.below(100) {
            0..3 => 0,
            3..9 => random.below(30),
            9 => 29,
            10 | 11 => 30,
            12..30 => random.below(item.seconds + 1),
            _ => item.seconds,
        };
        let mode = match random.below(10) {
            // Fetched ahead and never played.
            _ if played == 0 && plan != FREE => "online-cached",
            0 | 1 if plan != FREE => "offline",
            2 => "online-cached",
            _ => "online",
        };
        Play {
            id: u128::from(random.bits()) << 64 | u128::from(random.bits()),
            at: at.min(MONTH - 1),
            format: if random.below(10) < 7 { "33" } else { "50" },
            country,
            mode,
            user: 40_000_000 + user * 13,
            item,
            played: played.min(item.seconds),
            client,
            plan,
        }
    }

    /// Appends the row of a play, without its line end.
    pub(crate) fn push_row(&self, out: &mut Vec<u8>, play: &Play) {
        out.extend_from_slice(b"2026-11-10,4021,");
        push_uuid(out, play.id);
        out.push(b',');
        push_time(out, play.at);
        for cell in [play.format, play.country, play.mode] {
            out.push(b',');
            out.extend_from_slice(cell.as_bytes());
        }
        out.extend_from_slice(b",nw");
        push_number(out, play.user);
        out.extend_from_slice(b",Northwind Music,");
        push_number(out, play.item.track);
        out.push(b',');
        push_number(out, play.played);
        out.push(b',');
        push_number(out, play.item.seconds);
        for cell in [play.client, play.plan] {
            out.push(b',');
            out.extend_from_slice(cell.as_bytes());
        }
        out.push(b',');
        out.extend_from_slice(self.catalogue.cells(play.item));
    }
}

/// Appends the header row, without its line end.
pub(crate) fn push_headings(out: &mut Vec<u8>) {
    for (place, heading) in HEADINGS.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_cell(out, heading.as_bytes());
    }
}

/// Appends a UUID of version 4, variant 1 (RFC 9562) made of the remaining bits of `bits`.
fn push_uuid(out: &mut Vec<u8>, bits: u128) {
    let bits = bits & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    for (place, byte) in bits.to_be_bytes().into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }
}

/// Appends the time `at` seconds after the month began.
fn push_time(out: &mut Vec<u8>, at: u64) {
    out.extend_from_slice(b"2026-10-");
    push_digits(out, at / 86_400 + 1, 2);
    for (mark, value) in [(b'T', at / 3_600 % 24), (b':', at / 60 % 60), (b':', at % 60)] {
        out.push(mark);
        push_digits(out, value, 2);
    }
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_stay_within_the_month() {
        assert_eq!(text(|out| push_time(out, 0)), "2026-10-01T00:00:00Z");
        assert_eq!(text(|out| push_time(out, MONTH - 1)), "2026-10-31T23:59:59Z");
        assert_eq!(text(|out| push_time(out, 4 * 86_400 + 41_968)), "2026-10-05T11:39:28Z");
    }

    #[test]
    fn stream_ids_are_random_uuids() {
        assert_eq!(text(|out| push_uuid(out, 0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(text(|out| push_uuid(out, u128::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn countries_are_listed_once() {
        let mut countries = MANY_COUNTRIES.to_vec();
        countries.sort_unstable();
        countries.dedup();
        assert_eq!(countries.len(), 60);
    }
}
