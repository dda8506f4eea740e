"""Where it is written what to do: alarms and the dashboard lead there."""

from enum import StrEnum

from constructs import Construct

from .conditions import either, is_given

_IN_THE_PROJECT = "docs/runbooks/"


class Runbook(StrEnum):
    """The runbooks that alarms lead to, and the index of all; each is a file of docs/runbooks."""

    INDEX = "README.md"
    NO_SUCCESS = "no-success.md"
    WINDOW = "window-too-short.md"
    MASS_CHANGE = "mass-change.md"
    DRILL = "drill-overdue.md"
    FAILED_EVENTS = "failed-events.md"
    NOT_TOLD = "report-not-sent.md"


class Runbooks(Construct):
    """The runbooks below the operator's address, or by the names of their files."""

    def __init__(self, scope: Construct, address: str) -> None:
        super().__init__(scope, "Runbooks")
        given = is_given(self, "AreGiven", address)
        self._place = either(given, address, _IN_THE_PROJECT)
        link, name = f"[the runbooks]({address}{Runbook.INDEX})", f"`{_IN_THE_PROJECT}{Runbook.INDEX}`"
        self.index = either(given, link, name)
        """A link to the index of all, in Markdown, or where it is."""

    def of(self, runbook: Runbook) -> str:
        """Where this one is read."""
        return f"{self._place}{runbook}"
