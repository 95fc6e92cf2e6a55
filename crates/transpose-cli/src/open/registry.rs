//! The registry of formats, and formats by their names.

use crate::diagnostics::{
    BROKEN_BUILD, UNKNOWN_FORMAT, UNKNOWN_VERSION, WRONG_DIRECTION, WithHelp as _, argument_error,
    usage_error,
};
use crate::open::text;
use std::path::PathBuf;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{Format, Manifest, Registry};
use transpose_sheet::{Layout, LayoutFormat};

/// The formats that the program links, and the given layouts.
pub(crate) fn registry(layouts: &[PathBuf]) -> Result<Registry, Fatal> {
    let broken = |error: &dyn std::fmt::Display| {
        Fatal::new(Failure::Bug, Diagnostic::new(&BROKEN_BUILD, Location::default(), error.to_string()))
    };
    let mut registry = Registry::load().map_err(|error| broken(&error))?;
    for path in layouts {
        let layout = Layout::parse(&path.to_string_lossy(), &text(path)?)?;
        let format = LayoutFormat::new(layout);
        let id = format.manifest().id.to_string();
        registry.add(Box::new(format)).map_err(|_| {
            let message =
                format!("the layout `{}` has the id `{id}`, which another format has", path.display());
            argument_error(message).with_help("Give the layout an `id` of its own.")
        })?;
    }
    Ok(registry)
}

/// The format with the given id.
pub(crate) fn format<'a>(registry: &'a Registry, id: &str) -> Result<&'a dyn Format, Fatal> {
    registry.format(id).ok_or_else(|| {
        let unknown = usage_error(&UNKNOWN_FORMAT, format!("there is no format `{id}`"));
        match &registry.nearest(&id.to_lowercase())[..] {
            [] => unknown,
            near => {
                let near = near.join("`, `");
                unknown.with_help(format!("Did you mean `{near}`? {}", UNKNOWN_FORMAT.help))
            }
        }
    })
}

/// The format and version of `ID@VERSION`; the version is `None` if it is not named.
pub(crate) fn format_and_version<'a>(
    registry: &'a Registry,
    text: &str,
) -> Result<(&'a dyn Format, Option<String>), Fatal> {
    let (id, version) = text.split_once('@').map_or((text, None), |(id, version)| (id, Some(version)));
    let format = format(registry, id)?;
    let Some(version) = version else { return Ok((format, None)) };
    let versions: Vec<&str> = format.manifest().versions.iter().map(|version| version.id.as_ref()).collect();
    if versions.contains(&version) {
        return Ok((format, Some(version.to_owned())));
    }
    let unknown = usage_error(&UNKNOWN_VERSION, format!("`{id}` has no version `{version}`"));
    Err(if versions.is_empty() {
        unknown.with_help(format!("`{id}` has no versions; leave `@{version}` out."))
    } else {
        unknown.with_help(format!("Its versions are `{}`.", versions.join("`, `")))
    })
}

/// Refuses a format that cannot be written.
pub(crate) fn require_writable(format: &dyn Format) -> Result<(), Fatal> {
    if format.manifest().writes {
        return Ok(());
    }
    Err(usage_error(&WRONG_DIRECTION, format!("`{}` can be read but not written", format.manifest().id)))
}

/// Refuses a format that cannot be read.
pub(crate) fn require_readable(format: &dyn Format) -> Result<(), Fatal> {
    if format.manifest().reads {
        return Ok(());
    }
    Err(usage_error(&WRONG_DIRECTION, format!("`{}` can be written but not read", format.manifest().id)))
}

/// The id of a format, with the version after `@` if there is one.
pub(crate) fn name_with_version(manifest: &Manifest, version: Option<&str>) -> String {
    version.map_or_else(|| manifest.id.to_string(), |version| format!("{}@{version}", manifest.id))
}

/// The id of a target with the version that is written: the given one, or the format's first.
pub(crate) fn target_name(format: &dyn Format, version: Option<&str>) -> String {
    let first = || format.manifest().versions.first().map(|version| version.id.as_ref());
    name_with_version(format.manifest(), version.or_else(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_formats_and_versions_are_answered_with_what_exists() {
        let registry = registry(&[]).unwrap();
        let advice = |text: &str| match format_and_version(&registry, text) {
            Err(fatal) => fatal.diagnostics[0].advice().to_owned(),
            Ok(_) => panic!("{text}"),
        };
        assert!(
            advice("massivemusic.client-usage.subscripton")
                .contains("`massivemusic.client-usage.subscription`")
        );
        assert!(advice("massivemusic.client-usage.subscription@2").contains("has no versions"));
        assert!(format_and_version(&registry, "massivemusic.client-usage.subscription").is_ok());
    }
}
