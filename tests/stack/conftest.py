"""A deployed stack, and the command as its operator calls it, in this process."""

from collections.abc import Iterator

import pytest

from efs_backup.cli.app import run_line
from tests.stack.described import NAME, Ask, describe, outputs_of
from tests.support.cli import Ended
from tests.support.cloud import Cloud, a_stack
from tests.support.schemas import command_of


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """The command; what it prints as JSON is held against its schema when it is read."""

    def called(*arguments: object, code: int = 0) -> Ended:
        line = ["stack", *map(str, arguments)]
        found = run_line(line)
        said = capsys.readouterr()
        ended = Ended(found, said.out, said.err, command_of(*line))
        assert ended.code == code, ended
        return ended

    return called


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a backup stack that CloudFormation describes, before its first night."""
    with a_stack(monkeypatch.setenv) as made:
        describe(NAME, outputs_of(made))
        yield made
