//! Record tables: record specs, block grammar, reading and writing
