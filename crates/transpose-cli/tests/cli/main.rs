//! The command line as users see it: the binary runs on files in a folder of its own for each test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

mod bad_input;
mod calculations;
mod commands;
mod compare;
mod completing;
mod containers;
mod convert;
mod damage;
mod deals;
mod definitions;
mod dialects;
mod escapes;
mod events;
mod filtered;
mod fixed;
mod flat;
mod hostile;
mod identity;
mod incomplete;
mod labels;
mod layout;
mod memory;
mod messages;
mod metamorphic;
mod monthly;
mod paid;
mod parts;
mod profiles;
mod readme;
mod run;
mod sales;
mod schedule;
mod selection;
mod spellings;
mod statements;
mod support;
mod templates;
mod validate;
mod vectors;
mod workbooks;
