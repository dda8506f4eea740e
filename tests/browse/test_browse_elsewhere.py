"""The page of a function behind the gate of this machine, as it forwards and as somebody who means harm asks."""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.testclient import TestClient

from efs_backup.browse import function
from efs_backup.browse.elsewhere import create_proxy
from efs_backup.browse.function import handler
from efs_backup.browse.gate import Gate
from efs_backup.browse.guard import POLICY
from efs_backup.domain.errors import NothingThere, ServiceFault
from efs_backup.domain.forwarding import Got, target_of
from tests.browse.nights import ATTACK, HOSTILE, Backup

pytestmark = pytest.mark.xdist_group("browse")

_OF_AWS = {"content-type": "application/json", "x-amzn-errortype": "AccessDeniedException"}


def _be_a_main_thread() -> None:
    """AWS Lambda calls a function in the main thread, which has an event loop."""
    asyncio.set_event_loop(asyncio.new_event_loop())


def _ask_function(target: str) -> Got:
    """As AWS would hand it over."""
    path, _, query = target.partition("?")
    http = {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}
    event = {
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {}, "requestContext": {"http": http},
        "isBase64Encoded": False,
    }  # fmt: skip
    with ThreadPoolExecutor(1, initializer=_be_a_main_thread) as function_thread:
        answer = function_thread.submit(handler, event, None).result()
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return Got(answer["statusCode"], answer["headers"], body)


@dataclass
class Operator:
    """Somebody with a browser, what was asked for them, and what the function shall answer instead of the page."""

    answer: Callable[[str], Got]
    asked: list[str] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)

    def __post_init__(self) -> None:
        self.client = TestClient(
            create_proxy(self._fetch, self.gate), base_url="http://127.0.0.1:8000", follow_redirects=False,
            raise_server_exceptions=False,
        )  # fmt: skip

    def _fetch(self, target: str) -> Got:
        self.asked.append(target)
        return self.answer(target)

    def enter(self) -> "Operator":
        """Come in by the printed address."""
        assert self.client.get("/enter", params={"token": self.gate.token}).status_code == 200
        return self


