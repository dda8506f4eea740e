"""Values of a parameter of which a change's run tries the first, and the nightly run all."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_nightly(values: Iterable[Any], each_time: int = 1) -> list[Any]:
    """The values for `parametrize`; all behind the first `each_time` are long, for they are of one kind with those."""
    first, rest = [*values][:each_time], [*values][each_time:]
    return [
        *first,
        *(pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long) for value in rest),
    ]
