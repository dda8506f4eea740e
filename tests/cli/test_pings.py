"""Pings: a service hears of start, success and failure, and nothing that it does changes a backup."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.errors import FailureReason, WrongUsage
from efs_backup.domain.requests.ping_url import PingUrl
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.engine.machine import ping
from efs_backup.engine.machine.ping import BODY_LETTERS, Ping
from tests.support.cli import Cli

_SUCCESS = BackupResult(BackupStatus.SUCCESS, "All is well.")
_FAILURE = BackupResult(BackupStatus.FAILED, "x" * 5000, failure_reason=FailureReason.COPY_FAILED)


class Service:
    """A server on this machine. `answers` are the codes of its next answers (0: the connection is closed)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.hangs = threading.Event()
        self.hangs.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.answer(self)

            def do_GET(self) -> None:
                service.heard.append(("GET", self.path))

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://user:geheim@127.0.0.1:{self._server.server_port}/geheim"
        self.host = f"http://127.0.0.1:{self._server.server_port}/..."

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Hear a signal, and answer what is to be answered."""
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        self.heard.append((request.path.removeprefix("/geheim"), body))
        self.headers.append(dict(request.headers))
        self.hangs.wait(20)
        if code := self.answers.pop(0) if self.answers else 200:
            request.send_response(code)
            if code // 100 == 3:
                request.send_header("Location", "file:///etc/passwd" if code == 302 else "/elsewhere")
            request.send_header("Content-Length", "0")
            request.end_headers()
        request.close_connection = True

    def signals(self) -> list[str]:
        """The last parts of the paths that were asked for."""
        return [path for path, _ in self.heard]

    def close(self) -> None:
        """Let go what waits."""
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that waits for signs."""
    made = Service()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of no time, and short limits, and no proxy of this machine."""
    monkeypatch.setattr(ping, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(ping, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def _pinging(url: str) -> tuple[Ping, list[str]]:
    notes: list[str] = []
    return Ping(PingUrl(url), notes.append), notes


def test_a_backup_tells_its_start_and_its_success(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, service: Service
) -> None:
    """And shows the address nowhere, nor to a hook."""
    cli.environment |= {"EFS_BACKUP_RUN_PING": service.url, "no_proxy": "127.0.0.1"}
    ended = cli("run", source, backup, "--before", f"/bin/sh -c 'env >{tmp_path}/env'", "--json")
    assert "geheim" not in (tmp_path / "env").read_text()
    assert service.signals() == ["/start", ""]
    assert service.heard[1][1].startswith("Success: Snapshot 2")
    assert service.headers[0]["Authorization"].startswith("Basic ")
    assert ended.json["notes"] == []
    assert "geheim" not in ended.stdout + ended.stderr


def test_a_backup_tells_its_failure(cli: Cli, source: Path, backup: Path, service: Service) -> None:
    """With the sentence of its status; one that did not come to its lock has not begun."""
    cli.environment["no_proxy"] = "127.0.0.1"
    cli("run", source, backup, "--ping", service.url, "--before", "/bin/false", code=1)
    cli("run", source / "none", backup, "--ping", service.url, code=1)
    assert service.signals() == ["/start", "/fail", "/fail"]
    assert service.heard[1][1].startswith("Failed (HookFailed): The hook before ('/bin/false') exited with 1.")


def test_a_ping_that_cannot_be_told_is_a_note_and_no_failure(
    cli: Cli, source: Path, backup: Path, service: Service
) -> None:
    """In the output and in `notes`; whom it could not tell is named by the host alone."""
    cli.environment["no_proxy"] = "127.0.0.1"
    service.answers += [404, 410]
    ended = cli("run", source, backup, "--ping", service.url, "--json")
    assert ended.json["status"] == "Success"
    assert ended.json["notes"][-2:] == [
        f"The ping start to {service.host} failed: it answers with 404.",
        f"The ping success to {service.host} failed: it answers with 410.",
    ]
    assert f"The ping start to {service.host} failed: it answers with 404." in ended.stderr
    assert "geheim" not in ended.stdout + ended.stderr


def test_a_server_that_is_not_there_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the address, and neither is what the error says of it."""
    for url in ("http://user:geheim@127.0.0.1:1/geheim", "http://no-such-host.invalid/geheim"):
        pinging, notes = _pinging(url)
        pinging.start()
        (note,) = notes
        assert note.startswith("The ping start to http://")
        assert "geheim" not in note
    monkeypatch.setenv("http_proxy", "http://user:geheim@127.0.0.1:1")
    pinging, notes = _pinging("http://hc.invalid/geheim")
    pinging.start()
    assert "geheim" not in notes[0]


