//! DDEX Digital Sales Reporting messages
