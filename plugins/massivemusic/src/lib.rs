//! MassiveMusic client usage reports
