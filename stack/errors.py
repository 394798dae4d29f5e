"""Why the stack can't start; the text of each error is one line for the person at the terminal."""


class StackError(Exception):
    """Root of the errors of this package."""


class NoRedisServer(StackError):
    """There is no Redis server on this machine that could be started."""


class RedisNotReady(StackError):
    """A Redis did not answer in time."""


class DataDirInUse(StackError):
    """Another `coatcheck up` has this data dir."""


class AddressRefused(StackError):
    """The host or port can't be served on."""


class RoleFailed(StackError):
    """A process of the stack could not start."""

    def __init__(self, role: str, *, reason: str) -> None:
        super().__init__(f"{role} could not start: {reason}")
        self.role = role
        self.reason = reason


class BackupRefused(StackError):
    """A backup can't be taken, or can't be restored there; nothing that was there before has changed."""
