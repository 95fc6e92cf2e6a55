//! `ddex.dsr.financial`: Financial Reporting to Record Companies, single-record blocks.
//!
//! The standardised report with which a service pays a label: each line (SR08) is a sale with
//! prices, deductions and what is allocated to the record company, in the currencies of transaction
//! and of accounting; a DExx record of the parties may follow it. There is no multi-record variant,
//! and a message is one file. `FinancialReportingToRecordCompanies`, with or without `SRB`, is read
//! as well.
//!
//! NetUsage is usages less returns where it is not given. The reporting period of a summary record
//! is that of the header where it is not given. Nothing else that is about money is worked out
//! here.

use crate::format::Profile;

pub(crate) static PROFILE: Profile = Profile {
    id: "ddex.dsr.financial",
    title: "DDEX DSR, Financial Reporting to Record Companies",
    about: "Sales and their royalties for a record company, one line per sale with its prices, deductions \
            and allocated revenue in two currencies. A message is never split.",
    reference: "DDEX profile for financial reporting v1.1 with Part 8 v1.4, and the published schemas of profile version \
            1.0; facts in spec/",
    name: "FinancialReportingToRecordCompaniesProfileSRB",
};
