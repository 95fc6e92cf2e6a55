//! Cases and the shared checks every format inherits
