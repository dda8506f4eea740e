"""The agent around a backup: a document makes the source quiet on the instances that write to it, a service is told."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from efs_backup.agent import quiesce
from efs_backup.agent.backup import back_up
from efs_backup.agent.quiesce import DocumentHooks
from efs_backup.domain.errors import FailureReason, HookFailed
from efs_backup.domain.operations.quiescing import CommandProgress, InstanceWords
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.requests.hooks import HookFacts, Phase
from efs_backup.domain.requests.ping_url import PingUrl, Signal
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.machine import ping
from efs_backup.lib.quiesce import QuiesceDocument
from tests.agent.instance import Instance, a_night
from tests.support.builders import write

if TYPE_CHECKING:
    from collections.abc import Callable

_FACTS = HookFacts(FolderLabel("web"), Interval.DAILY, "/srv", "/backup")
_SUCCESS = CommandProgress("Success", "Success", 1)
_FAILED = CommandProgress("Failed", "Failed", 1)
_UNDER_WAY = CommandProgress("InProgress", "InProgress", 1)


class Document:
    """A document in the place of one of Systems Manager: `stands` is how its commands stand, one answer after another.

    `sent` are its phases; `on` is called with each.
    """

    name = "quiesce-db"

    def __init__(self, *stands: CommandProgress | None) -> None:
        self.sent: list[str] = []
        self.on: Callable[[str], object] = lambda _phase: None
        self._stands = list(stands)

    def send(self, phase: Phase) -> str:
        """Remember it."""
        self.sent.append(str(phase))
        self.on(str(phase))
        return "command"

    def progress(self, _command_id: str) -> CommandProgress | None:
        """The next answer, and success when there is none left."""
        return self._stands.pop(0) if self._stands else _SUCCESS

    def words(self, _command_id: str) -> list[InstanceWords]:
        """Why it failed."""
        return [InstanceWords("i-db", "Failed", "FATAL: no lock")]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr(quiesce, "PAUSE_SECONDS", 0.0)


def _hooks(document: Document, seconds: float = 20) -> DocumentHooks:
    return DocumentHooks(document, seconds)  # type: ignore[arg-type]


def _run(hooks: DocumentHooks, phase: Phase = Phase.BEFORE, ends: bool = False) -> bool:
    return hooks.run(phase, _FACTS, lambda: ends, lambda: None)


def test_a_command_is_waited_for_until_it_has_ended() -> None:
    """Also where nothing is known of it for a while."""
    document = Document(None, CommandProgress("Pending", "", 0), _UNDER_WAY)
    assert _run(_hooks(document))
    assert document.sent == ["before"]


def test_a_command_that_fails_is_told_with_what_its_instance_said() -> None:
    """And with where to look."""
    with pytest.raises(HookFailed) as failed:
        _run(_hooks(Document(_FAILED)), Phase.AFTER)
    assert 'quiesce-db (after) ended as Failed (i-db: Failed, it said last: "FATAL: no lock").' in str(failed.value)
    assert "Phase=after" in failed.value.next_step


def test_a_command_that_takes_too_long_is_not_waited_for() -> None:
    """Nor where the backup is stopped."""
    with pytest.raises(HookFailed, match=r"took longer than 0\.01 seconds"):
        _run(_hooks(Document(*[_UNDER_WAY] * 1_000_000), seconds=0.01))
    assert not _run(_hooks(Document(_UNDER_WAY)), ends=True)


def _night(instance: Instance, monkeypatch: pytest.MonkeyPatch, document: Document | None = None) -> BackupRecord:
    write(instance.source / "file")
    if document is not None:
        instance.environment["QUIESCE_DOCUMENT"] = document.name
        monkeypatch.setattr(QuiesceDocument, "send", lambda _self, phase: document.send(phase))
        monkeypatch.setattr(QuiesceDocument, "progress", lambda _self, known: document.progress(known))
        monkeypatch.setattr(QuiesceDocument, "words", lambda _self, known: document.words(known))
    return a_night(instance, 22)


@pytest.mark.root
def test_the_document_runs_before_and_after_the_copy(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot has what is written between both, and lacks what is written after."""
    document = Document()
    document.on = lambda phase: write(instance.source / phase)
    backup = _night(instance, monkeypatch, document)
    assert (backup.status, document.sent) == (BackupStatus.SUCCESS, ["before", "after"])
    snapshot = instance.backup / "efs-backup/daily" / str(backup.snapshot)
    assert ((snapshot / "before").exists(), (snapshot / "after").exists()) == (True, False)


@pytest.mark.root
def test_a_document_that_fails_before_is_recorded_and_mailed(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is copied; the source is let go on, in case that half of it was done."""
    document = Document(_FAILED)
    backup = _night(instance, monkeypatch, document)
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.HOOK_FAILED)
    assert document.sent == ["before", "after", "failed"]
    assert list((instance.backup / "efs-backup/daily").glob("2*")) == []
    subject, text = instance.cloud.mails()[-1]
    assert "FAILED (HookFailed)" in subject
    assert "FATAL: no lock" in text
    assert "Run Command" in text


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signs that the service which waits for them is told, without a server."""
    heard: list[str] = []

    def sent(url: PingUrl, signal: Signal, body: bytes) -> tuple[str, bool]:
        assert url.address(Signal.SUCCESS) == "https://hc-ping.com/geheim"
        heard.append(f"{signal.name}: {body.decode()}")
        return "", True

    monkeypatch.setattr(ping, "_sent", sent)
    return heard


@pytest.mark.root
def test_a_service_is_told_of_start_and_end(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    """By the address that a parameter holds, and that stands in no log and no record."""
    boto3.client("ssm").put_parameter(Name="/ping", Value="https://hc-ping.com/geheim", Type="SecureString")
    instance.environment["PING_URL_PARAMETER"] = "/ping"
    backup = _night(instance, monkeypatch)
    assert [text.split(":")[0] for text in told] == ["START", "SUCCESS"]
    assert "geheim" not in Path(instance.machine.log).read_text() + str(backup.to_item())
    told.clear()
    instance.environment["BACKUP_FILE_SYSTEM"] = "fs-99999999"
    assert _again(instance).status is BackupStatus.FAILED
    assert [text.split(":")[0] for text in told] == ["FAIL"]


def _again(instance: Instance) -> BackupRecord:
    instance.cloud.time = "2026-11-23T02:00:00Z"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    return instance.cloud.store.get(backup.backup_id)


@pytest.mark.root
@pytest.mark.parametrize("value", [None, "file:///geheim"])
def test_an_address_that_cannot_be_had_is_a_note(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, told: list[Any], value: str | None
) -> None:
    """And no failure."""
    if value:
        boto3.client("ssm").put_parameter(Name="/ping", Value=value, Type="SecureString")
    instance.environment["PING_URL_PARAMETER"] = "/ping"
    backup = _night(instance, monkeypatch)
    assert (backup.status, told) == (BackupStatus.SUCCESS, [])
    assert "No ping is sent: " in str(backup.message)
    assert "geheim" not in str(backup.message)
