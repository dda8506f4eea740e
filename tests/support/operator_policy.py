"""Calls of AWS that the doctor makes, and those that the page about it lets an operator make."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/how-to/doctor.md"

_SERVICES = {"efs": "elasticfilesystem", "service-quotas": "servicequotas"}
_ACTIONS = {"s3:HeadBucket": "s3:ListBucket"}
_FREE = frozenset({"sts:GetCallerIdentity"})
"""Allowed to everybody."""


def watching(make: Callable[[str], Any], called: set[str]) -> Callable[[str], Any]:
    """The same clients, of which each call is noted in `called`, as an action of IAM."""

    def client(service: str) -> Any:
        made = make(service)

        def note(model: Any, **_: Any) -> None:
            action = f"{_SERVICES.get(service, service)}:{model.name}"
            called.update({_ACTIONS.get(action, action)} - _FREE)

        made.meta.events.register("before-call", note, unique_id="watching")
        return made

    return client


def policy() -> set[str]:
    """The actions of the policy on the page."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (statement,) = json.loads(text)["Statement"]
    return {*statement["Action"]}
