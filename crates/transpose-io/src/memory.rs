//! How much memory there is.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The bytes of memory this process may use: what the machine has, or what its control group allows
/// if that is less.
///
/// It is what the machine has at all (`MemTotal` of `/proc/meminfo`), not what is free at this
/// moment (`MemAvailable`): the second changes from run to run, and one that spills today and not
/// tomorrow for the same input is hard to plan with. Of control groups (version 1 and 2) the limits
/// of all groups from that of the process up to the root count; one that is not visible from inside
/// a container is still found at the root of what is. Nothing comes back where the system does not
/// tell, which is everywhere but on Linux.
pub fn available() -> Option<u64> {
    available_under(Path::new("/"))
}

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
        // `hierarchy:controllers:path`; the hierarchy of version 2 names no controllers
        // (cgroups(7)).
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

/// The path of a group below the mount; one outside of what a container sees begins with `..` and
/// is the root there.
fn below(path: &str) -> PathBuf {
    let parts = Path::new(path).components();
    if parts.clone().any(|part| part == Component::ParentDir) {
        return PathBuf::new();
    }
    parts.filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// The limit in a file; `max`, and in version 1 a number near 2^63, represents none.
fn limit(file: &Path) -> Option<u64> {
    let limit: u64 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (limit < 1 << 62).then_some(limit)
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

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        let available = available().unwrap();
        assert!(available > 16 << 20, "{available}");
    }
}
