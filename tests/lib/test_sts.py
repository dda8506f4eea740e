"""A role that may do less."""

import boto3
import pytest

from efs_backup.domain.errors import MountFailed
from efs_backup.lib.sts import Roles
from tests.lib.refusals import Refuse

_ROLE = "arn:aws:iam::123456789012:role/drills"


def test_the_keys_of_a_role_are_given(aws: None, session: boto3.Session) -> None:
    """All three of them."""
    keys = Roles(session.client("sts")).take(_ROLE, "i-1")
    assert all((keys.access_key, keys.secret_key, keys.token))


def test_a_role_that_is_refused_is_said(aws: None, session: boto3.Session, refuse: Refuse) -> None:
    """Nothing is mounted by another one instead."""
    client = session.client("sts")
    refuse(client, "assume_role", "AccessDenied")
    with pytest.raises(MountFailed, match=r"role/drills.*AccessDenied"):
        Roles(client).take(_ROLE, "i-1")
