//! Input files, compression and atomic output
