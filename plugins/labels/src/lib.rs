//! Reports that a service owes to labels, societies and chart compilers, and statements that
//! distributors send to labels: each one file under `layouts/`.
//!
//! Facts: `spec/layouts.json`, with the source of each layout and how sure it is. Where that says
//! nothing, a layout says what is assumed. `label.standard` is our own. `docs/labels.md` has a
//! paragraph on each.
//!
//! Reports of Use come in two variants: the layout of the plain name reports performances, the one
//! that ends in `-ath` reports aggregate tuning hours.

transpose_sheet::register_layout!("layouts/apple_financial.toml");
transpose_sheet::register_layout!("layouts/apple_music_s1.toml");
transpose_sheet::register_layout!("layouts/apple_sales_music.toml");
transpose_sheet::register_layout!("layouts/believe_statement.toml");
transpose_sheet::register_layout!("layouts/bmi_emr.toml");
transpose_sheet::register_layout!("layouts/cargo_digital.toml");
transpose_sheet::register_layout!("layouts/distrokid_statement.toml");
transpose_sheet::register_layout!("layouts/jasrac_jnotes.toml");
transpose_sheet::register_layout!("layouts/luminate_i3.toml");
transpose_sheet::register_layout!("layouts/luminate_m3.toml");
transpose_sheet::register_layout!("layouts/npr_soundexchange.toml");
transpose_sheet::register_layout!("layouts/orchard_statement.toml");
transpose_sheet::register_layout!("layouts/orchard_statement_older.toml");
transpose_sheet::register_layout!("layouts/ppl_webcasting.toml");
transpose_sheet::register_layout!("layouts/sddigital_statement.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_headed.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_headed_ath.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_plain.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_plain_ath.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_template.toml");
transpose_sheet::register_layout!("layouts/soundexchange_rou_template_ath.toml");
transpose_sheet::register_layout!("layouts/standard.toml");
transpose_sheet::register_layout!("layouts/tunecore_statement.toml");
transpose_sheet::register_layout!("layouts/youtube_audiotier_summary.toml");
transpose_sheet::register_layout!("layouts/youtube_red_summary.toml");

#[cfg(test)]
mod tests;
