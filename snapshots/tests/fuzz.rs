//! The fuzz targets of `fuzz/` over the cases and damaged variants of them, without a fuzzer:
//! nothing panics, whatever the bytes are.

mod support;

use support::{all, catalogue, registry};
use transpose_testkit::{fuzz, mangle};

/// How many variants of each kind an input has.
const VARIANTS: usize = 6;

#[test]
fn formats_read_any_bytes() {
    let (catalogue, registry) = (catalogue(), registry());
    all(&catalogue.cases, |case| {
        let own = registry.format(&case.format).ok_or_else(|| format!("{case}: there is no such format"))?;
        let bytes = case.bytes()?;
        let step = (bytes.len() / 8).max(1);
        for variant in mangle::variants(&bytes, step, VARIANTS) {
            fuzz::format(own, &variant.bytes);
        }
        // What belongs to another format is read as it is.
        registry.formats().for_each(|format| fuzz::format(format, &bytes));
        Ok(())
    });
}

#[test]
fn containers_open_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue();
    all(catalogue.cases.iter().step_by(7), |case| {
        let bytes = case.bytes()?;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, &bytes).map_err(|error| error.to_string())?;
        let packed = packed.finish().map_err(|error| error.to_string())?;
        for text in [&bytes, &packed] {
            for variant in mangle::variants(text, (text.len() / 8).max(1), VARIANTS) {
                fuzz::container(&variant.bytes, folder.path()).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    });
}
