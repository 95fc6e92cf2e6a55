"""Runs a command and prints what it cost as JSON: wall, user and system seconds, peak resident KiB, exit code."""

import json
import os
import sys
import time

begin = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - begin
code = os.waitstatus_to_exitcode(status)
cost = {"wall": wall, "user": usage.ru_utime, "system": usage.ru_stime, "peak": usage.ru_maxrss, "code": code}
print(json.dumps(cost), file=sys.stderr)
