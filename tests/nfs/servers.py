"""The mount targets: one nfs-ganesha for each, which exports the folder of its file system."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.nfs.network import Network

if TYPE_CHECKING:
    import subprocess

GRACE_SECONDS = 20
"""How long a server that was started again waits for its clients to say what they had locked; AWS's is not known."""


class Servers:
    """Those of all mount targets that `by_address` names."""

    def __init__(self, network: Network, place: Path, by_address: Path) -> None:
        self._network = network
        self._place = place
        self._by_address = by_address
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def serve_all(self) -> None:
        """Serve what has become mountable since the last call; the first address of a file system gets its name."""
        for target in sorted(self._by_address.iterdir(), reverse=True):
            if target.name not in self._running:
                self._network.own(target.name, target.resolve().name)
                self.start(target.name)

    def addresses(self, file_system: str) -> list[str]:
        """The mount targets of a file system."""
        return [each for each in self._running if (self._by_address / each).resolve().name == file_system]

    def start(self, address: str) -> None:
        """Serve at an address; for the second time with what the first server noted of its clients."""
        place = self._place / address
        place.mkdir(parents=True, exist_ok=True)
        folder = (self._by_address / address).resolve()
        (place / "ganesha.conf").write_text(configuration(address, folder, place))
        command = ("ganesha.nfsd", "-F", "-f", place / "ganesha.conf", "-L", place / "ganesha.log", "-p", place / "pid")
        self._running[address] = self._network.start(*map(str, command), log=place / "output.log")

    def kill(self, address: str) -> None:
        """Let the server die at once."""
        self._running[address].kill()
        self._running[address].wait()

    def renew(self) -> None:
        """Start all anew: they cache listings, and would not see what is changed on the host behind their backs."""
        for address in self._running:
            self.kill(address)
            self.start(address)

    def dead(self) -> list[str]:
        """The addresses that nobody serves, though somebody should."""
        return [address for address, server in self._running.items() if server.poll() is not None]

    def close(self) -> None:
        """No server is left."""
        for address in self._running:
            self.kill(address)


def configuration(address: str, folder: Path, place: Path) -> str:
    """One file system at one address, NFS 4.1 alone, with owners as numbers, as Amazon EFS has them."""
    return f"""NFS_CORE_PARAM {{
    Protocols = 4; NFS_Port = 2049; Bind_addr = {address};
    Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false;
}}
NFSv4 {{
    Minor_Versions = 1; RecoveryBackend = fs; RecoveryRoot = {place}; Delegations = false; Only_Numeric_Owners = true;
    Lease_Lifetime = {GRACE_SECONDS}; Grace_Period = {GRACE_SECONDS};
    Server_Scope = "{folder.name}"; Server_Owner = "{folder.name}";
}}
EXPORT {{
    Export_Id = 1; Path = {folder}; Pseudo = /; Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
    Protocols = 4; Transports = TCP; FSAL {{ Name = VFS; }}
}}
LOG {{ Default_Log_Level = EVENT; }}
"""
