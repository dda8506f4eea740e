"""`efs-backup browse --stack`: found by its name, tried before it is served, and told where it cannot be."""

from pathlib import Path

import pytest

from efs_backup.cli.app import run_line
from efs_backup.domain.errors import ServiceFault
from efs_backup.domain.forwarding import Got
from efs_backup.stack.browsing import try_it
from tests.stack.described import NAME, describe, outputs_of
from tests.support.cloud import Cloud


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "either BACKUP, or --stack NAME"),
        (["/backup", "--stack", "a"], "either BACKUP, or --stack NAME"),
        (["--stack", "a", "--allow-restore"], "The page of a stack only shows."),
        (["/backup", "--region", "us-east-1"], "Give its name, too"),
        (["--stack", "a", "--listen", "::"], "no address that a browser can ask for"),
    ],
)
def test_what_cannot_be_meant_is_refused(capsys: pytest.CaptureFixture[str], line: list[str], said: str) -> None:
    """Before anything is asked."""
    assert run_line(["browse", *line]) == 2
    assert said in capsys.readouterr().err


def test_a_stack_without_a_page_says_how_it_gets_one(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """And a name that no stack has is told with those that there are."""
    assert run_line(["browse", "--stack", NAME]) == 5
    assert "Update it with the parameter Browse=Yes." in capsys.readouterr().err
    assert run_line(["browse", "--stack", "other"]) == 5
    assert NAME in capsys.readouterr().err


def test_a_stack_that_is_named_counts_more_than_a_configuration(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which may be there for all commands; where its name is typed it is BACKUP, as for all of them."""
    (tmp_path / "home.toml").write_text(f'[source]\npath = "/srv"\n[backup]\npath = "{tmp_path}/nothing"\n')
    (tmp_path / "home.toml").chmod(0o600)
    monkeypatch.setenv("EFS_BACKUP_CONFIG", str(tmp_path / "home.toml"))
    assert run_line(["browse", "--stack", NAME]) == 5
    assert "has no page" in capsys.readouterr().err
    assert run_line(["browse"]) == 5
    assert f"There is no directory '{tmp_path}/nothing'" in capsys.readouterr().err


def test_a_page_that_nobody_answers_for_ends_the_command(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """On the terminal, before a browser waits for it."""
    describe("browsed", {**outputs_of(cloud), "BrowseUrl": "http://127.0.0.1:1/"})
    assert run_line(["browse", "--stack", "browsed"]) == 1
    assert "The function cannot be reached" in capsys.readouterr().err


def test_an_answer_of_the_page_itself_is_all_that_is_needed() -> None:
    """Also one that says that nothing is there yet; what AWS says is an error."""
    asked = list[str]()

    def answer(status: int, **headers: str) -> None:
        def fetch(target: str) -> Got:
            asked.append(target)
            return Got(status, {name.replace("_", "-"): text for name, text in headers.items()}, b"")

        try_it(fetch)

    answer(200, content_security_policy="x")
    answer(409, content_security_policy="x")
    with pytest.raises(ServiceFault, match="does not let these credentials look"):
        answer(403)
    assert asked == ["/", "/", "/"]
