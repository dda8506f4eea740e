"""When a backup has to stop."""

from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage


@dataclass(frozen=True)
class Window:
    """How long a backup may take, in seconds; None for as long as it needs."""

    seconds: float | None = None

    @classmethod
    def of_minutes(cls, minutes: float | None) -> "Window":
        """The window of so many minutes. Raises WrongUsage where that is no time at all."""
        if minutes is None:
            return cls()
        if not 0 < minutes < float("inf"):
            raise WrongUsage(f"A window must be a number of minutes above 0, not {minutes:g}: no time would be left.")
        return cls(minutes * 60)

    def left(self, elapsed: float) -> float | None:
        """Seconds left after so many have elapsed; None without an end, never below 0."""
        return None if self.seconds is None else max(0.0, self.seconds - elapsed)

    def is_closed(self, elapsed: float) -> bool:
        """Whether the window has closed after so many seconds."""
        return self.left(elapsed) == 0
