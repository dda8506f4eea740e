"""Prices: dated list prices of one region, and a file of one's own in their place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from efs_backup.domain.errors import WrongUsage

DEFAULT_REGION = "us-east-1"
_EFS = "https://aws.amazon.com/efs/pricing/"
_EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/"
_BACKUP = "https://aws.amazon.com/backup/pricing/"


@dataclass(frozen=True)
class Prices:
    """The list prices of one region, without tax; a GB is 2**30 bytes, and a month 730 hours.

    region, currency; date: on which these were the list prices; sources: the pages that say so. Storage of Amazon EFS a
    GB and month: standard, infrequent_access, archive. Elastic throughput a GB: read, written. A GB that is moved to a
    cheaper class, or read from it beyond `read`: to_ and from_. instance_hour: of one c6i.xlarge. AWS Backup: its warm
    storage of Amazon EFS a GB and month, and a GB restored.
    """

    region: str
    currency: str
    date: date
    sources: tuple[str, ...]
    standard: float
    infrequent_access: float
    archive: float
    read: float
    written: float
    to_infrequent_access: float
    from_infrequent_access: float
    to_archive: float
    from_archive: float
    instance_hour: float
    aws_backup_storage: float
    aws_backup_restore: float

    @property
    def told(self) -> str:
        """Say which prices these are, for who reads a sum of them."""
        own = "" if self.sources else ", from a file of your own"
        advice = "; look up yours" if self.sources else ""
        return f"list prices of {self.date.isoformat()} for {self.region}, in {self.currency}, without tax{own}{advice}"


LIST_PRICES = {
    DEFAULT_REGION: Prices(
        DEFAULT_REGION, "USD", date(2026, 6, 13), (_EFS, _EC2, _BACKUP),
        standard=0.30, infrequent_access=0.016, archive=0.008, read=0.03, written=0.06,
        to_infrequent_access=0.01, from_infrequent_access=0.01, to_archive=0.03, from_archive=0.03,
        instance_hour=0.17, aws_backup_storage=0.05, aws_backup_restore=0.02,
    ),
}  # fmt: skip
"""By region. One region alone is here whose prices could be compared with several pages; others by `--prices`."""

_TEXTS = ("region", "currency")
_NUMBERS = tuple(entry.name for entry in fields(Prices) if entry.name not in {*_TEXTS, "date", "sources"})
_EXAMPLE = "docs/how-to/cost.md shows such a file."


def prices_of(region: str) -> Prices:
    """The list prices of a region. Raises WrongUsage where they are not known."""
    known = LIST_PRICES.get(region)
    if known is None:
        raise WrongUsage(
            f"The prices of {region!r} are not known here; known are those of {', '.join(LIST_PRICES)}.",
            f"Give them with --prices FILE: {_EXAMPLE}",
        )
    return known


def own_prices(found: Any, where: str, region: str | None = None) -> Prices:
    """The prices that a file says, upon the list prices of its region, or else of all that has a name in it.

    found: what was read of it, a mapping. Raises WrongUsage where one is missing, unknown, or no price.
    """
    if not isinstance(found, Mapping):
        raise _wrong(where, "it holds no object of names and prices")
    unknown = sorted(str(name) for name in found if name not in {*_TEXTS, "date", *_NUMBERS})
    if unknown:
        raise _wrong(where, f"it has {', '.join(map(repr, unknown))}, which is no price")
    named = _text(found, "region", where) or region or DEFAULT_REGION
    if region is not None and named != region:
        raise _wrong(where, f"it is about {named!r}, and --region says {region!r}")
    base = LIST_PRICES.get(named)
    given: dict[str, Any] = {name: _price(found, name, where) for name in _NUMBERS if name in found}
    missing = [name for name in _NUMBERS if name not in given]
    if missing and base is None:
        raise _wrong(where, f"it lacks {', '.join(missing)}, and the list prices of {named!r} are not known here")
    given |= {"region": named, "currency": _text(found, "currency", where) or "USD", "date": _date(found, where)}
    return replace(base, sources=(), **given) if base else Prices(sources=(), **given)


def _wrong(where: str, why: str) -> WrongUsage:
    return WrongUsage(f"The file of prices {where!r} cannot be used: {why}.", _EXAMPLE)


def _text(found: Mapping[str, Any], name: str, where: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise _wrong(where, f"{name} is no text")
    return value


def _date(found: Mapping[str, Any], where: str) -> date:
    value = found.get("date")
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(where, "its date, of the day on which these were the prices, is not like 2026-11-22") from error


def _price(found: Mapping[str, Any], name: str, where: str) -> float:
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise _wrong(where, f"{name} is {value!r}, and a price is a number from 0")
    return float(value)
