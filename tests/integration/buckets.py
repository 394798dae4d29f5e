"""An S3 that tests speak to: moto's server, a process of its own, with one bucket."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import requests
from s3fs import S3FileSystem
from waiting import eventually

#: The program; it takes a free port and says which.
_PROGRAM = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"


@dataclass(frozen=True)
class Bucket:
    """A bucket of the server."""

    endpoint: str
    name: str = "tests"

    @property
    def url(self) -> str:
        """As ``COATCHECK_BLOB_URL`` names it."""
        return f"s3://{self.name}/blobs"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def files(self) -> list[str]:
        """The keys of its objects."""
        listed = requests.get(f"{self.endpoint}/{self.name}?list-type=2", timeout=10).text
        return sorted(re.findall("<Key>(.*?)</Key>", listed))

    def uploads(self) -> list[str]:
        """The keys of what is only half uploaded."""
        listed = requests.get(f"{self.endpoint}/{self.name}?uploads", timeout=10).text
        return sorted(re.findall("<Key>(.*?)</Key>", listed))


@contextmanager
def a_bucket() -> Iterator[Bucket]:
    """A server with an empty bucket, until the end of the block."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM], stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    said: list[str] = []
    reader = Thread(target=lambda: said.extend(iter(process.stderr.readline, "")), daemon=True)
    reader.start()
    try:
        address = eventually(
            lambda: next(filter(None, (re.search(r"http://[\d.]+:\d+", line) for line in said)), None), within=60
        )
        bucket = Bucket(address[0])
        # It remembers where the last bucket of this process was.
        S3FileSystem.clear_instance_cache()
        eventually(lambda: requests.put(f"{bucket.endpoint}/{bucket.name}", timeout=10).ok, within=30)
        yield bucket
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stderr.close()
