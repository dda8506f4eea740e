"""A crash at each step: what changes a directory is counted, and one of these calls ends all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CALLS = ("rename", "replace", "unlink", "mkdir", "rmdir", "chmod", "fchmod")


class Crash(BaseException):
    """The end of a process, which nothing can catch."""


@contextmanager
def crash_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the call of this number, from 1 on, be the end; the calls that were begun."""
    begun = list[str]()

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            begun.append(name)
            if len(begun) == step:
                raise Crash
            return real(*arguments, **more)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counting(name, getattr(os, name)))
        yield begun


def each_crash(monkeypatch: pytest.MonkeyPatch, begin: Callable[[int], Callable[[], object]]) -> Iterator[int]:
    """Prepare a case (`begin`, which is given its number), let it crash at its first step, then at its second, ...

    Gives the number of the case after each crash; ends after the case that had no more steps.
    """
    for step in range(1, 100):
        run = begin(step)
        with crash_at(step, monkeypatch) as begun:
            try:
                run()
            except Crash:
                assert begun
            else:
                assert step > 1
                return
        yield step
    raise AssertionError("it never ends")
