"""The page as a browser without scripts gets it, and as somebody who means harm asks for it."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from efs_backup.browse.app import create_app
from efs_backup.browse.guard import POLICY
from efs_backup.browse.listing import PAGE
from efs_backup.browse.paths import key_of
from efs_backup.engine.series.lock import without_readers
from tests.browse.nights import HOSTILE, Backup, Visitor, made_nights, png
from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.xdist_group("browse")

_PAGES = ("tree", "health", "find", "past", "versus", "content", "picture")


def test_nobody_gets_in_without_the_printed_address(three_nights: Backup) -> None:
    """Not to any page, and by no cookie that was made up."""
    visitor = Visitor(three_nights.path, may_restore=True)
    for page in (*_PAGES, "restore", "restoring"):
        assert visitor.client.get(three_nights.address(page)).status_code == 403
    assert visitor.client.post(three_nights.address("restore/begin")).status_code == 403
    assert visitor.client.get("/", headers={"cookie": f"{visitor.gate.cookie}=x"}).status_code == 403
    assert visitor.client.get("/enter", params={"token": "x"}).status_code == 403
    assert visitor.client.head("/enter", params={"token": visitor.gate.token}).status_code == 405
    assert visitor.enter().client.get("/").status_code == 303


def test_the_printed_address_works_once(three_nights: Backup) -> None:
    """Whoever finds it in a history finds nothing."""
    visitor = Visitor(three_nights.path).enter()
    other = TestClient(visitor.client.app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    assert other.get("/enter", params={"token": visitor.gate.token}).status_code == 403
    assert other.get("/").status_code == 403
    assert visitor.client.get("/").status_code == 303


def test_the_page_answers_to_its_own_names_alone(visitor: Visitor) -> None:
    """A name that somebody else lets lead to this machine is not one of them."""
    for host in ("evil.example", "127.0.0.1.evil.example:8000", ""):
        assert visitor.client.get("/static/browse.css", headers={"host": host}).status_code == 403


def test_each_answer_carries_what_keeps_a_browser_from_harm(visitor: Visitor, three_nights: Backup) -> None:
    """Pages, files, refusals, and what is not there."""
    addresses = [
        "/", three_nights.address(), three_nights.address("content", path="attacks/page.html"), "/nothing", "/static/x",
        three_nights.address("picture", path="attacks/dot.bin"), three_nights.address("tree", night="x"),
    ]  # fmt: skip
    for one in addresses:
        headers = visitor.client.get(one).headers
        assert headers["content-security-policy"].startswith(POLICY)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
    assert "unsafe" not in POLICY


def test_a_fault_of_the_program_carries_them_too(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tells nothing of it."""
    monkeypatch.setattr("efs_backup.browse.pages.all_series", lambda *_: 1 / 0)
    answer = visitor.client.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == POLICY
    assert "ZeroDivision" not in answer.text


def test_no_page_has_a_script_or_a_style_in_itself(visitor: Visitor, three_nights: Backup) -> None:
    """The policy would forbid them, and nothing may depend on a browser that keeps it."""
    for page in (three_nights.address(path="docs/thesis.txt", gone="1"), three_nights.address("health")):
        text = visitor.client.get(page).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert text.count("<script") == text.count("defer></script>") == 2


@pytest.mark.parametrize("method", mostly_nightly(["post", "put", "delete", "patch"]))
def test_there_is_no_way_to_write_where_none_was_allowed(visitor: Visitor, three_nights: Backup, method: str) -> None:
    """Without --allow-restore there is no such route."""
    for page in (*_PAGES, "restore", "restore/plan", "restore/begin", "restore/stop"):
        assert getattr(visitor.client, method)(three_nights.address(page)).status_code in {404, 405}
    assert "Restore" not in visitor.client.get(three_nights.address(path="docs/thesis.txt")).text


