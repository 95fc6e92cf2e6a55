//! Column tables: layouts as data over delimited files
