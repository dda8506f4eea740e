"""The writes of traced processes: nothing that exists may be opened for writing, or given other attributes."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_WRITES = "open,openat,openat2,creat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,truncate,ftruncate"
_MAKES = "symlinkat,symlink"
_OPENED = re.compile(r"(?:open|openat|openat2|creat)\((?P<arguments>.*)\) += +\d+<(?P<path>.*?)>$")
_DRESSED = re.compile(r"(?P<call>f?chmod(?:at)?|[fl]?chown(?:at)?|utimensat|f?truncate)\((?P<arguments>.*)\) += 0$")
_MADE_LINK = re.compile(r"symlinkat\(\"[^\"]*\", \d+<(?P<directory>[^>]*)>, \"(?P<name>[^\"]*)\"\) += 0$")
_PLACE = re.compile(
    r"^\d+<(?P<directory>[^>]*)>(?:, \"(?P<name>[^\"]*)\")?|^(?:AT_FDCWD(?:<[^>]*>)?, )?\"(?P<path>[^\"]*)\""
)


def tracer(trace: Path) -> tuple[str, ...]:
    """The command that traces another one, with all processes that it starts, into files of this name."""
    return ("strace", "-ff", "-y", "-qq", "-e", f"trace={_WRITES},{_MAKES}", "-o", str(trace))


def traced_lines(trace: Path) -> list[str]:
    """The calls, a line each; a file for each thread, so that no call is cut in two."""
    files = trace.parent.glob(f"{trace.name}.*")
    return [line for file in files for line in file.read_text(errors="replace").splitlines()]


def assert_only_new_is_written(lines: Sequence[str], published: Path) -> None:
    """In a partial only what was made anew is written to; attributes are given to that, and to directories."""
    opened = [found for line in lines if (found := _OPENED.match(line)) and ".partial-" in found["path"]]
    writing = [found for found in opened if re.search(r"O_WRONLY|O_RDWR|O_TRUNC", found["arguments"])]
    assert writing, "the tracer saw the workers write"
    existing = [found[0] for found in writing if "O_EXCL" not in found["arguments"]]
    assert existing == [], existing
    made = {found["path"] for found in writing}
    made |= {os.path.join(found["directory"], found["name"]) for line in lines if (found := _MADE_LINK.search(line))}
    dressed = {path for _, path in _dressed(lines) if ".partial-" in path}
    assert dressed, "the tracer saw attributes given"
    for path in dressed - made:
        inside = path.partition(".partial-")[2].partition("/")[2]
        assert (published / inside).is_dir(), path


def assert_nothing_below_is_changed(lines: Sequence[str], place: Path) -> None:
    """Nothing below a directory is opened to be written, made, or given attributes, by who writes elsewhere."""
    opened = [found for line in lines if (found := _OPENED.match(line))]
    writing = [found["path"] for found in opened if re.search(r"O_WRONLY|O_RDWR|O_TRUNC|O_CREAT", found["arguments"])]
    assert writing, "the tracer saw the workers write"
    assert [found["path"] for found in opened if found["path"].startswith(f"{place}/")], "and read"
    made = [os.path.join(found["directory"], found["name"]) for line in lines if (found := _MADE_LINK.search(line))]
    changed = [*writing, *made, *(path for _, path in _dressed(lines))]
    assert [path for path in changed if path == str(place) or path.startswith(f"{place}/")] == []


def _dressed(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(call, path) of what was given attributes, or cut."""
    for line in lines:
        found = _DRESSED.match(line)
        if found and (place := _PLACE.match(found["arguments"])):
            directory, name = place["directory"], place["name"]
            yield found["call"], place["path"] or (os.path.join(directory, name) if name else directory)
