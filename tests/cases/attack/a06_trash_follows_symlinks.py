"""Symlinks in a series or its trash, named as its own: what they lead to, outside of BACKUP, stays. Only decoys."""

import os

from tests.cases.attack.common import Area, backup, differences, run, series, tree, verdict

ENTRIES: dict[str, tuple[str, tuple[object, ...]]] = {
    "in the trash": (".trash/old", ()),
    "named like a snapshot, pruned": ("20200101T000000Z", ("--retain", 1)),
    "named like a partial, discarded": (".partial-20200101T000000Z", ()),
    "the trash itself": (".trash", ()),
}
fails = []
for name, (entry, options) in ENTRIES.items():
    for command in ("run", "prune"):
        with Area() as area:
            area.dir("bk")
            area.file("src", "f")
            backup(area("src"), area("bk"))
            area.file("decoy", "precious")
            area.file("decoy", "below", "deep", "more")
            before = tree(area("decoy"))
            link = os.path.join(series(area("bk")), entry)
            if entry == ".trash":
                os.rmdir(link)
            os.symlink(area("decoy"), link)
            if command == "run":
                done = run("run", area("src"), area("bk"), "--json", *options)
            else:
                done = run("prune", area("bk"), *(options or ("--retain", 7)))
            gone = not os.path.isdir(area("decoy"))
            lost = [("missing", b"decoy")] if gone else differences(before, tree(area("decoy")))
            print(f"{name} [{command}]: exit {done.returncode}; outside of BACKUP: {lost or 'untouched'}")
            if lost:
                fails.append((name, command))
verdict(fails, f"what a symlink leads to was deleted: {fails}")
