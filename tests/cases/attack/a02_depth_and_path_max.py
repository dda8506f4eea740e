"""An unprivileged user makes a tree that is deep, or longer than PATH_MAX: the night succeeds for the others."""

import os

from tests.cases.attack.common import UID, Area, backup, published, verdict

MAKE = """
import os, sys
root, depth, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.chdir(root)
for _ in range(depth):
    os.mkdir(name)
    os.chdir(name)
open("leaf", "w").write("leaf")
"""
fails = []
for depth, name in ((600, "d"), (1500, "d"), (30, "n" * 200)):
    for copier in ("links", "rsync"):
        with Area() as area:
            area.file("src", "other", data=b"precious")
            area.dir("src", "mallory", owner=UID)
            area.dir("bk")
            if area.attack(MAKE, area("src", "mallory"), depth, name).wait():
                fails.append("the tree could not be made")
            code, said = backup(area("src"), area("bk"), "--copier", copier)
            kept = any(os.path.exists(os.path.join(snapshot, "other")) for snapshot in published(area("bk")))
            print(f"depth {depth} of {len(name)} bytes [{copier}]: exit {code}, {str(said.get('message'))[:260]}")
            if code or not kept:
                fails.append(f"{depth} of {len(name)} bytes [{copier}]")
verdict(fails, f"one user's deep directory fails the whole backup: {fails}")
