"""An instance with a kernel of its own: user-mode-linux, in which cloud-init runs the user data."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployment.local_cloud.aws.server import Application
from deployment.local_cloud.machines.machine import Order
from tests.nfs.network import Network
from tests.nfs.servers import Servers

_MEMORY = "1536M"
_NO_QUESTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=20")


class Guest:
    """A guest has a disk of its own over the image's, which is gone with it; its logs are on the host, and stay."""

    def __init__(self, order: Order, place: Path, network: Network, image: Path) -> None:
        self.log = place / "log"
        self.log.mkdir(parents=True)
        self._caller = ThreadPoolExecutor(1)  # a process in the network dies with the thread that started it
        self._network = network
        self._place = place
        self._key = image / "key"
        self._address = order.metadata.facts["local-ipv4"]
        self._tap = f"tap{order.instance_id[-8:]}"
        network.plug_in(self._tap, order.metadata)
        command = kernel(place, image / "disk.img", self._tap, order.metadata.facts["mac"])
        self._process = network.start(*_ALONE, *command, log=self.log / "console.log")

    @property
    def is_running(self) -> bool:
        """Whether it has power."""
        return self._process.poll() is None

    def start(self, line: str) -> "subprocess.Popen[bytes]":
        """Run a shell line in it, as root; in place of Systems Manager, whose agent is not in Debian."""
        return self._caller.submit(self._start, line).result()

    def _start(self, line: str) -> "subprocess.Popen[bytes]":
        options = (word for option in _NO_QUESTIONS for word in ("-o", option))
        command = ("ssh", *options, "-i", str(self._key), f"root@{self._address}", line)
        return subprocess.Popen(
            self._network.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def stop(self) -> None:
        """Take its power away."""
        self._process.kill()
        self._process.wait()
        self._caller.shutdown()
        self._network.pull_out(self._tap)
        (self._place / "disk").unlink(missing_ok=True)


class Guests:
    """Makes guests for the fleet."""

    def __init__(self, network: Network, servers: Servers, image: Path) -> None:
        self._network = network
        self._servers = servers
        self._image = image

    def __call__(self, order: Order, place: Path, application: Application, port: int) -> Guest:
        """An instance boots; what it may mount is served by then."""
        self._servers.serve_all()
        return Guest(order, place, self._network, self._image)


_ALONE = ("unshare", "--pid", "--fork", "--kill-child")
"""The kernel's processes, of which there are many, die with the first."""


def kernel(place: Path, disk: Path, tap: str, card: str) -> tuple[str, ...]:
    """Start the kernel; its console says what it does."""
    return (
        "linux.uml", f"mem={_MEMORY}", f"ubd0={place}/disk,{disk}", "root=/dev/ubda", "rw", "con=null",
        "con0=null,fd:1", "ssl=null", f"umid={tap}", f"uml_dir={place}", "net.ifnames=0", f"hostfs={place}/log",
        f"vec0:transport=tap,ifname={tap},mac={card},depth=128,gro=1",
    )  # fmt: skip
