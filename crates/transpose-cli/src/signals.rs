//! Signals that end the program: outputs that are not complete are removed, and the exit code is
//! 128 and the number of the signal, as shells have it.

/// Watches for signals from now on.
#[cfg(unix)]
pub(crate) fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::io::Write as _;
    use std::sync::Once;

    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let ignored = ignored();
        let wanted = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        // Without the thread a signal ends the program as it does any other, and the next run
        // removes what is left.
        let Ok(mut signals) = Signals::new(wanted) else { return };
        let _ = std::thread::Builder::new().name("signals".into()).spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            transpose_io::abandon();
            let name = match signal {
                SIGHUP => "SIGHUP",
                SIGINT => "SIGINT",
                _ => "SIGTERM",
            };
            let _ = writeln!(std::io::stderr(), "error: ended by {name}; what was begun is removed");
            #[expect(clippy::exit, reason = "the threads of the run do not wait for signals")]
            std::process::exit(128 + signal);
        });
    });
}

/// Elsewhere a program is ended without being asked.
#[cfg(not(unix))]
pub(crate) fn watch() {}

/// The signals that whoever started the program ignores, as `nohup` does and shells do for the
/// interrupts of programs in the background; a bit for each.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
