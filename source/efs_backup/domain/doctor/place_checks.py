"""Whether the file systems of SOURCE and BACKUP, and this machine, can do what a backup needs."""

from collections.abc import Iterator
from datetime import timedelta
from shlex import quote

from efs_backup.domain.copying.commands import RSYNC_OLDEST, RSYNC_PATCHED
from efs_backup.domain.doctor.answer import Known, NotKnown, Unknown
from efs_backup.domain.doctor.finding import Check, Found, fault, warning
from efs_backup.domain.doctor.local_facts import Directory, LocalFacts, Probe, Version
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.clock import APART

_INSTALL = "apt-get install"
_TRIED = {"fpart": (1, 5, 1)}
"""The oldest versions that the tests run with."""

_SECOND_NS = 1_000_000_000
_OFF = timedelta(seconds=60)
"""Further apart than clocks that somebody sets."""

_FEW = 0.05
_MANY_NIGHTS = 3
_NETWORK = frozenset({"nfs", "cifs", "smb3"})


def _probe(facts: LocalFacts) -> Probe:
    """The facts that the probes have shown. Raises NotKnown, once with the reason, which `writable` tells."""
    if isinstance(facts.probe, Unknown):
        raise NotKnown("It could not be tried, for nothing could be written to BACKUP (see writable).")
    return facts.probe.value


def _tools(facts: LocalFacts) -> Iterator[Found]:
    missing = facts.tools.value.missing
    if missing:
        packages = " ".join(sorted({*missing.values()}))
        yield fault(f"Not installed: {', '.join(sorted(missing))}.", f"{_INSTALL} {packages}")


def _versions(facts: LocalFacts) -> Iterator[Found]:
    versions = facts.tools.value.versions
    rsync = versions.get("rsync")
    if rsync and rsync < RSYNC_OLDEST:
        yield fault(
            f"rsync {_told(rsync)} is older than {_told(RSYNC_OLDEST)}, and compares no nanoseconds.",
            f"{_INSTALL} rsync",
        )
    elif rsync and rsync < RSYNC_PATCHED:
        yield warning(
            f"rsync {_told(rsync)} is older than {_told(RSYNC_PATCHED)}, which closes holes that matter when root"
            " copies what others write.",
            f"{_INSTALL} rsync",
        )
    for tool, oldest in _TRIED.items():
        if (found := versions.get(tool)) and found < oldest:
            yield warning(
                f"{tool} {_told(found)} is older than {_told(oldest)}, with which this is tried.",
                f"{_INSTALL} {tool}",
            )


def _told(version: Version) -> str:
    return ".".join(map(str, version))


def _temporary(facts: LocalFacts) -> Iterator[Found]:
    if isinstance(facts.temporary, Unknown):
        yield fault(facts.temporary.why, "export TMPDIR=/var/tmp")
        return
    for note in facts.temporary.value:
        yield warning(note, "export TMPDIR=/var/tmp")


def _rights(facts: LocalFacts) -> Iterator[Found]:
    if facts.rights.missing:
        yield warning(
            f"User {facts.rights.user} lacks {', '.join(facts.rights.missing)}: owners are not kept, and what others"
            " have closed is not read.",
            "sudo efs-backup run ...",
        )
    if facts.rights.user == 0 and _probe(facts).owner != 0:
        yield fault(
            f"A file that root makes in BACKUP belongs to user {_probe(facts).owner}: the server squashes root, so"
            " that no owner can be kept.",
            "exportfs -o rw,no_root_squash CLIENT:PATH  # on the server",
        )


def _mounted(facts: LocalFacts) -> Iterator[Found]:
    for directory in (facts.source.value, facts.backup.value):
        if directory.unmounted:
            yield fault(
                f"/etc/fstab has {directory.unmounted!r} mounted, and nothing is: {directory.path!r} is not what it is"
                " meant to be.",
                f"mount {quote(directory.unmounted)}",
            )


def _nested(facts: LocalFacts) -> Iterator[Found]:
    if facts.nesting:
        yield fault(facts.nesting)


def _apart(facts: LocalFacts) -> Iterator[Found]:
    source, backup = facts.source.value, facts.backup.value
    if source.system == backup.system and source.mount == backup.mount:
        yield warning(f"SOURCE and BACKUP are on one file system, {source.system}: what breaks it takes both.")


def _mount_options(facts: LocalFacts) -> Iterator[Found]:
    for directory in (facts.source.value, facts.backup.value):
        if directory.system.family in _NETWORK and "soft" in directory.options:
            yield fault(
                f"{directory.mount!r} is a soft mount: where the server is slow, reads and writes fail.",
                _remount(directory, "hard"),
            )
    if "strictatime" in facts.source.value.options:
        source = facts.source.value
        yield warning(f"{source.mount!r} notes each read (strictatime).", _remount(source, "relatime"))


def _remount(directory: Directory, option: str) -> str:
    if directory.system.family in _NETWORK:
        return f"umount {quote(directory.mount)} && mount -o {option} {quote(directory.mount)}"
    return f"mount -o remount,{option} {quote(directory.mount)}"


def _writable(facts: LocalFacts) -> Iterator[Found]:
    if isinstance(facts.room, Known) and facts.room.value.is_read_only:
        mount = facts.backup.value.mount
        yield fault(f"BACKUP is mounted read-only at {mount!r}.", f"mount -o remount,rw {quote(mount)}")
    elif isinstance(facts.probe, Unknown):
        yield fault(facts.probe.why)


