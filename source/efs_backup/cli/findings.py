"""Findings of a doctor, told to people and to programs."""

from collections import Counter
from collections.abc import Callable, Sequence

import click

from efs_backup.cli.output import answered, print_error, print_json, print_line
from efs_backup.cli.verbosity import is_quiet
from efs_backup.domain.doctor.finding import Finding, Level, exit_code_of
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.humanize import counted

_GAP = " " * 9
_NEXT_STEP = "Do what stands behind Do, and look again."


def only(command: Callable[..., int]) -> Callable[..., int]:
    """Add --only, which may be given several times; the command gets `only`, a tuple of ids."""
    return click.option("--only", multiple=True, metavar="ID", help="Only this check; repeatable.")(command)


def tell(findings: Sequence[Finding], about: dict[str, object], *, as_json: bool) -> ExitCode:
    """Print what was found, and give the exit code. about: members of the JSON object that say what was looked at."""
    counts = Counter(finding.level for finding in findings)
    if as_json:
        levels = {level.value: counts[level] for level in Level}
        print_json({**about, "levels": levels, "findings": [_as_json(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        if not is_quiet():
            print_line(_summary(counts))
    code = exit_code_of(findings)
    if code is not ExitCode.DONE:
        print_error(f"{_bad(counts)}.", _NEXT_STEP)
    return code or answered()


def _print(finding: Finding) -> None:
    """A line for what is well, and more for what is not; nothing of what is well with -q."""
    if finding.level is Level.OK and is_quiet():
        return
    print_line(f"{finding.level.value:<{len(_GAP)}}{finding.id}: {finding.what}")
    if finding.level is not Level.OK:
        print_line(f"{_GAP}Why: {finding.why}")
    if finding.command:
        print_line(f"{_GAP}Do:  {finding.command}")


def _summary(counts: Counter[Level]) -> str:
    return ", ".join(_told(level, counts[level]) for level in Level if counts[level])


def _bad(counts: Counter[Level]) -> str:
    return ", ".join(_told(level, counts[level]) for level in (Level.FAULT, Level.UNKNOWN) if counts[level])


def _told(level: Level, number: int) -> str:
    return f"{number} {level.value}" if level in {Level.OK, Level.UNKNOWN} else counted(number, level.value)


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "id": finding.id, "level": finding.level.value, "what": finding.what, "why": finding.why,
        "command": finding.command,
    }  # fmt: skip
