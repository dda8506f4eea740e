"""The default bus of moto, set right: a rule that has a schedule and no pattern hears no event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.events.models import Rule

_send = Rule.send_to_targets


@contextmanager
def heard_by_patterns() -> Iterator[None]:
    """While this lasts events that are put reach the rules whose patterns they match, and no others."""
    with mock.patch.object(Rule, "send_to_targets", _to_who_listens):
        yield


def _to_who_listens(rule: Rule, event: Any, transform_input: bool = True) -> None:
    if rule.event_pattern.dump():
        _send(rule, event, transform_input)