@pytest.fixture
def operator(three_nights: Backup, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """One who is in, and may call the function."""
    monkeypatch.setenv("BACKUP", str(three_nights.path))
    function._application.cache_clear()
    return Operator(_ask_function).enter()


def test_nobody_who_is_not_in_makes_the_function_work(three_nights: Backup) -> None:
    """Neither by a page nor by a file of it: a call costs, and shows root's view of the backup."""
    stranger = Operator(_ask_function)
    for address in ("/", three_nights.address(), three_nights.address("content", path="docs/lost.txt"), "/static/x"):
        assert stranger.client.get(address).status_code in {403, 404}
    assert stranger.client.get("/static/browse.css").is_success
    assert stranger.client.get("/", headers={"host": "evil.example"}).status_code == 403
    assert stranger.asked == []


def test_the_page_is_that_of_the_function(operator: Operator, three_nights: Backup) -> None:
    """Redirects, panes, pictures and downloads, each with its strict headers."""
    assert operator.client.get("/").headers["location"] == "/daily/aG9tZQ/tree"
    tree = operator.client.get(three_nights.address(path="docs/thesis.txt"))
    assert "3 versions" in tree.text
    assert tree.headers["content-security-policy"] == POLICY
    download = operator.client.get(three_nights.address("content", path="attacks/page.html"))
    assert download.text == ATTACK
    assert download.headers["content-security-policy"] == f"{POLICY}; sandbox"
    assert download.headers["content-disposition"].startswith('attachment; filename="page.html"')
    assert operator.client.get(three_nights.address("picture", path="attacks/dot.bin")).headers["content-type"] == (
        "image/png"
    )


def test_hostile_names_and_searches_arrive_byte_by_byte(operator: Operator, three_nights: Backup) -> None:
    """Each of the names as a path, and as what somebody looks for."""
    for raw in HOSTILE:
        text = raw.decode(errors="surrogateescape")
        found = operator.client.get(three_nights.address("content", path=f"hostile/{text}"))
        assert found.text == "a hostile name\n"
    address = three_nights.address("find")
    for typed, sought in (("a+b%2Bc", b"a b+c"), ("%3Cb%3E%26%FF%00x", b"<b>&\xff\x00x"), ("%zz+%", b"%zz %")):
        operator.client.get(f"{address}text={typed}")
        fields = dict(parse_qsl(operator.asked[-1].partition("?")[2], errors="surrogateescape"))
        assert fields["text"].encode(errors="surrogateescape") == sought


def test_what_is_no_path_of_the_page_is_not_asked_for(operator: Operator) -> None:
    """Paths of which signer and checker may think differently are refused before anybody is asked."""
    before = len(operator.asked)
    for path in ("//x", "/a//b", "/%2e%2e/x", "/daily/a%20b/tree", "/daily/%FF/tree", "/a;b", "/a:b", "/a@b"):
        assert operator.client.get(f"http://127.0.0.1:8000{path}").status_code == 404, path
    assert len(operator.asked) == before


def test_nothing_but_get_is_forwarded(operator: Operator, three_nights: Backup) -> None:
    """The page has no way to write, and none is tried."""
    before = len(operator.asked)
    for method in ("post", "put", "delete", "patch", "head", "options"):
        assert getattr(operator.client, method)(three_nights.address()).status_code == 405
    assert len(operator.asked) == before


@pytest.mark.parametrize(
    ("status", "shown", "said"),
    [
        (403, 403, "AWS does not let these credentials look"), (429, 503, "as many functions"),
        (502, 502, "after a pause the first answer takes some seconds"), (500, 502, "AWS says 500"),
        (404, 502, "no function at this address"), (200, 502, "AWS says 200"),
    ],
)  # fmt: skip
def test_what_aws_answers_in_the_place_of_the_page_is_told(status: int, shown: int, said: str) -> None:
    """In our words, with what to do; never the body of somebody else."""
    operator = Operator(lambda _: Got(status, _OF_AWS, b"<script>alert(1)</script>")).enter()
    answer = operator.client.get("/")
    assert answer.status_code == shown
    assert said in answer.text
    assert "alert(1)" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY


def test_a_function_that_cannot_be_asked_is_told_of() -> None:
    """And the next try asks again."""

    def broken(_: str) -> Got:
        raise ServiceFault("The function cannot be reached: <b>timeout</b>", "Load the page again.")

    operator = Operator(broken).enter()
    answer = operator.client.get("/")
    assert answer.status_code == 502
    assert "&lt;b&gt;timeout" in answer.text
    assert "Load the page again." in answer.text


def test_an_answer_brings_no_header_that_would_open_the_page() -> None:
    """Whatever the function has become: no other policy, no cookie, no way to another site."""
    hostile = {
        "content-security-policy": "default-src *", "set-cookie": "a=b", "location": "//evil.example",
        "content-type": "text/html", "access-control-allow-origin": "*", "x-frame-options": "ALLOWALL",
    }  # fmt: skip
    answer = Operator(lambda _: Got(303, hostile, b"")).enter().client.get("/")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-frame-options"] == "DENY"
    assert not {"set-cookie", "location", "access-control-allow-origin"} & {*answer.headers}


@given(some.dictionaries(some.binary(min_size=1, max_size=8), some.binary(max_size=12), max_size=4))
def test_a_query_is_written_in_one_way_and_says_the_same(fields: dict[bytes, bytes]) -> None:
    """However it came, written again it is the same, so who checks a signature writes what was signed."""
    came = b"&".join(_escaped(name) + b"=" + _escaped(value) for name, value in fields.items())
    target = target_of(b"/daily/aG9tZQ/tree", came)
    query = target.partition("?")[2]
    assert target_of(b"/daily/aG9tZQ/tree", query.encode()) == target
    assert "+" not in query
    found = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    assert {name.encode("latin-1"): value.encode("latin-1") for name, value in found} == fields


def _escaped(raw: bytes) -> bytes:
    """As a browser may write it: some letters plain, small hexadecimal digits, a plus sign for a blank."""
    return b"".join(
        b"+"
        if byte == ord(" ")
        else bytes((byte,))
        if chr(byte).isascii() and chr(byte).isalnum()
        else b"%%%02x" % byte
        for byte in raw
    )


@given(some.binary(max_size=20))
def test_a_path_is_passed_on_as_it_is_or_not_at_all(raw: bytes) -> None:
    """No letter of it is written in another way."""
    try:
        assert target_of(b"/" + raw, b"") == f"/{raw.decode()}"
    except NothingThere:
        return
    assert b".." not in raw.split(b"/")
