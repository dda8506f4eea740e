"""The instances: launched, asked by Systems Manager, terminated."""

import base64
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from deployment.local_cloud.aws.server import Application
from deployment.local_cloud.machines.machine import Instance, Machine, Order
from deployment.local_cloud.machines.metadata import Metadata
from deployment.local_cloud.place import ACCOUNT, REGION, assume

_logger = logging.getLogger(__name__)

Announce = Callable[[str], None]
Maker = Callable[[Order, Path, Application, int], Instance]
"""Starts an instance, given its order, its place, and AWS with the port it has here."""


class Fleet:
    """All instances; what happens to them happens in a thread of its own, one thing after the other."""

    def __init__(
        self, place: Path, application: Application, port: int, file_systems: Path, environment: Mapping[str, str],
        make: Maker = Machine,
    ) -> None:  # fmt: skip
        self._place = place
        self._application = application
        self._port = port
        self._file_systems = file_systems
        self._make = make
        self.shutdown_seconds = 3.0
        self.environment = dict(environment)
        self._machines: dict[str, Instance] = {}
        self._commands: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._thread = ThreadPoolExecutor(1, "fleet")
        self.announce: Announce = lambda _: None

    def launch(self, instance: Any, template: Mapping[str, str]) -> None:
        """An instance of a launch template starts."""
        self._thread.submit(self._launch, instance, template).add_done_callback(_complain)

    def lose(self, instance_id: str) -> None:
        """An instance loses its power in the midst of its work; returns when it has."""
        self._commands.pop(instance_id, None)
        self.terminate([instance_id])
        self._thread.submit(lambda: None).result()

    def terminate(self, instance_ids: list[str]) -> None:
        """Instances shut down: a command that is about to end does so."""
        for name in instance_ids:
            self._thread.submit(self._terminate, name).add_done_callback(_complain)

    def running(self, instance_id: str) -> Instance | None:
        """The machine, if it runs."""
        machine = self._machines.get(instance_id)
        return machine if machine and machine.is_running else None

    def close(self) -> None:
        """No instance is left."""
        self.terminate(list(self._machines))
        self._thread.shutdown()

    def run(self, instance_id: str, lines: list[str], then: Callable[[int, bytes, bytes], None]) -> bool:
        """Run shell lines on an instance and tell how they ended; gives False where it does not run."""
        machine = self.running(instance_id)
        if machine is None:
            return False
        process = machine.start("\n".join(lines))
        self._commands.setdefault(instance_id, []).append(process)
        threading.Thread(target=_wait, args=(process, then), daemon=True).start()
        return True

    def _launch(self, instance: Any, template: Mapping[str, str]) -> None:
        user_data = base64.b64decode(str(instance.user_data))
        metadata = _metadata(instance, template, user_data.decode())
        order = Order(instance.id, user_data, metadata, self.environment, self._file_systems)
        self._machines[instance.id] = self._make(order, self._place / instance.id, self._application, self._port)
        self.announce(f"Instance {instance.id} boots")

    def _terminate(self, instance_id: str) -> None:
        machine = self._machines.pop(instance_id, None)
        for command in self._commands.pop(instance_id, ()):
            with suppress(subprocess.TimeoutExpired):
                command.wait(self.shutdown_seconds)
        if machine:
            machine.stop()
            self.announce(f"Instance {instance_id} is gone")


def _complain(done: Future[None]) -> None:
    if error := done.exception():
        _logger.error("An instance could not be launched or terminated", exc_info=error)


def _metadata(instance: Any, template: Mapping[str, str], user_data: str) -> Metadata:
    data = ec2_backends[ACCOUNT][REGION].get_launch_template(template["LaunchTemplateId"]).latest_version().data
    profile = iam_backends[ACCOUNT]["aws"].get_instance_profile_by_arn(data["IamInstanceProfile"]["Arn"])
    role = profile.roles[0]
    address, card = str(instance.private_ip), str(instance.nics[0].mac_address)
    facts = {
        "instance-id": instance.id, "placement/region": REGION,
        "placement/availability-zone": str(instance._placement.zone),
        "instance-type": instance.instance_type, "ami-id": instance.image_id, "local-ipv4": address, "mac": card,
        f"network/interfaces/macs/{card}/device-number": "0", f"network/interfaces/macs/{card}/local-ipv4s": address,
    }  # fmt: skip
    return Metadata(facts, role.name, lambda: assume(role.arn, instance.id).metadata(), user_data)


def _wait(process: "subprocess.Popen[bytes]", then: Callable[[int, bytes, bytes], None]) -> None:
    stdout, stderr = process.communicate()
    then(process.returncode, stdout, stderr)
