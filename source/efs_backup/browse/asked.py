"""A request's wishes, read from its address or its form."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from efs_backup.browse.paths import path_of, text_of
from efs_backup.domain.errors import WrongUsage

_MOST_FIELDS = 20


@dataclass(frozen=True)
class Asked:
    """The fields of a request, by their names."""

    fields: Mapping[str, str]

    @classmethod
    def of(cls, text: bytes) -> "Asked":
        """Read a query, or the body of a form. Raises WrongUsage."""
        try:
            return cls(dict(parse_qsl(text.decode("ascii"), max_num_fields=_MOST_FIELDS)))
        except ValueError as error:
            raise WrongUsage("This address has been torn.") from error

    def text(self, name: str) -> str:
        """A field as it is; "" where it is missing."""
        return self.fields.get(name, "")

    def path(self, name: str) -> str:
        """A path below a snapshot. Raises WrongUsage."""
        return path_of(self.text(name))

    def name(self, name: str) -> str:
        """A name in a directory, at which a page begins. Raises WrongUsage."""
        return text_of(self.text(name))

    def says(self, name: str) -> bool:
        """Whether a field that is yes or no says yes."""
        return bool(self.text(name))
