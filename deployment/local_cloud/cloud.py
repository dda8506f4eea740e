"""The local cloud: AWS as far as this solution needs it, in one process and the processes that it starts."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from moto.autoscaling.models import autoscaling_backends
from moto.moto_api._internal.models import moto_api_backend

from deployment.local_cloud.aws import resources
from deployment.local_cloud.aws.access import check_access
from deployment.local_cloud.aws.answers import answer_call
from deployment.local_cloud.aws.behaviour import set_right
from deployment.local_cloud.aws.bridge import Bridge, Clock
from deployment.local_cloud.aws.file_systems import FileSystems
from deployment.local_cloud.aws.function_urls import FunctionUrls
from deployment.local_cloud.aws.gate import Gate
from deployment.local_cloud.aws.invocations import by_api
from deployment.local_cloud.aws.lifecycle import Lifecycle
from deployment.local_cloud.aws.mail import MailBox
from deployment.local_cloud.aws.server import WebServer, moto_application
from deployment.local_cloud.machines.fleet import Fleet, Maker
from deployment.local_cloud.machines.functions import Functions
from deployment.local_cloud.machines.machine import Machine
from deployment.local_cloud.place import ACCOUNT, OPERATOR, REGION, Credentials
from efs_backup.agent.services import KINDS_VARIABLE
from efs_backup.engine.machine.mounts import kind_of

_TICK_SECONDS = 0.25
_POLL_SECONDS = 0.05


class CloudTimeout(Exception):
    """An event that was waited for did not happen."""


class LocalCloud:
    """One AWS account in one region, for as long as it is entered. One at a time: moto's state is the process's."""

    def __init__(self, place: Path, make_instance: Maker = Machine) -> None:
        resources.support()
        moto_api_backend.reset()
        self.place = place
        self.gate = Gate(moto_application(), [check_access, answer_call])
        self._server = WebServer(self.gate)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        self.file_systems = FileSystems(place / "file-systems")
        self.mail_box = MailBox(place / "mail")
        self.fleet = Fleet(
            place / "instances", self.gate, self._server.port, self.file_systems.place,
            {KINDS_VARIABLE: kind_of(str(place))}, make_instance,
        )  # fmt: skip
        self.functions = Functions(place / "functions", self.endpoint, self.file_systems.place)
        self.urls = FunctionUrls(self.functions.ask)
        self.clock = Clock()
        self.bridge = Bridge(self.clock, self.functions.invoke)
        self.lifecycle = Lifecycle(self.bridge.put, self.clock.now)
        self._open = ExitStack()
        self._is_closed = threading.Event()

    def __enter__(self) -> "LocalCloud":
        self._open.enter_context(set_right(self.fleet, self.file_systems, self.mail_box, self.bridge.put))
        self._open.enter_context(resources.opening_urls(self.urls.open))
        self._open.enter_context(self.lifecycle.in_force())
        self._open.enter_context(by_api(self.functions.invoke, self.functions.ask))
        threading.Thread(target=self._tick_on, name="clock", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        self.urls.close()
        self.functions.close()
        self.fleet.close()
        self._server.close()
        self._open.close()

    def client(self, service: str) -> Any:
        """A client of the operator, who may do all."""
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=OPERATOR,
            aws_secret_access_key=OPERATOR,
        )  # fmt: skip

    def client_of(self, keys: Credentials, service: str) -> Any:
        """A client of somebody with these keys."""
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=keys.key,
            aws_secret_access_key=keys.secret, aws_session_token=keys.token,
        )  # fmt: skip

    def advance(self, minutes: float) -> None:
        """Put the clock of AWS's own timers forward."""
        self.clock.ahead += timedelta(minutes=minutes)
        self._tick()

    def lose(self, instance_id: str) -> None:
        """The hardware of an instance fails; its group notices."""
        self.fleet.lose(instance_id)
        self.lifecycle.lose(autoscaling_backends[ACCOUNT][REGION], instance_id)

    def launch_again(self) -> None:
        """The groups that lack an instance try again to launch it, as they do by themselves every few minutes."""
        self.lifecycle.try_to_launch(autoscaling_backends[ACCOUNT][REGION])

    def wait(
        self, what: str, is_so: Callable[[], bool], seconds: float = 60.0, *, every: float = _POLL_SECONDS
    ) -> None:
        """Wait for something, looking every so many seconds. Raises CloudTimeout."""
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                raise CloudTimeout(f"Not within {seconds:.0f} seconds: {what}")
            time.sleep(every)

    def _tick(self) -> None:
        self.bridge.tick()
        self.lifecycle.time_out_due(autoscaling_backends[ACCOUNT][REGION])

    def _tick_on(self) -> None:
        while not self._is_closed.wait(_TICK_SECONDS):
            self._tick()
