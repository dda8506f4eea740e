"""The page as a function of AWS Lambda, with the events that its URL makes."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from efs_backup.browse import function
from efs_backup.browse.function import MOST_BYTES, fitting, handler
from efs_backup.browse.guard import POLICY
from tests.browse.nights import HOSTILE, Backup

pytestmark = pytest.mark.xdist_group("browse")

_MOST_OF_LAMBDA = 6_291_556


@pytest.fixture
def mounted(three_nights: Backup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backup]:
    """The function's container, with the backup mounted."""
    monkeypatch.setenv("BACKUP", str(three_nights.path))
    function._application.cache_clear()
    yield three_nights
    function._application.cache_clear()


def _ask(address: str, method: str = "GET") -> dict[str, Any]:
    path, _, query = address.partition("?")
    event = {
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {"host": "a.lambda-url.on.aws"},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}}, "isBase64Encoded": False,
    }  # fmt: skip
    return handler(event, None)


def test_it_shows_the_page_with_what_keeps_a_browser_from_harm(mounted: Backup) -> None:
    """Without a token, for IAM knows who asks; and without a way to write."""
    shown = _ask(mounted.address(path="docs/thesis.txt"))
    assert (shown["statusCode"], shown["isBase64Encoded"]) == (200, False)
    assert "3 versions" in shown["body"]
    assert shown["headers"]["content-security-policy"] == POLICY
    assert "cookies" not in shown
    assert _ask(mounted.address("restore/begin"), "POST")["statusCode"] == 404
    assert _ask(mounted.address("tree"), "POST")["statusCode"] == 405


def test_hostile_names_arrive_byte_by_byte(mounted: Backup) -> None:
    """Also those that are no UTF-8; a name and its content."""
    for raw in HOSTILE:
        found = _ask(mounted.address("content", path=f"hostile/{raw.decode(errors='surrogateescape')}"))
        assert base64.b64decode(found["body"]) == b"a hostile name\n"


def test_the_largest_file_that_is_sent_fits_into_an_answer(mounted: Backup) -> None:
    """As base64, with all headers."""
    body = base64.b64encode(bytes(MOST_BYTES)).decode()
    headers = _ask(mounted.address("content", path="docs/same.txt"))["headers"] | {"content-disposition": "x" * 2000}
    answer = {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
    assert len(json.dumps(answer)) < _MOST_OF_LAMBDA
    assert fitting(answer) is answer


def test_a_page_that_is_too_large_says_so(mounted: Backup) -> None:
    """Letters count as they are written in JSON; what protects the browser stays."""
    answer = _ask(mounted.address()) | {"body": "\u202e" * 1_100_000}
    found = fitting(answer)
    assert found["statusCode"] == 413
    assert found["headers"]["content-security-policy"] == POLICY
    assert "content-length" not in found["headers"]
    assert "larger than one answer" in found["body"]
