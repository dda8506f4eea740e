"""Paths in addresses: raw bytes as URL-safe base64, for a name may hold anything but a slash and NUL."""

import base64
import binascii
import os
import shlex

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import shown


def key_of(text: str) -> str:
    """A path, or a label, as it stands in an address; "" for the root."""
    return base64.urlsafe_b64encode(os.fsencode(text)).rstrip(b"=").decode()


def text_of(key: str) -> str:
    """The text that a key stands for. Raises WrongUsage of anything that is none."""
    try:
        raw = base64.b64decode(key.encode("ascii") + b"=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise WrongUsage("This address has been torn: a path in it cannot be read.") from error
    return os.fsdecode(raw)


def path_of(key: str) -> str:
    """The path below a snapshot that a key stands for, "" for the root. Raises WrongUsage where it leads elsewhere."""
    path = text_of(key)
    names = path.split("/") if path else []
    if "\0" in path or any(name in {"", ".", ".."} for name in names):
        raise WrongUsage("This address leads out of the snapshot.")
    return path


def parent_of(path: str) -> str:
    """The directory around a path, "" for the root."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """The last name of a path."""
    return path.rpartition("/")[2]


def joined(directory: str, name: str) -> str:
    """The path of a name in a directory, "" for the root."""
    return f"{directory}/{name}" if directory else name


def shell_word(text: str) -> str:
    """A word of a shell that stands for this text, and can be printed: all other bytes are escaped, as bash does."""
    if shown(text) == text:
        return shlex.quote(text)
    return "$'" + "".join(_escaped(byte) for byte in os.fsencode(text)) + "'"


def _escaped(byte: int) -> str:
    letter = chr(byte)
    is_plain = letter.isascii() and letter.isprintable() and letter not in "'\\"
    return letter if is_plain else f"\\x{byte:02x}"