def test_a_restore_takes_a_form_of_this_session_alone(three_nights: Backup, tmp_path: Path) -> None:
    """Of no other site, and with its token."""
    visitor = Visitor(three_nights.path, may_restore=True).enter()
    form = {"night": three_nights.nights[0], "path": key_of("docs"), "target": str(tmp_path / "out"), "mode": "new"}
    begin, own = three_nights.address("restore/begin"), {"token": visitor.gate.form_token}
    assert visitor.client.post(begin, data=form).status_code == 403
    assert visitor.client.post(begin, data={**form, "token": "x"}).status_code == 403
    assert visitor.client.post(begin, data={**form, **own}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert visitor.client.get(begin, params={**form, **own}).status_code == 405
    assert visitor.client.post(begin, data={**form, **own, "more": "x" * 70_000}).status_code == 413
    assert not (tmp_path / "out").exists()


def test_a_restore_is_planned_begun_and_followed(three_nights: Backup, tmp_path: Path) -> None:
    """Without a script, too."""
    visitor = Visitor(three_nights.path, may_restore=True).enter()
    form = {
        "night": three_nights.nights[0], "path": key_of("docs"), "target": str(tmp_path / "out"), "mode": "new",
        "token": visitor.gate.form_token,
    }  # fmt: skip
    planned = visitor.client.post(three_nights.address("restore/plan"), data=form)
    assert planned.status_code == 200
    assert "lost.txt" in planned.text
    assert not (tmp_path / "out").exists()
    begun = visitor.client.post(three_nights.address("restore/begin"), data=form)
    assert begun.status_code == 303
    assert visitor.restores
    visitor.restores.wait()
    assert "Success" in visitor.client.get(begun.headers["location"]).text
    assert (tmp_path / "out" / "lost.txt").exists()
    refused = visitor.client.post(three_nights.address("restore/plan"), data=form)
    assert refused.status_code == 409
    assert "not empty" in refused.text
    inside = {**form, "target": str(three_nights.path / "inside")}
    assert visitor.client.post(three_nights.address("restore/plan"), data=inside).status_code == 400
    assert visitor.client.get(three_nights.address("restoring", job="x")).status_code == 404


def test_a_restore_is_followed_by_events_of_text_until_it_ends(three_nights: Backup, tmp_path: Path) -> None:
    """Only by who is in, and only where restores are allowed."""
    visitor = Visitor(three_nights.path, may_restore=True).enter()
    form = {"path": key_of("docs"), "target": str(tmp_path / "out"), "mode": "overlay"}
    with ThreadPoolExecutor(1) as listener:
        with without_readers(three_nights.series):  # which every restore waits for
            begun = visitor.client.post(
                three_nights.address("restore/begin"), data={**form, "token": visitor.gate.form_token}
            ).headers["location"]
            heard = listener.submit(visitor.client.get, begun.replace("restoring", "restoring/events"))
            assert visitor.client.get(begun).text.count("data-progress") == 1
        told = heard.result(30)
    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.headers["content-security-policy"] == POLICY
    assert "event: progress\ndata: Step: " in told.text
    assert told.text.endswith("event: end\ndata: end\n\n")
    assert visitor.client.get(three_nights.address("restoring/events", job="x")).status_code == 404
    visitor.client.cookies.clear()
    assert visitor.client.get(begun.replace("restoring", "restoring/events")).status_code == 403
    only = Visitor(three_nights.path).enter().client
    assert only.get(three_nights.address("restoring/events", job="x")).status_code == 404


def test_a_restore_that_is_stopped_says_so(three_nights: Backup, tmp_path: Path) -> None:
    """By its button, or by the end of the command, which waits for it; another one begins only after that."""
    visitor = Visitor(three_nights.path, may_restore=True).enter()
    restores, own = visitor.restores, {"token": visitor.gate.form_token}
    form = {"path": key_of("docs"), "target": str(tmp_path / "out"), "mode": "overlay", **own}
    assert restores
    for is_button in (True, False):
        with without_readers(three_nights.series):  # which every restore waits for
            begun = visitor.client.post(three_nights.address("restore/begin"), data=form).headers["location"]
            second = visitor.client.post(three_nights.address("restore/begin"), data=form)
            assert "Another restore of this page is running" in second.text
            job = restores.job(begun.partition("job=")[2])
            end = threading.Thread(target=restores.close)
            if is_button:
                visitor.client.post(three_nights.address("restore/stop"), data={**own, "job": job.name})
            else:
                end.start()
            while not job.stop.is_due():
                end.join(0.01)
        restores.wait()
        assert "Stopped; nothing was touched" in visitor.client.get(begun).text
    end.join()


@pytest.mark.parametrize(
    "path",
    mostly_nightly(
        ["../../home", "attacks/elsewhere/passwd", "attacks/fifo", "..", "attacks/secret", "attacks", "nothing/at/all"],
        3,
    ),
)
def test_no_path_leads_out_and_nothing_but_files_is_read(visitor: Visitor, three_nights: Backup, path: str) -> None:
    """Symlinks are not followed, and no FIFO is waited for."""
    for page in ("content", "picture"):
        answer = visitor.client.get(three_nights.address(page, path=path))
        assert answer.status_code in {400, 404}
        assert "root:" not in answer.text
    shown = visitor.client.get(three_nights.address(path=path))
    assert "root:x" not in shown.text
    listed = visitor.client.get(three_nights.address(directory=path))
    assert "shadow" not in listed.text


def test_another_label_leads_nowhere_else(visitor: Visitor) -> None:
    """As little as another interval."""
    for label in ("..", ".", "home/daily", "/etc", "nobody"):
        assert visitor.client.get(f"/daily/{key_of(label)}/tree").status_code in {400, 404}
    assert visitor.client.get(f"/yearly/{key_of('home')}/tree").status_code == 404
    assert visitor.client.get("/daily/%00/tree").status_code == 400
    assert visitor.client.get(f"/daily/{key_of('home')}/tree?night=%2e%2e").status_code == 404
    assert visitor.client.get(f"/daily/{key_of('home')}/tree?path=%ff").status_code == 400
    assert visitor.client.get(f"/daily/{key_of('home')}/tree?{'&'.join('a' * 50)}&a=1&b=2").status_code in {200, 400}


def test_a_download_is_every_byte_of_the_file_and_is_never_shown(visitor: Visitor, three_nights: Backup) -> None:
    """Whatever it is called: the header that names it has no more than one line."""
    for raw in HOSTILE:
        name = os.fsdecode(raw)
        answer = visitor.client.get(three_nights.address("content", path=f"hostile/{name}"))
        assert answer.content == b"a hostile name\n"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert "\n" not in answer.headers["content-disposition"]
    picture = visitor.client.get(three_nights.address("picture", path="attacks/dot.bin"))
    assert (picture.headers["content-type"], picture.content) == ("image/png", png())
    for name in ("page.png", "page.svg", "page.html"):
        assert visitor.client.get(three_nights.address("picture", path=f"attacks/{name}")).status_code == 400


def test_hostile_names_are_text(visitor: Visitor, three_nights: Backup) -> None:
    """In lists, titles and addresses."""
    text = visitor.client.get(three_nights.address(directory="hostile")).text
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "new\\nline" in text
    assert "\u202e" not in text
    assert visitor.client.get(three_nights.address("find", text="<script>")).text.count("<script") == 2


def test_a_search_finds_what_is_there_and_what_is_gone(visitor: Visitor, three_nights: Backup) -> None:
    """Each with a link to a night that has it."""
    text = visitor.client.get(three_nights.address("find", text="lost")).text
    assert "Gone before: 1 name" in text
    assert f"night={three_nights.nights[1]}" in text
    assert "1 name</h2>" in visitor.client.get(three_nights.address("find", text="THESIS")).text
    assert "attacks/" in visitor.client.get(three_nights.address("find", text="attack")).text
    assert "two letters" in visitor.client.get(three_nights.address("find", text="x")).text


def test_versions_have_their_hashes_and_a_command(visitor: Visitor, three_nights: Backup) -> None:
    """From the manifest; and the history of what is gone can be asked for."""
    text = visitor.client.get(three_nights.address(path="docs/thesis.txt")).text
    assert "3 versions" in text
    assert text.count("SHA-256 <code") == 3
    assert f"--snapshot {three_nights.nights[2]} --path docs/thesis.txt" in text
    past = visitor.client.get(three_nights.address("past", path="docs/lost.txt")).text
    assert "gone in" in past
    versus = three_nights.address(
        "versus", path="docs/thesis.txt", old=three_nights.nights[0], new=three_nights.nights[2]
    )
    assert "+two, for the 2. time" in visitor.client.get(versus).text


def test_names_of_other_nights_are_shown_where_they_are_asked_for(visitor: Visitor, three_nights: Backup) -> None:
    """With a link to the newest night that has them."""
    plain = visitor.client.get(three_nights.address(directory="docs")).text
    assert "lost.txt" not in plain
    text = visitor.client.get(three_nights.address(directory="docs", gone="1")).text
    assert "not in this night" in text
    assert f"night={three_nights.nights[1]}" in text


def test_a_directory_that_a_night_has_not_is_said(visitor: Visitor, three_nights: Backup) -> None:
    """The nights stay beside it, to go to another one."""
    answer = visitor.client.get(three_nights.address(directory="nothing"))
    assert answer.status_code == 200
    assert "no such directory in this night" in answer.text


def test_a_large_directory_comes_page_by_page(tmp_path: Path) -> None:
    """In order, whatever order it is stored in, and without a look at what the page does not show."""
    made = made_nights(tmp_path, 1, 0)
    directory = made.series / made.nights[0] / "docs"
    for number in range(3 * PAGE + 7):
        (directory / f"{number * 7919 % 1009:04}").touch()
    visitor, seen, address = Visitor(tmp_path).enter(), list[str](), made.address(directory="docs")
    while address:
        text = visitor.client.get(address).text
        seen += [piece.partition("<")[0] for piece in text.split('id="r-')[1:]]
        address = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    names = [one.partition(">")[2] for one in seen]
    assert names == sorted(os.listdir(directory))


def test_a_page_never_keeps_a_prune_waiting(three_nights: Backup, visitor: Visitor) -> None:
    """Nothing is locked to look, also while a file is on its way."""
    with visitor.client.stream("GET", three_nights.address("content", path="docs/thesis.txt")):
        assert visitor.client.get(three_nights.address(directory="docs")).status_code == 200
        with without_readers(three_nights.series) as is_free:
            assert is_free


def test_what_was_dropped_meanwhile_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that another one has taken the place of while it was read is said to be gone."""
    made = made_nights(tmp_path, 2, 3)
    visitor, night = Visitor(tmp_path).enter(), made.series / made.nights[1]
    real = os.scandir

    def dropping(path: int | str) -> object:
        found = real(path)
        if night.exists() and isinstance(path, int):
            night.rename(made.series / f".spare-{night.name}")
        return found

    monkeypatch.setattr("efs_backup.browse.listing.os.scandir", dropping)
    answer = visitor.client.get(made.address(directory="docs", night=made.nights[1]))
    assert answer.status_code == 404
    assert "dropped meanwhile" in answer.text


def test_a_symlink_in_the_place_of_a_snapshot_or_a_directory_is_none(tmp_path: Path) -> None:
    """Nothing is followed, wherever it leads."""
    made = made_nights(tmp_path / "backup", 2, 2)
    secret = write(tmp_path / "secret" / "docs" / "key", "nobody may see this").parents[1]
    (made.series / "20270101T000000Z").symlink_to(secret)
    shutil.rmtree(made.series / made.nights[0] / "docs")
    (made.series / made.nights[0] / "docs").symlink_to(secret / "docs")
    visitor = Visitor(tmp_path / "backup").enter()
    for night in ("", made.nights[0], "20270101T000000Z"):
        text = visitor.client.get(made.address(directory="docs", night=night, gone="1", path="docs/key")).text
        assert ">key</a>" not in text
        assert "nobody may see" not in text


def test_many_at_a_time_get_their_own_answers(visitor: Visitor, three_nights: Backup) -> None:
    """The application has no state that they could mix up."""
    answers = dict[str, str]()

    def ask(night: str) -> None:
        answers[night] = visitor.client.get(three_nights.address(path="docs/thesis.txt", night=night)).text

    threads = [threading.Thread(target=ask, args=(night,)) for night in three_nights.nights]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for night in three_nights.nights:
        assert f"--snapshot {night} --path docs/thesis.txt" in answers[night]


def test_it_can_be_served_below_a_prefix_and_without_a_gate(three_nights: Backup) -> None:
    """As by a function in AWS, where somebody else has asked who it is; then nothing is ever written."""
    client = TestClient(create_app(three_nights.path, None), root_path="/backups", follow_redirects=False)
    assert client.get("/backups/").headers["location"].startswith("/backups/daily/")
    text = client.get(f"/backups{three_nights.address(directory='docs')}").text
    assert 'href="/backups/daily/' in text
    assert 'href="/daily' not in text
    assert client.post(f"/backups{three_nights.address('restore/begin')}").status_code in {404, 405}


def test_several_series_are_listed_and_a_backup_without_any_says_so(tmp_path: Path) -> None:
    """Each with its health."""
    made_nights(tmp_path, 1, 1)
    made_nights(tmp_path, 1, 1, label="other")
    text = Visitor(tmp_path).enter().client.get("/").text
    assert "other, daily" in text
    assert "no series here" in Visitor(tmp_path / "home" / "daily" / "nothing").enter().client.get("/").text


def test_what_cannot_be_served_is_said(cli: Cli, tmp_path: Path) -> None:
    """No directory, and a port that somebody has."""
    assert "no directory" in cli("browse", tmp_path / "nothing", code=5).stderr
    assert "by which it is reached" in cli("browse", tmp_path, "--listen", "0.0.0.0", code=2).stderr  # noqa: S104 - refused
    assert "Choose another --port" in cli("browse", tmp_path, "--port", 1, "--listen", "203.0.113.1", code=1).stderr


def test_a_missing_package_is_named_with_what_installs_it(cli: Cli, tmp_path: Path) -> None:
    """The extra is not needed by anybody else."""
    hidden = tmp_path / "hidden"
    write(hidden / "uvicorn.py", "raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')")
    cli.environment["PYTHONPATH"] = str(hidden)
    ended = cli("browse", tmp_path, code=1)
    assert "A Python package is not installed: uvicorn." in ended.stderr
    assert "pipx install --force 'efs-backup[browse] @ file:///PATH/" in ended.stderr


def test_a_file_that_no_answer_can_carry_is_told_of_with_the_command_that_restores_it(three_nights: Backup) -> None:
    """As where AWS Lambda answers: never torn, and what fits is as ever; the night and the path are in the command."""
    client = TestClient(create_app(three_nights.path, None, most=100))
    large = client.get(three_nights.address("content", path="attacks/zeros", night=three_nights.nights[0]))
    assert large.status_code == 413
    assert "zeros has 1.0 kB, and an answer of this page carries 100 bytes at most" in large.text
    assert f"--snapshot {three_nights.nights[0]} --path attacks/zeros" in large.text
    assert client.get(three_nights.address("content", path="docs/lost.txt", night=three_nights.nights[0])).is_success
    page = client.get(three_nights.address(path="attacks/zeros")).text
    assert "Too large to download here" in page
    assert "Download</a>" not in page
    picture = TestClient(create_app(three_nights.path, None, most=20)).get(
        three_nights.address("picture", path="attacks/dot.bin")
    )
    assert picture.status_code == 400
    assert "no picture that can be shown" in picture.text
