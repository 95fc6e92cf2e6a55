//! Reports that a service owes to labels, societies and chart compilers, and statements that distributors send to labels: each one file under `layouts/`.
//!
//! Facts: `spec/layouts.json`, with the source of each layout and how sure it is. Where that says nothing, a layout says what is assumed.
