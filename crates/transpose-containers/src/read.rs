//! Reading: any container becomes a stream of delimited text.
