"""Fixtures of the copy worker's tests."""

from pathlib import Path

import pytest

from tests.copy_worker.pair import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Nothing in any of them yet."""
    return Pair(tmp_path)
