"""The network of the guests: a namespace of its own with a bridge, DHCP and names, AWS's services and metadata."""

import subprocess
from pathlib import Path

from deployment.local_cloud.aws.server import Application, SmallServer, WebServer
from deployment.local_cloud.machines.metadata import ADDRESS, PORT, Metadata, handler_of
from deployment.local_cloud.place import REGION

GATEWAY, AWS_PORT = "172.31.0.1", 5000
"""Where AWS answers, as tests/nfs/image/etc tells the guest; AWS keeps the first addresses of a network for itself."""

_UNTIL_WE_DIE = ("setpriv", "--pdeathsig", "KILL")
_BRIDGE = f"""link set lo up
link add br0 type bridge
addr add {GATEWAY}/16 dev br0
addr add {ADDRESS}/32 dev br0
link set br0 up
"""


class Network:
    """A network is gone with its last process, and each of them dies with the thread that started it."""

    def __init__(self, place: Path) -> None:
        for name in ("cards", "names"):
            (place / name).mkdir(parents=True)
        self.place = place
        self._holder = subprocess.Popen(
            (*_UNTIL_WE_DIE, "unshare", "--net", "sh", "-c", "echo ready; exec cat"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        if self._holder.stdout is None or self._holder.stdout.readline() != b"ready\n":
            raise RuntimeError("No network namespace could be made. Run it as root.")
        self._configure(_BRIDGE)
        self._names = self.start(*dnsmasq(place), log=place / "dnsmasq.log")
        self._told: dict[str, Metadata] = {}
        self._metadata = SmallServer(handler_of(self._told.get), ADDRESS, PORT, self._holder.pid)
        self._aws: WebServer | None = None

    def open_aws(self, application: Application) -> None:
        """AWS answers from now on."""
        self._aws = WebServer(application, AWS_PORT, address=GATEWAY, namespace_of=self._holder.pid)

    def start(self, *command: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start a program in it."""
        with open(log, "ab") as output:
            return subprocess.Popen(
                self.inside(*command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def inside(self, *command: str) -> tuple[str, ...]:
        """The command that runs a command in it."""
        return (*_UNTIL_WE_DIE, "nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command)

    def own(self, address: str, file_system: str) -> None:
        """Be a mount target of a file system, under its name too."""
        self._configure(f"addr add {address}/32 dev br0\n")
        (self.place / "names" / file_system).write_text(f"{address} {dns_name(file_system)}\n")

    def plug_in(self, tap: str, metadata: Metadata) -> None:
        """Have a network card for an instance, which gets its address and its metadata there."""
        card, address = metadata.facts["mac"], metadata.facts["local-ipv4"]
        self._told[address] = metadata
        (self.place / "cards" / tap).write_text(f"{card},{address}\n")
        self._configure(f"tuntap add dev {tap} mode tap\nlink set {tap} master br0\nlink set {tap} up\n")

    def pull_out(self, tap: str) -> None:
        """The card is gone."""
        self._configure(f"link delete {tap}\n")

    def close(self) -> None:
        """Nothing is left of it."""
        for server in (self._aws, self._metadata):
            if server:
                server.close()
        for process in (self._names, self._holder):
            process.kill()
            process.wait()

    def _configure(self, lines: str) -> None:
        """Lines for ip(8)."""
        subprocess.run(self.inside("ip", "-batch", "-"), input=lines.encode(), check=True)


def dns_name(file_system: str) -> str:
    """The name that Amazon EFS gives to a file system."""
    return f"{file_system}.efs.{REGION}.amazonaws.com"


def dnsmasq(place: Path) -> tuple[str, ...]:
    """DHCP for known cards alone, and the names of file systems and nothing else.

    It stays who it is: a process that changes its user or capabilities does not die with its parent any more.
    """
    return (
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-",
        "--interface=br0", "--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/#/", "--no-ping",
        f"--hostsdir={place}/names", "--dhcp-authoritative", "--dhcp-range=172.31.0.0,static,255.255.0.0,1h",
        f"--dhcp-hostsdir={place}/cards", f"--dhcp-leasefile={place}/leases", f"--dhcp-option=3,{GATEWAY}",
        f"--dhcp-option=6,{GATEWAY}",
    )  # fmt: skip
