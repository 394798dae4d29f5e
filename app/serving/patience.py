"""How long the server waits for a slow client; the waiting itself is the socket's."""

from dataclasses import dataclass
from typing import Self

from gunicorn.http.errors import ParseException

from jobs.settings import Settings


class RequestTimeout(ParseException):  # type: ignore[misc]
    """The client is too slow with its request; the text tells it what was expected."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client has to keep up with."""

    #: How long the headers of a request may take from their first byte to their last, seconds.
    head: float
    #: How long a body may not come, or an answer not be taken, seconds.
    stall: float
    #: Bytes a second that a body must come with, and an answer be taken with, in the long run.
    speed: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits by the settings."""
        return cls(head=settings.head_timeout, stall=settings.stall_timeout, speed=settings.least_speed)


class Patience:
    """Seconds that are left to wait for one client: waiting spends them, each byte that moves gives some back.

    So no pause is longer than the limit, and in the long run the least speed is kept; only waiting counts, so a stream
    that has nothing to say loses nothing. Known as a token bucket.
    """

    __slots__ = ("_limits", "left")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: Seconds; never below a millisecond, for zero would mean not to wait at all.
        self.left = limits.stall

    def renew(self) -> None:
        """Begins anew, for the next request."""
        self.left = self._limits.stall

    def spend(self, waited: float, *, moved: int) -> None:
        """Counts a wait of so many seconds after which so many bytes moved."""
        gained = moved / self._limits.speed
        self.left = min(self._limits.stall, max(0.001, self.left - waited + gained))
