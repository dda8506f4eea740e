"""The cost of a run: quantities that it has measured, times list prices."""

from dataclasses import dataclass

from efs_backup.domain.cost.metering import GIB, METADATA_BYTES
from efs_backup.domain.cost.prices import DEFAULT_REGION, prices_of

_EFS = prices_of(DEFAULT_REGION)
PRICES_OF = f"{_EFS.region}, as listed on {_EFS.date.isoformat()}"
_HOURS_OF_A_MONTH = 730.0

_INSTANCES = {"c6i.large": 0.085, "t3.small": 0.0208}
"""Dollars an hour, on demand, Linux. An instance whose type is not here is counted as the dearest."""

_DISK = 0.08 * 16 / _HOURS_OF_A_MONTH
"""Dollars an hour for 16 GB of gp3."""

_KEYS, _ALARMS = 1.0 / _HOURS_OF_A_MONTH, 0.10 / _HOURS_OF_A_MONTH
_FUNCTION = 0.25 * 0.0000166667 + 0.0000002


@dataclass(frozen=True)
class Item:
    """A line of the bill, and how it was come by."""

    what: str
    dollars: float
    basis: str


def instance(what: str, kind: str, seconds: float) -> Item:
    """An instance with its disk."""
    hourly = _INSTANCES.get(kind, max(_INSTANCES.values()))
    hours = max(seconds, 60) / 3600
    return Item(what, hours * (hourly + _DISK), f"{hours * 60:.0f} minutes of {kind} at ${hourly} an hour, and 16 GB")


def storage(what: str, size: int, seconds: float) -> Item:
    """A file system, for as long as it was there."""
    hours = seconds / 3600
    basis = f"{size:,} bytes for {hours:.1f} hours at ${_EFS.standard} a GB-month"
    return Item(what, size / GIB * _EFS.standard / _HOURS_OF_A_MONTH * hours, basis)


def throughput(read: int, written: int, operations: int) -> Item:
    """The price of elastic throughput: data are metered, and operations without any."""
    metered = written + operations * METADATA_BYTES
    dollars = read / GIB * _EFS.read + metered / GIB * _EFS.written
    basis = f"{read:,} bytes read, {written:,} written, {operations:,} operations of 4 KiB, counted from the records"
    return Item("elastic throughput", dollars, basis)


def by_the_hour(keys: int, alarms: int, seconds: float) -> Item:
    """The price of keys and alarms, which cost as long as a stack is there."""
    hours = seconds / 3600
    basis = f"{keys} keys, {alarms} alarms, {hours:.1f} hours"
    return Item("keys and alarms", hours * (keys * _KEYS + alarms * _ALARMS), basis)


def functions(invocations: int, seconds: float) -> Item:
    """Lambda: 256 MB."""
    return Item("function", seconds * _FUNCTION, f"about {invocations} invocations, {seconds:.0f} seconds in all")


def requests(calls: int) -> Item:
    """Everything else, at the price of the dearest request that a run makes: an S3 PUT."""
    return Item("requests", calls * 0.000005, f"{calls:,} calls of this run, each as dear as an S3 PUT")


def bill(items: list[Item]) -> list[str]:
    """Each with its basis, and the sum."""
    lines = [f"${item.dollars:7.4f}  {item.what}: {item.basis}" for item in items]
    return [*lines, f"${sum(item.dollars for item in items):7.4f}  in all, by the prices of {PRICES_OF}"]
