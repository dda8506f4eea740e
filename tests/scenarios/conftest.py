"""A stack for each scenario."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud, Faults, a_stack


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A stack before its first night."""
    with a_stack(monkeypatch.setenv) as made:
        yield made


@pytest.fixture
def faults(cloud: Cloud) -> Faults:
    """Refusals of AWS."""
    return Faults()
