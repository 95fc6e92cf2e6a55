"""Runs a command and prints what it cost as JSON on standard error: wall, user and system seconds, peak resident KiB, exit code.

measure.py STDOUT COMMAND...: the command's standard output goes to the file STDOUT; `-` merges it into standard error.
"""

import json
import os
import resource
import sys
import threading
import time


def watch(process, stop, seen):
    """Keeps the peak that the process itself has had so far."""
    while not stop.wait(0.01):
        try:
            with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
                seen[0] = next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), seen[0])
        except OSError:
            return


stdout, *command = sys.argv[1:]
if stdout == "-":
    actions = [(os.POSIX_SPAWN_DUP2, 2, 1)]
else:
    actions = [(os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)]
begin = time.monotonic()
child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
# The kernel counts a child's peak from before the command began, when it was still this script. What is below that is read from the
# process while it runs.
floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seen, stop = [0], threading.Event()
watcher = threading.Thread(target=watch, args=(child, stop, seen), daemon=True)
watcher.start()
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - begin
stop.set()
watcher.join()
peak = usage.ru_maxrss if usage.ru_maxrss > floor else seen[0] or usage.ru_maxrss
code = os.waitstatus_to_exitcode(status)
cost = {"wall": wall, "user": usage.ru_utime, "system": usage.ru_stime, "peak": peak, "code": code}
print(json.dumps(cost), file=sys.stderr)
