//! Links every family of formats
