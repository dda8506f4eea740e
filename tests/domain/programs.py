"""The real programs, run as the engine runs them: in the C locale, with arguments and never a shell string."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class Ran:
    """How a program ended."""

    code: int
    stdout: str
    stderr: str


def run(*command: object, user: int | None = None, cwd: Path | None = None, locale: str = "C") -> Ran:
    """Run a command to its end; as another user on demand."""
    done = subprocess.run(
        [os.fsencode(str(argument)) for argument in command],
        env=_environment(locale), cwd=cwd, user=user, extra_groups=None if user is None else (),
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return Ran(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))


def _environment(locale: str) -> Mapping[str, str]:
    return {**os.environ, "LC_ALL": locale}


def rsync(*arguments: object, user: int | None = None, locale: str = "C") -> Ran:
    """Run the installed rsync."""
    return run(path_of("rsync"), *arguments, user=user, locale=locale)


def path_of(program: str) -> str:
    """Where an installed program is; a test without it fails and says so."""
    found = shutil.which(program)
    assert found, f"{program} is not installed"
    return found


def write_part(path: Path, *entries: str) -> Path:
    """A list of paths, as fpart writes it for one part."""
    path.write_bytes(b"".join(os.fsencode(entry) + b"\0" for entry in entries))
    return path


def crawl(tree: Path, *options: str) -> set[str]:
    """List a tree with the installed fpart, with fpsync's options and these."""
    with TemporaryDirectory() as place:
        listing = Path(place) / "part"
        done = run(path_of("fpart"), "-f", "1000", "-e", "-0", "-zz", "-L", *options, "-o", listing, ".", cwd=tree)
        assert (done.code, done.stderr) == (0, ""), done
        listed = b"".join(part.read_bytes() for part in Path(place).iterdir())
    return {os.fsdecode(entry) for entry in listed.split(b"\0") if entry}
