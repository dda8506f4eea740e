"""EventBridge: events and time wake the targets of rules."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.events.models import events_backends

from deployment.local_cloud.aws.schedules import is_due
from deployment.local_cloud.place import ACCOUNT, REGION

Event = dict[str, Any]
Target = dict[str, Any]

MINUTE = timedelta(minutes=1)


class Clock:
    """The time by which AWS's own timers run; it can be put forward, which the programs do not notice."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The time of this clock (UTC)."""
        return datetime.now(UTC) + self.ahead


class Bridge:
    """The rules of the default bus. `invoke` gets the name of a Lambda function and what it is told."""

    def __init__(self, clock: Clock, invoke: Callable[[str, Event], None]) -> None:
        self._clock = clock
        self._invoke = invoke
        self._made: dict[str, tuple[str, datetime, timedelta]] = {}
        self._until = clock.now()
        self._lock = threading.Lock()
        self.delivered: list[Event] = []
        self.distort: Callable[[Event], list[Event]] = lambda event: [event]

    def put(self, event: Event) -> None:
        """An event of an AWS service; `distort` says how often, and in what order, it arrives."""
        for arriving in self.distort(event):
            for rule in self._rules():
                if rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(arriving):
                    self._deliver(rule, arriving)

    def fire(self, name: str) -> None:
        """A scheduled rule fires now."""
        rule = next(rule for rule in self._rules() if rule.name == name)
        for arriving in self.distort(_firing(rule, self._clock.now())):
            self._deliver(rule, arriving)

    def tick(self) -> None:
        """Fire what has become due since the last tick."""
        with self._lock:
            self._note_new_rules()
            minute = self._until.replace(second=0, microsecond=0) + MINUTE
            while minute <= self._clock.now():
                self._fire_due(minute)
                minute += MINUTE
            self._until = self._clock.now()

    def _rules(self) -> list[Any]:
        rules = events_backends[ACCOUNT][REGION].event_buses["default"].rules.values()
        return [rule for rule in list(rules) if rule.state == "ENABLED"]

    def _note_new_rules(self) -> None:
        """A rule's times are in the time of the programs, so it matters how far ahead the clock was at its making."""
        known, self._made = self._made, {}
        for rule in self._rules():
            if rule.scheduled_expression:
                new = (rule.scheduled_expression, self._clock.now(), self._clock.ahead)
                old = known.get(rule.name)
                self._made[rule.name] = old if old and old[0] == new[0] else new

    def _fire_due(self, minute: datetime) -> None:
        for rule in self._rules():
            if rule.name in self._made:
                expression, made, ahead = self._made[rule.name]
                if is_due(expression, minute - ahead, made - ahead):
                    self.fire(rule.name)

    def _deliver(self, rule: Any, event: Event) -> None:
        self.delivered.append(event)
        for target in rule.targets:
            if ":function:" in target["Arn"]:
                self._invoke(target["Arn"].rpartition(":")[2], _input(target, event))


def _firing(rule: Any, now: datetime) -> Event:
    return {
        "version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events",
        "account": ACCOUNT, "region": REGION, "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "resources": [rule.arn],
        "detail": {},
    }  # fmt: skip


def _input(target: Target, event: Event) -> Any:
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputTransformer" not in target:
        return event
    paths = target["InputTransformer"].get("InputPathsMap", {})
    values = {name: _at(event, path) for name, path in paths.items()}
    template = target["InputTransformer"]["InputTemplate"]
    return json.loads(re.sub(r"<(\w+)>", lambda found: json.dumps(values[found[1]]), template))


def _at(event: Event, path: str) -> Any:
    """The value to which a path such as `$.detail.name` leads."""
    value: Any = event
    for name in path.removeprefix("$.").split("."):
        value = value[name]
    return value
