"""An rsync that does harm: no exit code is a proof, so each name that it was asked to bring is looked at afterwards."""

import os
import shlex
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly

_WRAPPER = r"""#!/bin/bash
# The real rsync, with the harm that the file beside this one tells; in `done` are the marks of what was done.
place=$(dirname "$0")
listed= ; for one; do case "$one" in --files-from=*) listed=${one#--files-from=};; esac; done
[ -n "$listed" ] || exec /usr/bin/rsync "$@"
target=${@: -1}
case "$target" in --*) target=${@: -2:1};; esac
real() { /usr/bin/rsync "$@"; }
half() { head -zn 2 "$listed" >"$place/half.$$"; /usr/bin/rsync "$@" --files-from="$place/half.$$"; }
mark() { touch "$place/done/$1"; }
harm() {
    victim=$target/$1/victim
    if grep -qzF "$1/victim" "$listed" && eval "$2"; then mark "$1"; fi
}
. "$place/harm"
"""

HARMS = {
    "removed": 'rm "$victim"',
    "another mode": 'chmod 606 "$victim"',
    "another owner": 'chown 4242 "$victim"',
    "another group": 'chgrp 4343 "$victim"',
    "older": 'touch -d @1000 "$victim"',
    "newer": 'touch "$victim"',
    "newer by a nanosecond": 'touch -d @1760000000.123456790 "$victim"',
    "truncated, of the same mtime": 'was=$(stat -c %y "$victim"); truncate -s 10 "$victim"; touch -d "$was" "$victim"',
    "zeros of another size": 'head -c 299999 /dev/zero >"$victim"',
    "older zeros of another size": 'head -c 9 /dev/zero >"$victim"; touch -d @1000 "$victim"',
    "a FIFO": 'rm "$victim"; mkfifo "$victim"',
    "a symlink": 'ln -sfn "$place/decoy" "$victim"',
    "a device": 'rm "$victim"; mknod "$victim" c 1 3',
    "a directory": 'rm "$victim"; mkdir "$victim"',
    "a full directory": 'rm "$victim"; mkdir -p "$victim/deep"; echo wrong >"$victim/deep/wrong"',
    "its directory is removed": 'rm -r "$target/$1"',
    "its directory is a symlink": 'mv "$target/$1" "$place/moved"; ln -s "$place/moved" "$target/$1"',
    "its directory is a file": 'rm -r "$target/$1"; echo wrong >"$target/$1"',
}
"""The shell's work on a copied name, by what becomes of it; the name lies in a directory that is called so."""

ENDS = {
    "exits with 0 without doing anything": "exit 0",
    "exits with 0 in the middle": 'half "$@"; exit 0',
    "exits with 12 in the middle": 'half "$@"; exit 12',
    "exits with 23 without a word": 'half "$@"; exit 23',
    "exits with 24 without a word": 'half "$@"; exit 24',
    "exits with 127": "exit 127",
    "is killed in the middle": 'half "$@"; kill -9 $$',
    "is killed at the end": 'real "$@"; kill -9 $$',
    "is killed and leaves what it has begun": 'real "$@"; echo x >"$target/directory/.victim.aB3dE6"; kill -9 $$',
    "waits for the other end of a FIFO": 'mkfifo $place/fifo; half "$@"; : <$place/fifo; exit 0',
}
"""How an rsync ends, by what that means."""


FPSYNC_HAS_TO = {f"EFS_BACKUP_{command}_FILES_PER_PART": "20" for command in ("RUN", "RESTORE")}
"""The environment in which even so few files as here are brought by fpsync and rsync, in several parts."""


@pytest.fixture
def wrapper(cli: Cli, tmp_path: Path) -> Path:
    """An rsync that comes first in PATH; in its directory lies what it shall do, and what it did."""
    programs = tmp_path / "harmful"
    (programs / "done").mkdir(parents=True)
    (programs / "rsync").write_text(_WRAPPER)
    (programs / "rsync").chmod(0o755)
    (programs / "decoy").write_text("nobody may touch this")
    cli.environment |= {"PATH": f"{programs}:{cli.environment['PATH']}", **FPSYNC_HAS_TO}
    return programs


@pytest.fixture
def tree(source: Path) -> Path:
    """A tree with all that either copier leaves to rsync, and something that it does not, where there is a victim."""
    for place in ("directory", *HARMS):
        for name in ("before", "victim", "z after"):
            write(source / place / name, name[0] * 300_000)
        write(source / place / "below" / "small", place)
        os.mkfifo(source / place / "fifo")
        with (source / place / "sparse").open("wb") as file:
            file.truncate(500_000)
            file.write(b"end")
        os.utime(source / place / "sparse", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    return source


def _let(wrapper: Path, script: str) -> None:
    (wrapper / "harm").write_text(script)


def _done(wrapper: Path) -> set[str]:
    return set(os.listdir(wrapper / "done"))


def _check(cli: Cli, wrapper: Path, tree: Path, backup: Path) -> None:
    result = cli("run", tree, backup, "--json").json
    assert result["status"] == "Success"
    snapshot, wanted = account(Path(result["path"])), account(tree)
    assert {path for path in wanted.keys() | snapshot.keys() if snapshot.get(path) != wanted.get(path)} == set()
    assert result["warnings"] == []
    assert (wrapper / "decoy").read_text() == "nobody may touch this"


@pytest.mark.root
@both_copiers
def test_what_an_rsync_did_to_a_name_is_mended(cli: Cli, wrapper: Path, tree: Path, backup: Path) -> None:
    """Whatever it is: the snapshot is equal to the source, though rsync said that all is well."""
    harms = "\n".join(f'harm "{harm}" {shlex.quote(script)}' for harm, script in HARMS.items())
    _let(wrapper, f'real "$@" || exit\n{harms}\nexit 0')
    _check(cli, wrapper, tree, backup)
    assert _done(wrapper) == HARMS.keys()


@both_copiers
@pytest.mark.parametrize("end", mostly_nightly(ENDS))
def test_however_an_rsync_ends_all_is_brought(cli: Cli, wrapper: Path, tree: Path, backup: Path, end: str) -> None:
    """Too early, by a signal, with a code that says nothing, or not at all."""
    _let(wrapper, f"mark it; {ENDS[end]}")
    _check(cli, wrapper, tree, backup)
    assert _done(wrapper) == {"it"}


@both_copiers
@pytest.mark.long
def test_an_rsync_that_brings_nothing_restores_all(cli: Cli, wrapper: Path, tree: Path, backup: Path) -> None:
    """A restore looks at every name as well."""
    _let(wrapper, 'real "$@"')
    snapshot = Path(cli("run", tree, backup, "--json").json["path"])
    _let(wrapper, "mark it; exit 0")
    target = backup.with_name("target")
    cli("restore", backup, target)
    assert account(target) == account(snapshot)
    assert _done(wrapper) == {"it"}


@both_copiers
def test_a_directory_that_is_gone_from_the_partial_is_no_success(
    cli: Cli, wrapper: Path, tree: Path, backup: Path
) -> None:
    """Nor is an empty one published in its place, though the copy tool knows that it has filled it before."""
    write(tree / "other" / "below" / "small")
    _let(wrapper, 'real "$@"; rm -r "$target/other" && mark it; exit 0')
    result = cli("run", tree, backup, "--json", code=None).json
    assert _done(wrapper) == {"it"}
    if result["status"] == "Success":
        assert account(Path(result["path"])) == account(tree)
    else:
        assert result["failure_reason"] == "CopyFailed"
        assert cli("list", backup, code=5).stdout == ""
