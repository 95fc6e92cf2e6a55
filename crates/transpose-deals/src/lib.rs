//! Agreements and period figures
