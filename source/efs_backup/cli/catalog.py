"""The commands, where each is, and what is said of it beside the others: known without importing any of them."""

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its module in the package, its function there, and a line on it."""

    module: str
    function: str
    help: str
    package: str = "efs_backup.cli.commands"


SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "Make": {
        "run": Entry("run", "run", "Back up a source: one more snapshot."),
        "init": Entry("init", "init", "Begin a series, without a backup."),
        "copy": Entry("copy", "copy", "Bring the snapshots to another file system."),
        "estimate": Entry("estimate", "estimate", "Say what backups would cost on Amazon EFS."),
    },
    "Look": {
        "list": Entry("listing", "list_snapshots", "List the snapshots."),
        "history": Entry("history", "history", "Show what each backup came to."),
        "ls": Entry("ls", "ls", "List a directory of a snapshot."),
        "find": Entry("find", "find", "Find names in snapshots, and what is gone."),
        "cat": Entry("cat", "cat", "Print a file of a snapshot."),
        "diff": Entry("diff", "diff", "Show what differs between two snapshots."),
        "versions": Entry("versions", "versions", "Show each version of a path."),
        "vanished": Entry("vanished", "vanished", "Show what went, and who still has it."),
        "growth": Entry("growth", "growth", "Show what has grown, by directory."),
        "stats": Entry("stats", "stats", "Show what dropping each snapshot would free."),
        "browse": Entry("browse", "browse", "Serve a page to browse the snapshots."),
        "report": Entry("report", "report", "Write a page of how the nights went."),
    },
    "Restore": {
        "restore": Entry("restore", "restore", "Bring back a snapshot, or a part of it."),
        "undo": Entry("undo", "undo", "Take a restore back."),
        "drill": Entry("drill", "drill", "Rehearse a restore, and measure it."),
    },
    "Keep": {
        "prune": Entry("prune", "prune", "Delete what the rules do not keep."),
        "pin": Entry("pin", "pin", "Keep one snapshot, whatever the rules say."),
        "unpin": Entry("pin", "unpin", "Release a pinned snapshot."),
        "note": Entry("pin", "note", "Write a note on a snapshot."),
        "hold": Entry("hold", "hold_series", "Keep all that is there now, until it is released."),
        "release": Entry("hold", "release_label", "Take the holds of a label away."),
    },
    "Prove": {
        "verify": Entry("verify", "verify", "Compare snapshots with their manifests."),
        "audit": Entry("audit", "audit_series", "Check the chain of seals."),
        "scrub": Entry("scrub", "scrub", "Read a part of what is stored, and find damage."),
        "repair": Entry("repair", "repair", "Bring back damaged files."),
        "manifest": Entry("manifest", "manifest", "Print the manifest of a snapshot, or make it."),
    },
    "In AWS": {
        "stack": Entry("app", "stack", "Look at, start and restore what a stack backs up.", "efs_backup.stack"),
    },
    "Set up": {
        "doctor": Entry("doctor", "doctor", "Find what is wrong, and what mends it."),
        "config": Entry("config", "config", "Check, show or begin a configuration."),
        "completion": Entry("completion", "completion", "Print what completes commands in a shell."),
    },
}
"""The commands by what they are for."""

_STACK = "efs_backup.stack.commands"

STACK_SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "Look": {
        "status": Entry("status", "status", "Show how the backups stand, and what comes next.", _STACK),
        "history": Entry("history", "history", "Show what each backup came to.", _STACK),
        "logs": Entry("logs", "logs", "Print what was said about a backup.", _STACK),
        "outputs": Entry("outputs", "outputs", "Print what the stack tells of itself.", _STACK),
        "doctor": Entry("doctor", "doctor", "Find what is wrong, and what mends it.", _STACK),
    },
    "File systems": {
        "list": Entry("sources", "list_sources", "List what is backed up, and when next.", _STACK),
        "add": Entry("sources", "add", "Add a file system, or a policy.", _STACK),
        "remove": Entry("sources", "remove", "Take a file system, or a policy, out.", _STACK),
    },
    "Make": {
        "start": Entry("start", "start", "Start a backup or a drill, and follow it.", _STACK),
        "stop": Entry("stop", "stop", "End what runs, as the end of its window would.", _STACK),
    },
    "Restore": {
        "restore": Entry("restore", "restore", "Bring a part of a snapshot back into the source.", _STACK),
        "undo": Entry("undo", "undo", "Take a restore of the stack back.", _STACK),
    },
    "Keep": {
        "pin": Entry("pin", "pin", "Keep one snapshot, whatever the rules say.", _STACK),
        "unpin": Entry("pin", "unpin", "Release a pinned snapshot.", _STACK),
        "note": Entry("pin", "note", "Write a note on a snapshot.", _STACK),
        "hold": Entry("hold", "hold", "Keep all that is there, until it is released.", _STACK),
        "release": Entry("hold", "release", "Take the holds away.", _STACK),
    },
}
"""The commands of `efs-backup stack`."""

COMMANDS: Mapping[str, Entry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

_ELSEWHERE = {
    "backup": "run", "create": "run", "snapshot": "run",
    "snapshots": "list", "rlist": "list", "log": "history", "info": "stats",
    "forget": "prune", "delete": "prune", "expire": "prune", "tag": "note",
    "check": "verify", "extract": "restore", "recover": "restore", "rewrite": "repair",
    "dump": "cat", "show": "cat",
}  # fmt: skip
"""The words of restic, Borg, Kopia and rsnapshot for what our commands do."""

_MOUNT = "Nothing needs to be mounted: the paths that `efs-backup list` shows are directories."


def hint(name: str, known: Iterable[str] = COMMANDS) -> str:
    """Guess which command was meant by a name that is none; "" where nothing is like it."""
    known = [*known]
    if name in {"mount", "umount"}:
        return _MOUNT
    if (better := _ELSEWHERE.get(name)) in known:
        return f"Did you mean {better!r}?"
    near = difflib.get_close_matches(name, known, 2)
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
