"""The page in AWS: a night, and what its operator sees of it by the proxy; with IAM between them."""

import json
import os
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.place import OPERATOR, REGION, assume
from efs_backup.browse.paths import key_of
from tests.browse.nights import HOSTILE, served
from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.site import Site

pytestmark = pytest.mark.root

_FOR_ROOT = "for root alone\n"


class Browser:
    """Somebody who follows links by hand."""

    def __init__(self, printed: str) -> None:
        self._origin = printed.partition("/enter")[0]
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._opener.open(printed).close()

    def get(self, address: str) -> tuple[int, bytes]:
        """The status of an address below the origin, and what is there."""
        try:
            with self._opener.open(self._origin + address) as answer:
                return answer.status, answer.read()
        except HTTPError as refusal:
            return refusal.code, refusal.read()


@pytest.fixture
def browsed(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site with the page, after a night; a tree with hostile names, and one that root alone may enter."""
    made = Site.build(cloud, assembly, Browse="Yes")
    for raw in HOSTILE:
        write(made.source / "hostile" / os.fsdecode(raw), os.fsdecode(raw).encode(errors="replace").decode())
    write(made.source / "private" / "secret.txt", _FOR_ROOT)
    (made.source / "private").chmod(0o700)
    (made.source / "large").write_bytes(bytes(4_600_000))
    made.night()
    return made


def _operator(cloud: LocalCloud, **keys: str) -> Cli:
    """The command, with nothing but these credentials."""
    known = {"AWS_ACCESS_KEY_ID": OPERATOR, "AWS_SECRET_ACCESS_KEY": OPERATOR}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return Cli({**environment, "AWS_ENDPOINT_URL": cloud.endpoint, "AWS_REGION": REGION, **known, **keys})


def _address(page: str, path: str) -> str:
    return f"/daily/{key_of('efs-backup')}/{page}?path={key_of(path)}"


def _somebody(cloud: LocalCloud, name: str, *actions: str) -> Cli:
    """A person with a role that may find the stack, and do this on everything."""
    iam = cloud.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["cloudformation:DescribeStacks", *actions], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document)
    return _operator(cloud, **assume(arn, name).variables())


def _mounts_of_functions(place: Path) -> list[str]:
    """How the processes of functions of a cloud have mounted the backup."""
    mine = f"PYTHONPATH={place}".encode()
    found = [one for one in Path("/proc").glob("[0-9]*/environ") if _read(one).find(mine) >= 0]
    lines = [line for one in found for line in _read(one.with_name("mountinfo")).decode().splitlines()]
    return [line.split()[5] for line in lines if line.split()[4] == "/mnt/backup"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended


@pytest.mark.long
def test_a_night_is_browsed_through_the_proxy(browsed: Site) -> None:
    """As root sees it, byte by byte; what is too large for AWS Lambda is told, and who may not look is told why."""
    cloud = browsed.cloud
    with served(_operator(cloud), "--stack", "backups") as printed:
        browser = Browser(printed)
        status, shown = browser.get("/")
        assert (status, browsed.snapshots()[0].encode() in shown) == (200, True)
        assert browser.get(_address("content", "private/secret.txt")) == (200, _FOR_ROOT.encode())
        for raw in HOSTILE:
            status, content = browser.get(_address("content", f"hostile/{os.fsdecode(raw)}"))
            assert (status, content) == (200, os.fsdecode(raw).encode(errors="replace"))
        status, told = browser.get(_address("content", "large"))
        assert (status, b"--path large" in told) == (413, True)
        assert _mounts_of_functions(cloud.place / "functions") == ["ro,relatime"]
        _forbid(cloud)
        status, told = browser.get(_address("content", "private/secret.txt"))
        assert (status, b"The function did not answer: AWS says 502." in told) == (502, True)
    half = _somebody(cloud, "half", "lambda:InvokeFunctionUrl")
    refused = half("browse", "--stack", "backups", code=1)
    assert "AWS does not let these credentials look at the backup." in refused.stderr
    wrong = _operator(cloud, AWS_SECRET_ACCESS_KEY="guessed")  # noqa: S106
    assert "does not let these credentials" in wrong("browse", "--stack", "backups", code=1).stderr


def _forbid(cloud: LocalCloud) -> None:
    """To mount as root, by the role of the page; the containers that have mounted are gone.

    A denial, for a file system without a policy asks for no permission.
    """
    iam = cloud.client("iam")
    (role,) = (one["RoleName"] for one in iam.list_roles()["Roles"] if "PageRole" in one["RoleName"])
    denied = {"Effect": "Deny", "Action": "elasticfilesystem:ClientRootAccess", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_role_policy(RoleName=role, PolicyName="forbidden", PolicyDocument=document)
    cloud.functions.forget()
