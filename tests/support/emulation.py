"""Emulated AWS without what it would do over and over in each test, and with what a test refuses it to do."""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from unittest import mock

import boto3
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from moto.core import responses
from moto.core.models import botocore_stubber
from moto.core.utils import method_names_from_class
from moto.sns.models import Subscription

Refusal = Callable[[str], AWSResponse | None]
"""Gives the answer to a request whose event has this name (`before-send.sns.Publish`); None: it is not refused."""

_refusals = list[Refusal]()
"""Those in force. They are looked up with each request, so that a client that is there already is refused as well."""

_new_session, _client_of = boto3.Session, functools.cache(boto3.Session.client)
"""Sessions and clients outlive a test: making them takes longer than all that the tests do with them."""

_loader = functools.cache(create_loader)
"""A loader for all sessions: half of the time of a command that makes its own went into what is known of services."""

_names_of = functools.cache(method_names_from_class)
"""The methods of a class are looked through once, and not with each request."""


@contextmanager
def emulated() -> Iterator[None]:
    """An empty account while this lasts, by clients and sessions that stay for the next one."""
    with ExitStack() as kept:
        kept.enter_context(mock.patch("botocore.session.create_loader", _loader))
        kept.enter_context(mock.patch.object(_new_session, "client", _client_of))
        kept.enter_context(mock.patch.object(boto3, "Session", _session_of))
        kept.enter_context(mock.patch.object(responses, "method_names_from_class", _names_of))
        kept.enter_context(mock.patch.object(Subscription, "private_key", _signing_key))
        kept.enter_context(mock_aws(config={"lambda": {"use_docker": False}}))
        kept.enter_context(mock.patch.object(boto3, "DEFAULT_SESSION", _session()))
        yield


def _session_of(**given: str | None) -> boto3.Session:
    """The session that was made of the same, in the same surroundings, or a new one."""
    about = ((name, value) for name, value in os.environ.items() if name.startswith("AWS_") or name == "HOME")
    return _session_in(tuple(sorted(about)), tuple(given.items()))


@functools.cache
def _session_in(_surroundings: tuple[tuple[str, str], ...], given: tuple[tuple[str, Any], ...]) -> boto3.Session:
    return _new_session(**dict(given))


@contextmanager
def refused_by(refusal: Refusal) -> Iterator[None]:
    """Ask this about each request while it lasts, of clients of the default session."""
    _refusals.append(refusal)
    try:
        yield
    finally:
        _refusals.remove(refusal)


@functools.cache
def _session() -> boto3.Session:
    session = _new_session()
    session.events.register_first("before-send", cast("Any", _refuse))  # its stubs know of no answers
    session.events.register_last("before-send", _let_moto_answer)  # every handler is asked, moto's before this one
    return session


def _refuse(event_name: str, **_: Any) -> AWSResponse | None:
    for refusal in _refusals:
        if answer := refusal(event_name):
            botocore_stubber.enabled = False
            return answer
    return None


def _let_moto_answer(**_: Any) -> None:
    botocore_stubber.enabled = True


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _signing_key(_subscription: Subscription) -> rsa.RSAPrivateKey:
    """One key for all subscriptions; to make one takes longer than a night."""
    return _key()
