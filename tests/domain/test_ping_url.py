"""The address of a ping: where its signals go, and that it is shown nowhere."""

from base64 import b64encode

import pytest

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.ping_url import PingUrl, Signal


def test_a_signal_is_the_last_part_of_the_path() -> None:
    """Before a query, as that of healthchecks.io that makes a check; a slash at the end makes no difference."""
    url = PingUrl("https://hc-ping.com/key/nightly/?create=1")
    assert [url.address(signal) for signal in Signal] == [
        "https://hc-ping.com/key/nightly/start?create=1",
        "https://hc-ping.com/key/nightly?create=1",
        "https://hc-ping.com/key/nightly/fail?create=1",
    ]


def test_a_name_and_a_password_are_a_header_and_no_part_of_the_address() -> None:
    """As browsers and curl do; escaped letters are what they stand for."""
    url = PingUrl("http://user:p%40ss@[::1]:8000/x")
    assert url.address(Signal.FAIL) == "http://[::1]:8000/x/fail"
    assert url.headers() == {"Authorization": f"Basic {b64encode(b'user:p@ss').decode()}"}
    assert PingUrl("http://host/x").headers() == {}


@pytest.mark.parametrize("text", ["https://user:secret@host/secret?secret", "http://host:1/secret#secret"])
def test_an_address_is_never_shown_whole(text: str) -> None:
    """Who knows it can say that all is well."""
    url = PingUrl(text)
    for shown in (str(url), repr(url), f"{url}", str(vars(url).keys())):
        assert "secret" not in shown


@pytest.mark.parametrize(
    "text",
    ["file:///etc/secret", "ftp://host/secret", "//host/secret", "secret", "http://", "https:///secret",
     "http://host:secret/", "http://[secret/", "http://host/secr et", "http://host/sécret", "http://host/secret\n"],
)  # fmt: skip
def test_what_is_no_address_of_a_web_server_is_refused_and_not_shown(text: str) -> None:
    """Neither a file nor another protocol; the sentence does not hold the address either."""
    with pytest.raises(WrongUsage) as refused:
        PingUrl(text)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
