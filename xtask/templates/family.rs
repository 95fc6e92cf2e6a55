//! The {{FAMILY}} family of formats. Replace this line: who uses them, and where they were taken
//! from.
