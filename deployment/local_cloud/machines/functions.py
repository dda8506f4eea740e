"""Lambda: functions of templates under Amazon's runtime client, called asynchronously as EventBridge does."""

import io
import itertools
import json
import logging
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends

from deployment.local_cloud.aws.log_settings import log_settings
from deployment.local_cloud.machines.function_mounts import NotMounted, command_before
from deployment.local_cloud.machines.runtime import Answer, Function, FunctionCrashed
from deployment.local_cloud.place import ACCOUNT, REGION, assume

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger(__name__)

Event = dict[str, Any]

RETRIES = 2
RETRY_SECONDS = 0.2
"""AWS waits one and two minutes."""

_AT_ONCE = 4


@dataclass(frozen=True)
class Invocation:
    """One event and its answer, None where the function crashed; `tries` counts deliveries."""

    function: str
    event: Event
    answer: Answer | None
    tries: int

    @property
    def succeeded(self) -> bool:
        """Whether the last try was answered without an error."""
        return self.answer is not None and self.answer.error is None


class Functions:
    """Calls functions; each container serves one event at a time, and is kept for the next."""

    def __init__(self, place: Path, endpoint: str, file_systems: Path) -> None:
        self._place = place
        self._file_systems = file_systems
        self._endpoint = endpoint
        self._idle: dict[str, list[Function]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, "lambda")
        self._at_work = 0
        self._is_closed = False
        self._numbers = itertools.count(1)
        self.done: list[Invocation] = []
        self.listener: Callable[[Invocation], None] = lambda _: None

    def invoke(self, name: str, event: Event) -> None:
        """Call a function asynchronously."""
        with self._lock:
            if self._is_closed:
                return
            self._at_work += 1
            self._threads.submit(self._serve, name, event)

    def ask(self, name: str, event: Event) -> Answer:
        """Call a function, once, and wait for its answer. A crash, or that it does not start, is an answer too."""
        with self._lock:
            self._at_work += 1
        try:
            answer = self._called(name, event)
            self.done.append(Invocation(name, event, answer, 1))
            return answer or Answer(None, {"errorType": "Crashed", "errorMessage": "The process has ended."}, 0.0)
        finally:
            with self._lock:
                self._at_work -= 1

    def _called(self, name: str, event: Event) -> Answer | None:
        try:
            return self._call(name, event)
        except NotMounted as why:
            _logger.warning("The function %s does not start: %s", name, why)
            return None

    @property
    def is_idle(self) -> bool:
        """Whether no event waits or is served."""
        return self._at_work == 0

    @property
    def log_lines(self) -> list[str]:
        """The lines that the functions have written, container by container."""
        return [line for log in sorted(self._place.glob("*/log")) for line in log.read_text().splitlines()]

    def forget(self) -> None:
        """End the containers: the next events start new ones, with what the template says then."""
        with self._lock:
            containers = [container for idle in self._idle.values() for container in idle]
            self._idle.clear()
        for container in containers:
            container.close()

    def close(self) -> None:
        """No event is served any more, and no process is left."""
        with self._lock:
            self._is_closed = True
        self._threads.shutdown(cancel_futures=True)
        self.forget()

    def _serve(self, name: str, event: Event) -> None:
        try:
            done = self._try(name, event)
            self.done.append(done)
            if not done.succeeded:
                _give_up(done)
            self.listener(done)
        finally:
            with self._lock:
                self._at_work -= 1

    def _try(self, name: str, event: Event) -> Invocation:
        for tries in range(1, RETRIES + 2):
            done = Invocation(name, event, self._call(name, event), tries)
            if done.succeeded:
                break
            time.sleep(RETRY_SECONDS)
        return done

    def _call(self, name: str, event: Event) -> Answer | None:
        container = self._container(name)
        try:
            answer = container.invoke(event, float(_function(name).timeout))
        except FunctionCrashed:
            return None
        with self._lock:
            self._idle.setdefault(name, []).append(container)
        return answer

    def _container(self, name: str) -> Function:
        with self._lock:
            idle = self._idle.setdefault(name, [])
            if idle:
                return idle.pop()
        return self._start(name)

    def _start(self, name: str) -> Function:
        function = _function(name)
        place = self._place / f"{name}-{next(self._numbers)}"
        code = place / "code"
        zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(code)
        environment = {
            **function.environment_vars, **log_settings(name), **assume(function.role, name).variables(),
            "PYTHONPATH": str(code), "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint, "PATH": "/usr/bin:/bin",
        }  # fmt: skip
        before = command_before(_mounts(function), _role(function), self._file_systems)
        return Function(function.handler, environment, function.function_arn, place / "log", before)


def _function(name: str) -> Any:
    return lambda_backends[ACCOUNT][REGION].get_function(name)


def _mounts(function: Any) -> list[dict[str, str]]:
    return getattr(function, "file_system_configs", [])


def _role(function: Any) -> Any:
    return iam_backends[ACCOUNT]["aws"].get_role_by_arn(function.role)


def _give_up(done: Invocation) -> None:
    """The event goes where the template wants what could not be handled."""
    for config in _function(done.function).event_invoke_config:
        queue = config.config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        if queue:
            body = json.dumps({"requestPayload": done.event, "responsePayload": done.answer and done.answer.error})
            sqs_backends[ACCOUNT][REGION].send_message(queue.rpartition(":")[2], body)
