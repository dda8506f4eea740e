"""A file of prices of one's own, as JSON or TOML."""

import json
import tomllib
from typing import Any

from efs_backup.domain.cost.prices import DEFAULT_REGION, Prices, own_prices, prices_of
from efs_backup.domain.errors import WrongUsage
from efs_backup.engine.machine.regular_file import small_content

_MOST_BYTES = 2**20


def read_prices(path: str | None, region: str | None) -> Prices:
    """The prices that a file says, or the list prices where none is given. Raises WrongUsage."""
    if path is None:
        return prices_of(region or DEFAULT_REGION)
    return own_prices(_parsed(_text_of(path), path), path, region)


def _text_of(path: str) -> str:
    try:
        return small_content(path, _MOST_BYTES, is_followed=True).decode()
    except UnicodeDecodeError as error:
        raise WrongUsage(f"The file of prices {path!r} is no UTF-8.") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise WrongUsage(f"The file of prices {path!r} cannot be read: {why}.") from error


def _parsed(text: str, path: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"The file of prices {path!r} is neither JSON nor TOML: {error}.") from error
