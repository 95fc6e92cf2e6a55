//! Programs that have nothing to do with ours open what we write.
