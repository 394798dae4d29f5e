"""How to go on with a new analysis: its test, its service, its first job; commands to copy."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from stack.scaffold.plan import Plan

#: Where `coatcheck up` listens unless told otherwise.
URL = "http://127.0.0.1:8000"
#: A first job for what the template does.
BODY = '{"data": {"builtin": "iris"}, "params": {"column": "petal length (cm)"}}'


def next_steps(plan: Plan) -> Iterator[str]:
    """The lines to print after the files were written."""
    yield f"Wrote {', '.join(str(path) for path in plan.content)}."
    found_in = shlex.quote(str(plan.root))
    served = "tasks" if plan.package == "tasks" else f"tasks,{plan.package}"
    yield from (
        "",
        "Run its test:",
        f"  PYTHONPATH={found_in} {_program('python')} -m pytest {shlex.quote(str(plan.test))}",
    )
    yield from ("Start it:", f"  PYTHONPATH={found_in} COATCHECK_ANALYSES={served} {_program('coatcheck')} up")
    yield "Hand in a job, and follow it to its result:"
    yield f"  curl -i {URL}/analysis/{plan.name}/run -H 'Content-Type: application/json' -d {shlex.quote(BODY)}"


def _program(name: str) -> str:
    """A program of this environment: by its name where that finds it, else by its path."""
    own = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    return name if found is not None and Path(found) == own else shlex.quote(str(own))
