//! The canonical usage model and the plugin contract
