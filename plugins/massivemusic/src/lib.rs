//! MassiveMusic (formerly 7digital): the client usage reports that a licensed service gets of its own plays.
//!
//! Source: the page "Client Usage Report" of docs.massivemusic.com, which has one template a type of service. Each template is one file under
//! `layouts/`; there is no code but the line that registers it.

transpose_sheet::register_layout!("layouts/client_usage_subscription.toml");

#[cfg(test)]
mod tests {
    use transpose_core::field::FieldSet;
    use transpose_core::format::{Format, Probe, Recognition};
    use transpose_sheet::{Layout, LayoutFormat};

    /// The headings as the public page has them.
    const SUBSCRIPTION: [&str; 23] = [
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

    fn subscription() -> LayoutFormat {
        let text = include_str!("../layouts/client_usage_subscription.toml");
        LayoutFormat::new(Layout::parse("client_usage_subscription.toml", text).unwrap())
    }

    #[test]
    fn every_column_has_a_field() {
        let format = subscription();
        let manifest = format.manifest();
        assert_eq!(manifest.id, "massivemusic.client-usage.subscription");
        assert!(manifest.reads && manifest.writes);
        assert_eq!(format.reads(None).len(), SUBSCRIPTION.len());
        assert_eq!(format.needs(None).len(), 11);
        assert_eq!(format.needs(None).difference(format.writes(None)), FieldSet::EMPTY);
    }

    #[test]
    fn its_own_headings_are_certain() {
        let line = format!("{}\r\n", SUBSCRIPTION.join(","));
        let probe = |bytes| Probe { name: "report.csv", bytes, complete: true };
        assert_eq!(
            subscription().recognise(&probe(line.as_bytes())),
            Recognition::Certain("all 23 headings".into())
        );
        let other = line
            .replace("Duration played", "DURATION_PLAYED")
            .replace("Report Generated Date", "Report Generated");
        assert_eq!(
            subscription().recognise(&probe(other.as_bytes())),
            Recognition::Certain("all 23 headings".into())
        );
        let lacking = line.replace("Country", "Land").replace("Stream ID", "Play ID");
        let expected = Recognition::Near("21 of 23 headings, missing `Stream ID`, `Country`".into());
        assert_eq!(subscription().recognise(&probe(lacking.as_bytes())), expected);
    }
}
