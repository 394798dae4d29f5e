"""A stack of stand-in processes, run as a program: ``python standin_stack.py SPEC.json``."""

import asyncio
import json
import os
import sys
from pathlib import Path

from stack.data_dir import DataDir, locked, runtime_dir
from stack.errors import StackError
from stack.guard import Guard
from stack.stages import Stage, run
from stack.supervisor import Role


def main(spec_path: str) -> None:
    spec = json.loads(Path(spec_path).read_text())
    data_dir = DataDir(Path(spec["data_dir"]))
    data_dir.make()
    wanted = [Path(path) for path in spec["ready_files"]]

    async def ready() -> str | None:
        return next((f"{path.name} is missing" for path in wanted if not path.exists()), None)

    roles = tuple(
        Role(
            name=name,
            command=(sys.executable, "-u", "-c", code),
            environment={**os.environ, "PLACE": spec["place"]},
            grace=spec["grace"],
        )
        for name, code in spec["roles"].items()
    )
    stage = Stage(roles=roles, ready=ready, deadline=spec["deadline"])
    with locked(data_dir) as lock, runtime_dir() as sockets:
        guard = Guard(lock=lock, runtime_dir=sockets)
        try:
            announce = lambda: print(f"READY {sockets}", flush=True)  # noqa: E731
            asyncio.run(run((stage,), runtime_dir=sockets, guard=guard, announce=announce))
        finally:
            guard.dismiss()
    print("Stopped.", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except StackError as error:
        sys.exit(str(error))
