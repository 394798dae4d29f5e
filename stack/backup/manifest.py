"""The manifest of a backup: what it is of, and that it is whole; a backup without one was never finished."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.errors import BackupRefused

#: The form of the backup; one that differs can't be read here.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    #: The version of the service that took it.
    version: str
    #: Whose jobs they are; they can be restored under this name only.
    namespace: str
    #: When the snapshot of Redis was taken, ISO 8601.
    taken: str
    #: SHA-256 of the snapshot.
    snapshot_sha256: str
    #: How many files of the blob store it has; None: they were left out.
    files: int | None


@dataclass(frozen=True)
class Folder:
    """The layout of a backup."""

    #: The folder.
    root: Path

    @property
    def snapshot(self) -> Path:
        """What Redis holds, as an RDB file."""
        return self.root / "redis.rdb"

    @property
    def files(self) -> Path:
        """The files of the blob store."""
        return self.root / "files"

    @property
    def manifest(self) -> Path:
        """Written last."""
        return self.root / "backup.json"

    def make(self) -> None:
        """Make the folder, for the eyes of its owner only: it holds inputs, results and the secrets of webhooks.

        Raises:
            BackupRefused: it can't be made, or something is in it already.

        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = any(self.root.iterdir())
        except OSError as error:
            raise BackupRefused(f"The folder {self.root} can't be used: {error.strerror}") from error
        if taken:
            raise BackupRefused(f"The folder {self.root} is not empty; each backup needs a fresh one.")

    def write(self, manifest: Manifest) -> None:
        """Declare the backup whole."""
        self.manifest.write_text(json.dumps({"format": FORMAT, **asdict(manifest)}, indent=2) + "\n", "utf-8")

    def read(self) -> Manifest:
        """What the backup says of itself, once its snapshot was found to be the one that was taken.

        Raises:
            BackupRefused: there is no whole backup in the folder, or none that can be read here.

        """
        try:
            said = json.loads(self.manifest.read_text("utf-8"))
            found = sha256_of(self.snapshot)
        except (OSError, ValueError) as error:
            raise BackupRefused(f"There is no finished backup in {self.root}: {error}") from error
        if said.pop("format", None) != FORMAT:
            raise BackupRefused(f"The backup in {self.root} has another form than this version reads.")
        manifest = Manifest(**said)
        if found != manifest.snapshot_sha256:
            raise BackupRefused(f"{self.snapshot} has changed since it was taken: its SHA-256 differs.")
        return manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
