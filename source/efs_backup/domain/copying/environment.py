"""The environment of the programs that we start: known names only."""

from collections.abc import Mapping

_KNOWN = {
    "PATH": "where the tools are",
    "TMPDIR": "where temporary files may be",
    "LD_LIBRARY_PATH": "who starts us with a library of theirs means our programs too",
    "LD_PRELOAD": "the same",
}
"""The variables of the caller that programs get, and why.

Anything else could change what they do: BASH_ENV and exported functions what bash (fpsync) does, RSYNC_* which options
rsync has, HOME which aliases of them are in ~/.popt, POSIXLY_CORRECT, GREP_OPTIONS and the like what all the rest does.
"""


def environment_of_programs(caller: Mapping[str, str]) -> dict[str, str]:
    """Choose from the caller's environment what programs get.

    Places are absolute there, for programs start elsewhere: where PATH has `.` or an empty entry, that is left out.
    """
    known = {name: caller[name] for name in _KNOWN if caller.get(name)}
    path = ":".join(place for place in known.pop("PATH", "").split(":") if place.startswith("/"))
    if not known.get("TMPDIR", "/").startswith("/"):
        del known["TMPDIR"]
    return {**known, "PATH": path} if path else known