def test_an_address_that_is_none_is_refused_before_anything_and_not_shown(cli: Cli, source: Path, backup: Path) -> None:
    """Nothing is backed up by somebody who has mistyped it."""
    ended = cli("run", source, backup, "--ping", "file:///geheim", "--dry-run", code=2)
    assert "http://" in ended.stderr
    assert "geheim" not in ended.stderr


def test_what_a_server_cannot_answer_is_tried_three_times(service: Service) -> None:
    """Its own faults, too many requests, and a closed connection; with success in the end."""
    pinging, notes = _pinging(service.url)
    for answers in ([500, 429], [0, 503]):
        service.heard.clear()
        service.answers += answers
        assert pinging.end(_SUCCESS) == _SUCCESS
        assert service.signals() == ["", "", ""]
    assert notes == []


@pytest.mark.parametrize("code", [301, 302, 303, 307, 400, 404])
def test_what_a_server_refuses_for_good_is_not_tried_again(service: Service, code: int) -> None:
    """A redirect too: the address goes to no other place, and no file is opened by it."""
    pinging, notes = _pinging(service.url)
    service.answers.append(code)
    (note,) = pinging.end(_SUCCESS).notes
    assert note.endswith(f"failed: it answers with {code}.")
    assert (service.signals(), notes) == ([""], [note])


def test_a_server_that_never_answers_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each try, and after all of them."""
    pinging, _ = _pinging(service.url)
    service.hangs.clear()
    (note,) = pinging.end(_SUCCESS).notes
    assert "timed out" in note or "TimeoutError" in note
    assert len(service.heard) == 3
    monkeypatch.setattr(ping, "TIMEOUT_SECONDS", 100)
    monkeypatch.setattr(ping, "ALTOGETHER_SECONDS", 0.2)
    begun = time.monotonic()
    (note,) = pinging.end(_SUCCESS).notes
    assert "no end within 0.2 seconds" in note
    assert time.monotonic() - begun < 50


def test_what_is_told_is_short_and_plain(service: Service) -> None:
    """However much there is to say."""
    pinging, _ = _pinging(service.url)
    pinging.end(_FAILURE)
    ((signal, body),) = service.heard
    assert (signal, body[:22]) == ("/fail", "Failed (CopyFailed): x")
    assert len(body) < BODY_LETTERS + 10
    pinging.end(BackupResult(BackupStatus.INCOMPLETE, "The window closed."))
    assert service.heard[-1] == ("/fail", "Incomplete: The window closed.")


def test_a_backup_that_another_one_keeps_out_tells_nothing(service: Service) -> None:
    """The sign that is awaited is the other backup's."""
    pinging, _ = _pinging(service.url)
    locked = BackupResult(BackupStatus.FAILED, "Locked.", failure_reason=FailureReason.LOCKED)
    assert pinging.end(locked) == locked
    assert service.heard == []


@pytest.mark.parametrize(("error", "told"), [(WrongUsage("It cannot be."), "It cannot be."), (KeyError("geheim"), "")])
def test_an_error_without_a_result_is_told_and_raised(service: Service, error: Exception, told: str) -> None:
    """A night that did not begin has failed; of an error without a name its kind is told."""
    pinging, _ = _pinging(service.url)

    def work() -> BackupResult:
        raise error

    with pytest.raises(type(error)):
        pinging.told(work)
    assert service.heard == [("/fail", told or "An error that has no name: KeyError")]
