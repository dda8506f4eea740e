"""A user swaps a directory of TARGET with a link when the last file has come: root gives away none of its own."""

import os

from tests.cases.attack.common import EXCHANGE, UID, Area, backup, cannot, differences, run, tree, verdict

ROUNDS = 6
SWAP = (
    EXCHANGE
    + """
first, second, late, how, said = sys.argv[1:]
while not os.path.lexists(late):
    pass
exchange(first, second)
open(said, "w").close()
while how == "loop":
    exchange(first, second)
"""
)


def _prepare(area: Area) -> None:
    area.dir("bk")
    area.dir("src", owner=UID)
    area.dir("src", "a", owner=UID)
    for number in range(40):
        area.dir("src", "a", f"b{number}", owner=UID, mode=0o777)
        area.file("src", "a", f"b{number}", "f", owner=UID)
        area.dir("victim", f"b{number}", mode=0o700)
    area.file("src", "late", owner=UID)
    code, said = backup(area("src"), area("bk"))
    assert code == 0, said
    area.dir("target", owner=UID)
    area.dir("said", owner=UID)
    os.symlink(area("victim"), area("target", "link"))


hits = in_time = 0
for turn in range(ROUNDS):
    with Area() as area:
        _prepare(area)
        how = "loop" if turn % 2 else "once"
        place = area("target")
        area.attack(SWAP, f"{place}/a", f"{place}/link", f"{place}/late", how, area("said", "swapped"))
        before = tree(area("victim"), times=False)
        done = run("restore", area("bk"), place, "--json")
        in_time += os.path.exists(area("said", "swapped"))
        area.end_attacks()
        changed = differences(before, tree(area("victim"), times=False))
        print(f"{how}: exit {done.returncode}, changed: {changed[:4]}")
        hits += bool(changed)
if not in_time:
    cannot("the attacker was never in time")
verdict(hits, f"{hits} of {ROUNDS} restores changed root's directories, through a swapped one")
