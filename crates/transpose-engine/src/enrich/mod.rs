//! Enrich: rows get what a catalogue knows, identifiers, and users that nobody can name.
//!
//! | module | does |
//! |---|---|
//! | `decoder` | the decoder that wraps that of a format and adds or withholds cells |
//! | `catalogue` | recordings and releases by the service's own identifiers |
//! | `tracklists` | the tracks of a release that was sold as a whole |
//! | `privacy` | user ids: kept, hashed or left out |

pub(crate) mod catalogue;
pub(crate) mod decoder;
pub(crate) mod privacy;
pub(crate) mod tracklists;
