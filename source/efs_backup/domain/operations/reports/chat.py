"""A report as Amazon Q Developer shows it in Slack and Microsoft Teams: its schema of custom notifications.

Amazon Q Developer in chat applications Administrator Guide, "Custom notifications".
"""

import json
from typing import Any

from efs_backup.domain.humanize import clipped
from efs_backup.domain.operations.reports.message import Report, Section

_EMOJI = {"info": ":white_check_mark:", "warning": ":warning:", "error": ":rotating_light:"}
_TITLE_LETTERS, _STEP_LETTERS, _TEXT_LETTERS = 250, 350, 3000
"""A channel is read at a glance; the mail has all of it."""

_SHOWN = ("What happened", "What is kept", "What happens next")
_STEPS = ("What to do", "If it comes again")


def chat_notification(report: Report) -> str:
    """The JSON that is published for a channel: first what happened, then what to do as next steps."""
    severity = report.attributes.get("severity", "info")
    shown = [f"*{title}*: {clipped(text, _TEXT_LETTERS)}" for title, text in report.sections if title in _SHOWN]
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": clipped(f"{_EMOJI.get(severity, '')} {report.subject}".strip(), _TITLE_LETTERS),
        "description": "\n".join(shown) or clipped(report.text, _TEXT_LETTERS),
        "keywords": [word for word in (report.attributes.get("label"), report.attributes.get("status")) if word],
    }
    if steps := _steps(report.sections):
        content["nextSteps"] = steps
    metadata = {
        "summary": report.subject,
        "eventType": f"efs-backup {report.attributes.get('status', '')}".strip(),
        "additionalContext": dict(report.attributes),
    }
    thread = {"threadId": report.thread} if report.thread else {}
    return json.dumps(
        {"version": "1.0", "source": "custom", "content": content, "metadata": {**thread, **metadata}},
        ensure_ascii=False,
    )


def _steps(sections: tuple[Section, ...]) -> list[str]:
    told = [line.removeprefix("- ") for title, text in sections if title in _STEPS for line in text.splitlines()]
    return [clipped(line, _STEP_LETTERS) for line in told if line and line != "Nothing."]