def _hard_links(facts: LocalFacts) -> Iterator[Found]:
    if _probe(facts).links:
        yield fault(
            f"BACKUP, on {facts.backup.value.system}, has no hard links: {_probe(facts).links}. Each snapshot would"
            " be a full copy.",
            "mkfs.ext4 DEVICE  # or xfs, or Amazon EFS: give a BACKUP there",
        )


def _names(facts: LocalFacts) -> Iterator[Found]:
    probe = _probe(facts)
    if not probe.knows_case:
        yield fault("BACKUP takes `a` and `A` for one name: of two files in SOURCE one would be lost.")
    if probe.symlinks:
        yield fault(f"BACKUP has no symlinks: {probe.symlinks}.")


def _times(facts: LocalFacts) -> Iterator[Found]:
    step = _probe(facts).time_step_ns
    if step >= _SECOND_NS:
        yield warning(
            f"BACKUP keeps times in steps of {step / _SECOND_NS:.0f} s: a file that changes twice within one, and keeps"
            " its size, looks unchanged.",
            "efs-backup run SOURCE BACKUP --checksum",
        )


def _clock(facts: LocalFacts) -> Iterator[Found]:
    probe = _probe(facts)
    apart = probe.here - probe.server
    if abs(apart) < _OFF:
        return
    ahead = "ahead of" if apart > timedelta(0) else "behind"
    what = f"This machine's clock is {_length(abs(apart))} {ahead} the clock of BACKUP's server"
    if abs(apart) > APART:
        yield fault(f"{what}: nothing is dropped as long as it is so.", "timedatectl set-ntp true")
    else:
        yield warning(f"{what}.", "timedatectl set-ntp true")


def _length(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004 - seconds of an hour


def _locks(facts: LocalFacts) -> Iterator[Found]:
    if _probe(facts).locks:
        mount = facts.backup.value.mount
        yield fault(
            f"BACKUP has no locks that work: {_probe(facts).locks}. Two backups at once could not be kept apart.",
            f"umount {quote(mount)} && mount -o vers=4.1 {quote(mount)}",
        )


def _space(facts: LocalFacts) -> Iterator[Found]:
    room = facts.room.value
    free = f"{sized(room.free)} of {sized(room.size)} are free on BACKUP"
    last = max((one.total_transferred_file_size or 0 for one in facts.series.value.records), default=0)
    prune = f"efs-backup prune {quote(facts.backup.value.path)} --retain N"
    if not room.free:
        yield fault("BACKUP is full.", prune)
    elif not facts.series.value.snapshots:
        yield from _first_space(facts, free)
    elif last and room.free < _MANY_NIGHTS * last:
        yield warning(f"{free}, and the largest of the last nights brought {sized(last)}.", prune)
    if room.inodes and room.free_inodes < _FEW * room.inodes:
        yield warning(
            f"{room.free_inodes:,} of {room.inodes:,} inodes are free on BACKUP; each new file, and each directory of"
            " each snapshot, takes one.",
            prune,
        )


def _first_space(facts: LocalFacts, free: str) -> Iterator[Found]:
    """Where SOURCE is a whole file system, what is used of it is known; else `estimate` counts."""
    used = facts.source_room.value.size - facts.source_room.value.free
    if facts.source.value.mount == facts.source.value.path and used > facts.room.value.free:
        source, backup = quote(facts.source.value.path), quote(facts.backup.value.path)
        yield fault(f"{free}, and SOURCE uses {sized(used)}.", f"efs-backup estimate {source} {backup}")


def _source(facts: LocalFacts) -> Iterator[Found]:
    if isinstance(facts.source, Unknown):
        yield fault(facts.source.why, "findmnt")
    elif facts.is_source_empty.value:
        yield warning(
            f"{facts.source.value.path!r} is empty: a file system that is not mounted looks like this.",
            f"findmnt --target {quote(facts.source.value.path)}",
        )


PLACE_CHECKS: tuple[Check[LocalFacts], ...] = (
    Check("tools", "All programs are there.", "The copy of what is large, or has holes, is theirs.", _tools),
    Check("versions", "Their versions are good.", "Each of these versions has a fault that matters here.", _versions),
    Check(
        "temporary",
        "There is a place for temporary files.",
        "Programs are started there, and lists of names lie there.",
        _temporary,
    ),
    Check("rights", "This user may read and keep all.", "A restore gives back what the snapshot has.", _rights),
    Check("source", "SOURCE can be read, and holds something.", "An empty source would be an empty snapshot.", _source),
    Check("mounted", "What /etc/fstab mounts is mounted.", "A backup of, or into, a mount point is none.", _mounted),
    Check("nested", "Neither directory lies in the other.", "A backup of itself never ends.", _nested),
    Check("apart", "SOURCE and BACKUP are on two file systems.", "A backup is for the day when one is lost.", _apart),
    Check("mount-options", "The mounts are hard.", "A read that fails without need ends the backup.", _mount_options),
    Check("writable", "BACKUP can be written.", "Without it there is no backup.", _writable),
    Check("hard-links", "BACKUP has hard links.", "An unchanged file is stored once by them.", _hard_links),
    Check("names", "BACKUP keeps all names.", "A name that cannot be kept is a file that is lost.", _names),
    Check("times", "BACKUP keeps times exactly.", "A change is seen by size and mtime.", _times),
    Check(
        "clock", "The clocks agree.", "Snapshots are named by this clock, and dropped by what they are named.", _clock
    ),
    Check("locks", "Locks work on BACKUP.", "They keep two backups of a series apart.", _locks),
    Check("space", "There is room on BACKUP.", "A full disk ends the backup as BackupFull.", _space),
)
