"""A user swaps, truncates, grows or renames what is theirs, all the time: no night hangs or fails."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from tests.cases.attack.common import COMMAND, EXCHANGE, UID, Area, backup, verdict

ROUNDS = 2
HANG_SECONDS = 20
CODES = {
    "file and FIFO": EXCHANGE + "\na = sys.argv[1]\nwhile True:\n    exchange(a + '/big', a + '/fifo')\n",
    "truncate and grow": """
import os, sys
fd = os.open(sys.argv[1] + "/big", os.O_RDWR)
while True:
    os.ftruncate(fd, 0)
    os.ftruncate(fd, 30 << 20)
    os.pwrite(fd, b"x" * 300000, 0)
""",
    "grow only": """
import os, sys, time
fd = os.open(sys.argv[1] + "/big", os.O_WRONLY | os.O_APPEND)
while True:
    os.write(fd, b"x" * 100000)
    time.sleep(0.005)
""",
    "rename a directory": """
import os, sys
d = sys.argv[1]
while True:
    os.rename(d + "/deep", d + "/deep2")
    os.rename(d + "/deep2", d + "/deep")
""",
    "a directory and a symlink loop": EXCHANGE
    + "\nd = sys.argv[1]\nwhile True:\n    exchange(d + '/deep', d + '/loop')\n",
    "a directory and a file": EXCHANGE + "\nd = sys.argv[1]\nwhile True:\n    exchange(d + '/deep', d + '/plain')\n",
    "file by file, replaced": """
import os, sys, itertools
d = sys.argv[1]
for i in itertools.count():
    p = d + f"/deep/f{i % 50}"
    open(p + ".t", "w").write(str(i))
    os.rename(p + ".t", p)
""",
}


def _make(area: Area) -> str:
    area.dir("bk")
    area.file("src", "others", data=b"precious")
    place = area.dir("src", "m", owner=UID)
    area.file("src", "m", "big", data=b"y" * (5 << 20), owner=UID)
    area.file("src", "m", "plain", owner=UID)
    for number in range(50):
        area.file("src", "m", "deep", f"f{number}", owner=UID)
        area.file("src", "m", "deep", "er", f"f{number}", owner=UID)
    area.dir("src", "m", "deep", "er", owner=UID)
    area.dir("src", "m", "deep", owner=UID)
    os.mkfifo(f"{place}/fifo", 0o644)
    os.symlink("loop", f"{place}/loop")
    for name in ("fifo", "loop"):
        os.lchown(f"{place}/{name}", UID, UID)
    return place


def _descendants(root: int) -> list[int]:
    """The command and what it has started; taken before it is ended, for they would lose their parent."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as status:
                parent = int(status.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _back_up(source: str, target: str) -> tuple[object, dict[str, Any]]:
    """The exit code, or "hang", and what was printed."""
    arguments = [COMMAND, "run", source, target, "--json"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        printed, _ = process.communicate(timeout=HANG_SECONDS)
    except subprocess.TimeoutExpired:
        for number in _descendants(process.pid):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
        return "hang", {}
    return process.returncode, json.loads(printed)


def _night(code: str, *, has_reference: bool) -> str:
    """Say what went wrong in a night."""
    with Area() as area:
        place = _make(area)
        if has_reference:
            backup(area("src"), area("bk"))
        area.attack(code, place)
        ended, said = _back_up(area("src"), area("bk"))
        if not area.still_attacked():
            return "the attacker gave up"
        if ended != 0:
            return f"{ended}: {said.get('message')}"[:150]
        return "" if os.path.exists(os.path.join(said["path"], "others")) else "another user's file is missing"


bad: dict[str, list[str]] = {}
for kind, code in CODES.items():
    if len(sys.argv) > 2 and kind not in sys.argv[2:]:
        continue
    bad[kind] = [wrong for turn in range(ROUNDS) if (wrong := _night(code, has_reference=turn % 2 == 1))]
    print(f"{kind}: {bad[kind]}", flush=True)
verdict(any(bad.values()), f"nights of {ROUNDS} that failed: { {kind: len(wrong) for kind, wrong in bad.items()} }")
