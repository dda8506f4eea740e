"""A request whose answer was lost, so that the client sends it again: who asked reads the same."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend

from tests.stack.described import Ask
from tests.stack.operating import Operator, answering, describe_all
from tests.support.cloud import Cloud, a_stack


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack whose function gets each event twice; the second answer is the one that arrives."""
    with a_stack(monkeypatch.setenv) as made, answering(made):
        describe_all(made)
        answer = LambdaSimpleBackend.invoke

        def twice(*given: Any) -> Any:
            answer(*given)
            return answer(*given)

        with mock.patch.object(LambdaSimpleBackend, "invoke", twice):
            yield made


@pytest.mark.parametrize(
    "words",
    [
        ("hold", "--reason", "why"), ("pin", "20261122T020000Z", "--reason", "why"),
        *(pytest.param(words, marks=pytest.mark.long) for words in (
            ("release", "--reason", "why"), ("unpin", "20261122T020000Z", "--reason", "why"),
            ("note", "20261122T020000Z", "why"),
        )),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_request_is_made_once_and_told_as_made(cloud: Cloud, ask: Ask, words: tuple[str, ...]) -> None:
    """As if the first answer had come."""
    operator = Operator(cloud, ask)
    assert operator(*words, "--json").json["action"] == words[0]
    assert [one["action"] for one in operator("status", "--json").json["asked"]] == [words[0]]


def test_a_start_and_a_stop_are_told_as_such(cloud: Cloud, ask: Ask) -> None:
    """One backup, which is stopped."""
    operator = Operator(cloud, ask)
    started = operator("start", "--json").json
    assert started["action"] == "start"
    stopped = operator("stop", "--json").json
    assert (stopped["action"], stopped["backup_id"]) == ("stop", started["backup_id"])
    assert len(list(cloud.store.backups())) == 1
