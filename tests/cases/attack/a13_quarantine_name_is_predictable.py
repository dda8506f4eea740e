"""Others make TARGET.quarantine-TIME beside TARGET while root still compares: nothing of root's goes there."""

import json
import os
import shutil
import subprocess
import time

from tests.cases.attack.common import COMMAND, UID, Area, backup, cannot, verdict

ROUNDS = 3
TRAP = """
import ctypes, os, sys, time
target, loot = sys.argv[1:]
libc = ctypes.CDLL(None)
events = libc.inotify_init()
libc.inotify_add_watch(events, target.encode(), 0x20)  # IN_OPEN: root has begun to compare
open(os.path.join(loot, "..", "ready"), "w").close()
os.read(events, 4096)
now = time.time()
for back in range(12):
    try:
        os.symlink(loot, target + ".quarantine-" + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now - back)))
    except OSError:
        pass
time.sleep(1000)
"""
hits = traps = 0
for _ in range(ROUNDS):
    with Area() as area:
        area.dir("bk")
        for number in range(1200):
            area.file("src", f"d{number % 60}", f"f{number}")
        code, said = backup(area("src"), area("bk"))
        assert code == 0, said
        area.dir("parent", mode=0o777)
        area.dir("loot", owner=UID, mode=0o777)
        target = area("parent", "target")
        shutil.copytree(area("src"), target)
        area.file("parent", "target", "extra", "secret", data=b"root's", mode=0o600)
        os.chmod(area("parent", "target", "extra"), 0o700)
        os.chmod(area.path, 0o777)
        area.attack(TRAP, target, area("loot"))
        while not os.path.exists(area("ready")):
            time.sleep(0.02)
        done = subprocess.run(
            [COMMAND, "restore", area("bk"), target, "--mode", "mirror", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        moved = sorted(os.listdir(area("loot")))
        traps += any(os.path.islink(area("parent", name)) for name in os.listdir(area("parent")))
        hits += bool(moved)
        quarantine = json.loads(done.stdout).get("quarantine") if done.stdout.strip() else None
        print(f"exit {done.returncode}, moved into the user's own directory: {moved}; quarantine: {quarantine}")
if not traps:
    cannot("the trap was never laid in time")
verdict(hits, f"{hits} of {ROUNDS}: replaced files were moved into a directory of the attacker's")
