//! Chunks, workers, aggregation, ordered writing and the receipt
