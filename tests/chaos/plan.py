"""The plan of a run: which jobs are submitted when, and what is broken when; the same seed gives the same plan.

What a fault hits depends on what runs in that moment, so two runs of one plan differ in their figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What the monkey does."""

    CHILD_KILLED = "pool process killed"
    WORKER_KILLED = "worker killed"
    PARENT_KILLED = "worker's parent killed"
    WORKER_STOPPED = "worker stopped (deploy)"
    WORKER_PAUSED = "worker thought dead, returns"
    API_PROCESS_KILLED = "API process killed"
    API_KILLED = "API killed"
    REDIS_KILLED = "Redis killed"
    REDIS_STOPPED = "Redis restarted"
    MESSAGE_LOST = "message lost"
    MESSAGE_TWICE = "message delivered twice"


#: How often each fault comes, relative to the others; each comes at least once.
_OFTEN: Mapping[Fault, int] = {
    Fault.CHILD_KILLED: 30,
    Fault.WORKER_KILLED: 8,
    Fault.PARENT_KILLED: 6,
    Fault.WORKER_STOPPED: 8,
    Fault.WORKER_PAUSED: 6,
    Fault.API_PROCESS_KILLED: 8,
    Fault.API_KILLED: 5,
    Fault.REDIS_KILLED: 6,
    Fault.REDIS_STOPPED: 5,
    Fault.MESSAGE_LOST: 12,
    Fault.MESSAGE_TWICE: 12,
}

#: How many jobs of each analysis there are, relative to the others.
_MIX: Mapping[str, int] = {
    "work": 62,
    "stroll": 10,
    "hold": 8,
    "die_once": 5,
    "die": 3,
    "falter": 4,
    "refuse": 5,
    "crash": 3,
}

#: Those that only work.
_PLAIN = ("work", "stroll", "hold")

#: Longest work of most jobs, seconds.
LONGEST = 0.5
#: Shares of the jobs that are canceled, run over their time, may wait for a second only, and run for long.
_CANCELED, _OVERDUE, _IMPATIENT, _LONG = 0.06, 0.02, 0.02, 0.03
#: How long the long ones run, seconds: a deploy does not wait for them.
_LONG_RUN = (1.5, 3)
#: Result sizes, bytes: some are too large for Redis in a chaos run and go to the blob store.
_PADDINGS = (0, 0, 0, 4000)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One job that is to be submitted."""

    #: Its place in the plan; it is the job's label as well.
    number: int
    #: Seconds from the start of the run.
    at: float
    analysis: str
    params: Mapping[str, object]
    #: Options of the submission.
    options: Mapping[str, object]
    #: Seconds after its acceptance when it is canceled; None: it is not.
    cancel_after: float | None


@dataclass(frozen=True, kw_only=True)
class Blow:
    """One thing that is to be broken."""

    #: Seconds from the start of the run.
    at: float
    fault: Fault
    #: Decides what is hit, and for how long: a share from 0 to 1.
    chance: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole run."""

    seed: int
    orders: tuple[Order, ...]
    blows: tuple[Blow, ...]


def make_plan(seed: int, *, jobs: int, rate: float, pause: float) -> Plan:
    """So many jobs at so many a second, with a blow every ``pause`` seconds."""
    chance = Random(seed)
    orders = tuple(_order(chance, number, at=number / rate) for number in range(jobs))
    return Plan(seed=seed, orders=orders, blows=_blows(chance, lasting=jobs / rate, pause=pause))


def _order(chance: Random, number: int, *, at: float) -> Order:
    analysis = chance.choices([*_MIX], weights=[*_MIX.values()])[0]
    params: dict[str, object] = {"seconds": round(chance.uniform(0, LONGEST), 3)}
    options: dict[str, object] = {"label": str(number)}
    if analysis not in ("die", "refuse", "crash"):
        params["number"] = number
    if analysis == "work":
        params["padding"] = chance.choice(_PADDINGS)
    lot = chance.random()
    if lot < _OVERDUE and analysis in _PLAIN:
        params["seconds"] = 30
        options["timeout"] = 0.4
    elif _OVERDUE <= lot < _OVERDUE + _IMPATIENT:
        options["expires_in"] = 1
    elif _OVERDUE + _IMPATIENT <= lot < _OVERDUE + _IMPATIENT + _LONG and analysis in _PLAIN:
        params["seconds"] = round(chance.uniform(*_LONG_RUN), 3)
    cancel_after = chance.uniform(0, LONGEST) if lot > 1 - _CANCELED else None
    return Order(number=number, at=at, analysis=analysis, params=params, options=options, cancel_after=cancel_after)


def _blows(chance: Random, *, lasting: float, pause: float) -> tuple[Blow, ...]:
    count = max(len(Fault), int(lasting / pause))
    rest = chance.choices([*_OFTEN], weights=[*_OFTEN.values()], k=count - len(Fault))
    faults = [*Fault, *rest]
    chance.shuffle(faults)
    step = lasting / count
    return tuple(
        Blow(at=(at + chance.uniform(0.2, 0.8)) * step, fault=fault, chance=chance.random())
        for at, fault in enumerate(faults)
    )
