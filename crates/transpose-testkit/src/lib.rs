//! Case discovery, renderers, generators and mutators for tests
