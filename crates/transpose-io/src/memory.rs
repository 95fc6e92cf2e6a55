//! How much memory there is, how much is used, and how people write such sizes.

use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The bytes of memory this process may use: what the machine has, or what its control group allows if that is less.
///
/// It is what the machine has at all (`MemTotal` of `/proc/meminfo`), not what is free at this moment (`MemAvailable`):
/// the second changes from run to run, and one that spills today and not tomorrow for the same input is hard to plan
/// with. Of control groups (version 1 and 2) the limits of all groups from that of the process up to the root count;
/// one that is not visible from inside a container is still found at the root of what is.
/// Nothing comes back where the system does not tell, which is everywhere but on Linux.
pub fn available() -> Option<u64> {
    available_under(Path::new("/"))
}

/// The bytes of memory this process holds in the machine now (resident set size), where the system tells.
///
/// It is `VmRSS` of `/proc/self/status` (proc(5)): pages shared with others, such as those of the program, count too,
/// and the kernel may be some dozen pages behind.
pub fn resident() -> Option<u64> {
    resident_under(Path::new("/"))
}

/// Reads a size such as `512MiB`, `1.5GB`, `4096` or `unlimited`; the last is no limit and gives nothing.
///
/// The units are `B`, `kB` `MB` `GB` `TB` (powers of 1000) and `KiB` `MiB` `GiB` `TiB` (powers of 1024), in capitals or
/// not, with or without a space before them. A number without a unit counts bytes. A fraction is allowed before a unit
/// and rounded down to whole bytes. `K`, `M`, `G` and `T` alone are refused: people mean both powers by them.
pub fn parse_size(text: &str) -> Result<Option<u64>, SizeError> {
    let found = text.trim();
    let fail = |fault| SizeError { found: text.to_owned(), fault };
    if found.eq_ignore_ascii_case("unlimited") {
        return Ok(None);
    }
    let split = found.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(found.len());
    let (number, unit) = found.split_at(split);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit: u64 = match unit.as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1000_u64.pow(2),
        "gb" => 1000_u64.pow(3),
        "tb" => 1000_u64.pow(4),
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "k" | "m" | "g" | "t" => return Err(fail(SizeFault::Ambiguous)),
        _ => return Err(fail(SizeFault::Unreadable)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (unit == 1 && number.contains('.')) {
        return Err(fail(SizeFault::Unreadable));
    }
    let whole: u64 = whole.parse().map_err(|_| fail(SizeFault::TooLarge))?;
    // Digits after the twelfth are less than a byte of any unit.
    let mut part: u128 = 0;
    for digit in fraction.bytes().chain(std::iter::repeat(b'0')).take(12) {
        part = part * 10 + u128::from(digit - b'0');
    }
    let bytes = u128::from(whole) * u128::from(unit) + part * u128::from(unit) / 1_000_000_000_000;
    u64::try_from(bytes).map(Some).map_err(|_| fail(SizeFault::TooLarge))
}

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError {
    found: String,
    fault: SizeFault,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SizeFault {
    Unreadable,
    Ambiguous,
    TooLarge,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        match self.fault {
            SizeFault::Unreadable => {
                write!(f, "`{found}` is no size, expected one such as `512MiB`, `2GB` or `unlimited`")
            }
            SizeFault::Ambiguous => {
                write!(f, "the unit of `{found}` may mean powers of 1000 or of 1024, expected `MB` or `MiB`")
            }
            SizeFault::TooLarge => write!(f, "`{found}` is too large, expected less than 2^64 bytes"),
        }
    }
}

impl std::error::Error for SizeError {}

fn available_under(root: &Path) -> Option<u64> {
    let limits = machine(root).into_iter().chain(control_groups(root));
    limits.min()
}

fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

/// The limits of all control groups this process is in that can be seen.
fn control_groups(root: &Path) -> Vec<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in text.lines() {
        // `hierarchy:controllers:path`; the hierarchy of version 2 names no controllers (cgroups(7)).
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (mounts, file): (&[&str], _) = if number == "0" && controllers.is_empty() {
            // Systems that mount both versions have the second below the first.
            (&["sys/fs/cgroup", "sys/fs/cgroup/unified"], "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (&["sys/fs/cgroup/memory"], "memory.limit_in_bytes")
        } else {
            continue;
        };
        let path = below(path);
        for mount in mounts {
            let mount = root.join(mount);
            let groups = path.ancestors().map(|group| mount.join(group).join(file));
            limits.extend(groups.filter_map(|file| limit(&file)));
        }
    }
    limits
}

/// The path of a group below the mount; one outside of what a container sees begins with `..` and is the root there.
fn below(path: &str) -> PathBuf {
    let parts = Path::new(path).components();
    if parts.clone().any(|part| part == Component::ParentDir) {
        return PathBuf::new();
    }
    parts.filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// The limit in a file; `max`, and in version 1 a number near 2^63, stand for none.
fn limit(file: &Path) -> Option<u64> {
    let limit: u64 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (limit < 1 << 62).then_some(limit)
}

fn resident_under(root: &Path) -> Option<u64> {
    // `statm` counts in pages, whose size only a system call tells.
    let text = fs::read_to_string(root.join("proc/self/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        root
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:  100 kB\nMemAvailable:  200 kB\n");
    const MACHINE: u64 = 16_384_000 << 10;

    #[test]
    fn the_smallest_limit_counts() {
        let v2 = ("proc/self/cgroup", "0::/system.slice/run.service\n");
        let v1 = (
            "proc/self/cgroup",
            "11:cpu,cpuacct:/a\n4:hugetlb,memory:/docker/ab:c\n1:name=systemd:/x\n0::/\n",
        );
        let cases: [(&[(&str, &str)], Option<u64>); 12] = [
            (&[], None),
            (&[MEMINFO], Some(MACHINE)),
            (&[("proc/meminfo", "MemTotal: none kB\n")], None),
            (&[MEMINFO, v2], Some(MACHINE)),
            (
                &[MEMINFO, v2, ("sys/fs/cgroup/system.slice/run.service/memory.max", "1073741824\n")],
                Some(1 << 30),
            ),
            (
                &[
                    MEMINFO,
                    v2,
                    ("sys/fs/cgroup/system.slice/run.service/memory.max", "max\n"),
                    ("sys/fs/cgroup/system.slice/memory.max", "5000\n"),
                ],
                Some(5000),
            ),
            // Inside a container the group's own files lie at the root of the mount.
            (&[MEMINFO, v2, ("sys/fs/cgroup/memory.max", "7000\n")], Some(7000)),
            (
                &[MEMINFO, ("proc/self/cgroup", "0::/../../other\n"), ("sys/fs/cgroup/memory.max", "7000\n")],
                Some(7000),
            ),
            // More than the machine has is no limit.
            (&[MEMINFO, v2, ("sys/fs/cgroup/memory.max", "99999999999999\n")], Some(MACHINE)),
            (
                &[MEMINFO, v1, ("sys/fs/cgroup/memory/docker/ab:c/memory.limit_in_bytes", "4096\n")],
                Some(4096),
            ),
            (
                &[MEMINFO, v1, ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")],
                Some(MACHINE),
            ),
            (&[v2, ("sys/fs/cgroup/memory.max", "7000\n")], Some(7000)),
        ];
        for (files, expected) in cases {
            let root = root(files);
            assert_eq!(available_under(root.path()), expected, "{files:?}");
        }
    }

    #[test]
    fn the_resident_set_is_read_in_bytes() {
        let fake = root(&[("proc/self/status", "Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t    12 kB\n")]);
        assert_eq!(resident_under(fake.path()), Some(12 << 10));
        assert_eq!(resident_under(root(&[]).path()), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        let available = available().unwrap();
        assert!(available > 16 << 20, "{available}");
        let before = resident().unwrap();
        let mut held = vec![1u8; 64 << 20];
        held[0] = 2;
        assert!(resident().unwrap() >= before.max(64 << 20), "{before} {}", held.len());
    }

    #[test]
    fn sizes_are_read_as_documented() {
        let cases = [
            ("0", 0),
            ("4096", 4096),
            ("4096B", 4096),
            ("64 KiB", 64 << 10),
            ("256MiB", 256 << 20),
            ("256mib", 256 << 20),
            ("1GB", 1_000_000_000),
            ("1.5GiB", 3 << 29),
            ("0.1kB", 100),
            ("0.0005kB", 0),
            ("2TB", 2_000_000_000_000),
            ("1TiB", 1 << 40),
            (" 7 MB ", 7_000_000),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), Ok(Some(expected)), "{text}");
        }
        for text in ["unlimited", "Unlimited", " unlimited "] {
            assert_eq!(parse_size(text), Ok(None));
        }
        let faults = [
            ("", SizeFault::Unreadable),
            ("MiB", SizeFault::Unreadable),
            (".5MiB", SizeFault::Unreadable),
            ("5.MiB", SizeFault::Unreadable),
            ("1.2.3MB", SizeFault::Unreadable),
            ("1.5", SizeFault::Unreadable),
            ("1.5B", SizeFault::Unreadable),
            ("-1", SizeFault::Unreadable),
            ("+1", SizeFault::Unreadable),
            ("1e3", SizeFault::Unreadable),
            ("1_000", SizeFault::Unreadable),
            ("12 parsecs", SizeFault::Unreadable),
            ("64M", SizeFault::Ambiguous),
            ("64 g", SizeFault::Ambiguous),
            ("18446744073709551616", SizeFault::TooLarge),
            ("16777216TiB", SizeFault::TooLarge),
        ];
        for (text, fault) in faults {
            assert_eq!(parse_size(text).unwrap_err().fault, fault, "{text}");
        }
        assert_eq!(
            parse_size("64M").unwrap_err().to_string(),
            "the unit of `64M` may mean powers of 1000 or of 1024, expected `MB` or `MiB`"
        );
    }
}
