"""Skips, where everything has to run: each one needs a reason that is known here, or the whole run fails."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

MAY_BE_LACKING: Mapping[str, str] = MappingProxyType({
    "needs loop devices": "Containers have none.",
    "no loop devices here: not tried": "The same, said by a script.",
    "no immutable files here: not tried": "Not every file system has them.",
    "there is no systemd": "Containers have none.",
    "needs systemd-analyze": "Containers have none.",
    "this kernel or sandbox has no openat2": "Linux has it since 5.6; the slower way is tested everywhere.",
    "the file system has no such times": "Some keep times to the second.",
    "terraform is not installed": "No package of Debian has it; python-hcl2 reads the module everywhere.",
})  # fmt: skip
"""Reasons for which a test may be skipped wherever it runs, and why no machine can be asked to have what it needs."""


class NothingIsSkipped:
    """The rule of a run with `--nothing-skipped`: another reason for a skip than those that are known fails it."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note each skip that has no known reason; with xdist the reports of all processes come here."""
        if report.skipped and not hasattr(report, "wasxfail") and reason_of(report) not in MAY_BE_LACKING:
            self.skipped.append(f"{report.nodeid}: {reason_of(report)}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the run fail, whatever else it found."""
        if self.skipped:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was skipped."""
        if self.skipped:
            terminalreporter.section("skipped, and must run here", red=True)
            for line in self.skipped:
                terminalreporter.line(line)


def reason_of(report: pytest.TestReport) -> str:
    """The reason that the test or its mark has given."""
    _, _, text = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, str(report.longrepr))
    return text.removeprefix("Skipped: ")
