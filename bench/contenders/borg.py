"""borg: deduplicated, encrypted segments. No tree can be browsed without mounting it."""

# ruff: noqa: D102  (the base class says what each method gives)

import shutil
from pathlib import Path
from typing import ClassVar

from bench.contenders.base import Contender
from bench.process import Command, run


class Borg(Contender):
    """`borg create`, `prune` with `compact`, and `extract`, with defaults.

    Its cache lies on the local disk and is kept from stage to stage: the best case for borg, which knows by it what is
    in the repository and which files have not changed.
    """

    name = "borg"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {"borg": ("--version",)}

    def prepare(self) -> None:
        run(self._borg("init", "--encryption", "repokey", str(self._repository(stored=True))))

    def backup(self) -> list[Command]:
        return [self._borg("create", self._archive(self.made), str(self.area.source))]

    def snapshot(self, number: int) -> Path:
        """Extracted into a scratch directory."""
        place = self.area.scratch / "check"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        run(self._extract(place, self._archive(number, stored=True)))
        return place / self.area.source.relative_to("/")

    def prune(self) -> list[Command]:
        repository = str(self._repository())
        return [
            self._borg("prune", "--keep-last", str(self.settings.keep), repository),
            self._borg("compact", repository),
        ]

    def is_gone(self, number: int) -> bool:
        listed = run(self._borg("list", "--short", str(self._repository(stored=True)))).output
        return str(number) not in listed.split()

    def restore(self) -> list[Command]:
        return [self._extract(self.area.target, self._archive(self.made - 1))]

    def restored(self) -> Path:
        return super().restored() / self.area.source.relative_to("/")

    def _repository(self, *, stored: bool = False) -> Path:
        return (self.area.backup_store if stored else self.area.backup_side) / "borg"

    def _archive(self, number: int, *, stored: bool = False) -> str:
        return f"{self._repository(stored=stored)}::{number}"

    def _extract(self, place: Path, archive: str) -> Command:
        """Extract by a shell in `place`: borg always extracts into the working directory."""
        inner = self._borg("extract", archive)
        return Command(("sh", "-c", 'cd "$0" && exec "$@"', str(place), *inner.arguments), inner.environment)

    def _borg(self, *arguments: str) -> Command:
        """The repository is seen at two places, and is told that this is fine."""
        own = {"BORG_BASE_DIR": str(self.area.scratch / "borg"), "BORG_PASSPHRASE": "bench"}
        return Command(("borg", *arguments), {**own, "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"})
