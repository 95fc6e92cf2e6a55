//! MassiveMusic (formerly 7digital): the client usage reports that a licensed service gets of its
//! own plays and sales, the logs that they are made of, and the catalogue that says what the logs
//! are about.
//!
//! Source: docs.massivemusic.com. The page "Client Usage Report" has one template a type of
//! service; the pages of the logging interface and of the S3 bucket loggers name the members of
//! logs. Each is one file under `layouts/`; there is no code but the lines that register them.
//! `spec/templates.json` holds headings and members as they were published.

transpose_sheet::register_layout!("layouts/catalogue.toml");
transpose_sheet::register_layout!("layouts/client_usage_catalogue.toml");
transpose_sheet::register_layout!("layouts/client_usage_download.toml");
transpose_sheet::register_layout!("layouts/client_usage_preview.toml");
transpose_sheet::register_layout!("layouts/client_usage_subscription.toml");
transpose_sheet::register_layout!("layouts/log_catalogue.toml");
transpose_sheet::register_layout!("layouts/log_preview.toml");
transpose_sheet::register_layout!("layouts/log_refund.toml");
transpose_sheet::register_layout!("layouts/log_sale.toml");
transpose_sheet::register_layout!("layouts/log_subscription.toml");

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use transpose_core::format::{
        EncodeRequest, FileNumber, Format, OutputIdentity, Probe, Recognition, Registry,
    };
    use transpose_core::model::{Field, FieldSet};
    use transpose_sheet::LayoutFormat;

    const SPEC: &str = include_str!("../spec/templates.json");

    /// The registered formats; naming the crate's own type keeps it linked.
    fn registry() -> Registry {
        let _ = std::any::type_name::<LayoutFormat>();
        Registry::load().unwrap()
    }

    /// The id and the headings of each template, as the public page has them.
    fn templates() -> Vec<(String, Vec<String>)> {
        let spec: Value = serde_json::from_str(SPEC).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let template = |template: &Value| {
            let columns = template["columns"].as_array().unwrap();
            assert_eq!(template["column_count"].as_u64().unwrap(), columns.len() as u64);
            (text(&template["id"]), columns.iter().map(|column| text(&column["header"])).collect())
        };
        spec["templates"].as_array().unwrap().iter().map(template).collect()
    }

    fn probe(line: &str) -> Probe<'_> {
        Probe { name: "report.csv", bytes: line.as_bytes(), complete: true }
    }

    #[test]
    fn headings_are_written_as_published() {
        let registry = registry();
        let templates = templates();
        assert_eq!(
            templates.iter().map(|(_, headings)| headings.len()).collect::<Vec<_>>(),
            [23, 22, 20, 19]
        );
        for (id, headings) in templates {
            let format = registry.format(&id).unwrap();
            let header = transpose_core::model::Entity::default();
            let reads = format.writes(None);
            let now = transpose_codes::time::Timestamp::utc(0);
            let request = EncodeRequest {
                version: None,
                options: &[],
                header: &header,
                contexts: &[],
                shapes: &[],
                reads,
                terms: None,
                now,
                identity: OutputIdentity::default(),
            };
            let mut out = Vec::new();
            format.create(&request).unwrap().encoder().begin(FileNumber { number: 1, of: 1 }, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{}\r\n", headings.join(",")), "{id}");
        }
    }

    #[test]
    fn what_may_be_empty_is_what_the_facts_say() {
        let spec: Value = serde_json::from_str(SPEC).unwrap();
        for template in spec["templates"].as_array().unwrap() {
            let registry = registry();
            let format = registry.format(template["id"].as_str().unwrap()).unwrap();
            assert!(format.manifest().reads && format.manifest().writes);
            let columns = template["columns"].as_array().unwrap();
            for column in columns {
                let heading = column["header"].as_str().unwrap();
                let about = format.explain(heading).unwrap();
                let required = about.lines().next().unwrap().ends_with(", required");
                assert_eq!(required, !column["nullable"].as_bool().unwrap(), "{about}");
                assert!(about.contains("field `"), "{about}");
            }
            assert_eq!(format.needs(None).difference(format.writes(None)), FieldSet::EMPTY);
        }
    }

    #[test]
    fn templates_are_told_apart() {
        let registry = registry();
        for (id, headings) in templates() {
            for line in [
                headings.join(","),
                headings.join(",").to_uppercase().replace(' ', "_"),
                headings.iter().rev().cloned().collect::<Vec<_>>().join(","),
            ] {
                let line = format!("{line}\r\n");
                assert_eq!(
                    registry.recognise(&probe(&line)).map(|format| &*format.manifest().id),
                    Ok(id.as_str())
                );
                let sure = |format: &&dyn Format| {
                    matches!(
                        format.recognise(&probe(&line)),
                        Recognition::Certain(_) | Recognition::Possible(_)
                    )
                };
                assert_eq!(registry.formats().filter(sure).count(), 1, "{id}");
            }
            let extra = format!("{},Remark\n", headings.join(","));
            assert_eq!(
                registry.recognise(&probe(&extra)).map(|format| &*format.manifest().id),
                Ok(id.as_str())
            );
        }
    }

    /// The members of a log of the facts, as far as their names are known.
    fn members(log: &Value) -> Vec<String> {
        let list = |key: &str| log[key].as_array().cloned().unwrap_or_default();
        let all = [list("fields"), list("columns"), list("query")].concat();
        let mut names: Vec<String> = Vec::new();
        for name in all.iter().map(|member| member["name"].as_str().unwrap()) {
            if !name.starts_with('(') && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    #[test]
    fn logs_are_told_apart_by_their_members() {
        let registry = registry();
        let spec: Value = serde_json::from_str(SPEC).unwrap();
        for (log, layout) in [
            ("massivemusic.log.api.subscriber", "massivemusic.log.subscription"),
            ("massivemusic.log.s3.subscription", "massivemusic.log.subscription"),
            ("massivemusic.log.api.catalogue", "massivemusic.log.catalogue"),
            ("massivemusic.log.s3.catalogue", "massivemusic.log.catalogue"),
            ("massivemusic.log.api.preview", "massivemusic.log.preview"),
            ("massivemusic.log.api.credit-item", "massivemusic.log.sale"),
            ("massivemusic.log.api.refund-release", "massivemusic.log.refund"),
            ("massivemusic.log.api.refund-track", "massivemusic.log.refund"),
        ] {
            let facts = spec["logs"].as_array().unwrap().iter().find(|facts| facts["id"] == log).unwrap();
            let names = members(facts);
            let format = registry.format(layout).unwrap();
            for name in &names {
                let about = format.explain(name).unwrap_or_else(|| panic!("{layout} has no {name}"));
                assert!(about.contains("field `"), "{about}");
            }
            let line = format!("{}\n", names.join(","));
            let found = registry.recognise(&probe(&line)).map(|format| format.manifest().id.to_string());
            assert_eq!(found.as_deref(), Ok(layout), "{line}");
        }
        let line = "trackId,releaseId,isrc,title,artist,upc\n";
        let found = registry.recognise(&probe(line)).map(|format| format.manifest().id.to_string());
        assert_eq!(found.as_deref(), Ok("massivemusic.catalogue"));
    }

    #[test]
    fn missing_headings_are_named() {
        let registry = registry();
        let (id, headings) = templates().swap_remove(0);
        let line = headings.join(",").replace("Country", "Land").replace("Stream ID", "Play ID") + "\n";
        let expected = Recognition::Near("21 of 23 headings, missing `Stream ID`, `Country`".into());
        assert_eq!(registry.format(&id).unwrap().recognise(&probe(&line)), expected);
    }

    #[test]
    fn album_and_track_share_columns() {
        let registry = registry();
        let reads = registry.format("massivemusic.client-usage.download").unwrap().reads(None);
        for field in
            [Field::RELEASE_TITLE, Field::RECORDING_TITLE, Field::ICPN, Field::ISRC, Field::RELEASE_LABEL]
        {
            assert!(reads.contains(field), "{field}");
        }
    }
}
