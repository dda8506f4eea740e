"""Waiting for threads whose file system may never answer."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn, TypeVar

from efs_backup.domain.errors import Hung

PATIENCE_SECONDS = 600.0
"""How long nothing may move before what waits is given up."""

LAST_WORDS_SECONDS = 60.0
"""How long a record may take, where the file system that it lies on may have hung."""

_LOOK_SECONDS = 0.2
_NAMED = 3

Result = TypeVar("Result")
Item = TypeVar("Item")


def wait_for(
    workers: Sequence[threading.Thread], activity: Callable[[], int], doing: Mapping[int, str], seconds: float,
    pulse: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Wait until these threads have ended; `pulse` is called several times a second.

    activity: a number that changes with everything that is done. doing: what each thread works on, by its ident.
    Raises Hung, and leaves the threads behind, where nothing has moved for so many seconds.
    """
    last, since = activity(), time.monotonic()
    for worker in workers:
        while worker.is_alive():
            worker.join(_LOOK_SECONDS)
            pulse()
            now = activity()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= seconds:
                raise _hung(sorted(set(doing.values())), seconds)


def _hung(paths: Sequence[str], seconds: float) -> Hung:
    named = ", ".join(repr(path or ".") for path in paths[:_NAMED])
    return Hung(f"There was no answer for {seconds / 60:.0f} minutes{f' about {named}' if named else ''}.")


def within(work: Callable[[], Result], what: str, seconds: float = PATIENCE_SECONDS) -> Result:
    """The result of a piece of work that may never end. Raises Hung, and what the work raises."""
    answers: queue.SimpleQueue[Callable[[], Result]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            answers.put(_raiser(error))
        else:
            answers.put(lambda: result)

    threading.Thread(target=answer, daemon=True).start()
    try:
        get = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise _hung([what], seconds) from error
    return get()


def supervised(work: Callable[[], Result], activity: Callable[[], int], seconds: float | None = None) -> Result:
    """The result of work that takes long, and beats `activity` (a number) as long as it moves.

    Raises Hung where it does not for so many seconds, and what the work raises.
    """
    answers: list[Result] = []
    errors: list[BaseException] = []

    def answer() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            errors.append(error)

    worker = threading.Thread(target=answer, daemon=True)
    worker.start()
    wait_for([worker], activity, {}, seconds or PATIENCE_SECONDS + LAST_WORDS_SECONDS)
    if errors:
        raise errors[0]
    return answers[0]


def _raiser(error: BaseException) -> Callable[[], NoReturn]:
    def throw() -> NoReturn:
        raise error

    return throw


def for_each(
    items: Iterable[tuple[str, Item]],
    work: Callable[[str, Item], None],
    *,
    threads: int,
    activity: Callable[[], int],
    seconds: float = PATIENCE_SECONDS,
    pulse: Callable[[], None] = lambda: None,
) -> None:
    """Do the work for each item, which has a name, by many threads at a time.

    The first exception ends it and reaches the caller. Raises Hung where nothing moves any more.
    """
    waiting: queue.SimpleQueue[tuple[str, Item]] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    doing, errors, done = dict[int, str](), list[BaseException](), [0]

    def work_on() -> None:
        try:
            while not errors:
                name, item = waiting.get_nowait()
                doing[threading.get_ident()] = name
                work(name, item)
                done[0] += 1
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            errors.append(error)
        doing.pop(threading.get_ident(), None)

    workers = [threading.Thread(target=work_on, daemon=True) for _ in range(min(threads, waiting.qsize()))]
    for worker in workers:
        worker.start()
    wait_for(workers, lambda: activity() + done[0], doing, seconds, pulse)
    if errors:
        raise errors[0]
