"""One run from start to end: an installation, a plan, and what came of it."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.audit import Audit, Evidence, audit
from chaos.customer import Customer
from chaos.installation import Installation, installed
from chaos.ledger import read_ledger
from chaos.leftovers import leftovers
from chaos.logs import Told, read_logs
from chaos.monkey import Monkey
from chaos.plan import Fault, Order, Plan
from chaos.recovery import recoveries, silent_workers, waits
from chaos.runs import read_runs
from chaos.scene import Scene
from jobs.store import Store


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a run is made under."""

    #: The queue engine.
    engine: str = "celery"
    #: Workers, each with two processes.
    workers: int
    #: How long results and then tombstones are kept, seconds.
    result_ttl: float
    tombstone_ttl: float
    #: How long after the last submission the last job may end, seconds.
    patience: float
    #: Where logs and ledger are copied to; None: nowhere.
    keep: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    audit: Audit
    accepted: int
    #: How submissions were answered.
    answers: Counter[str]
    told: Told
    #: How often each fault was dealt.
    dealt: Counter[Fault]
    #: Blows that found nothing to hit.
    missed: int
    #: Seconds of every recovery, by fault.
    recovered: dict[Fault, list[float]]
    #: Seconds that each job waited for each of its runs.
    waits: list[float]
    #: What is left though everything has expired.
    left: list[str]
    #: Seconds that the whole run took.
    took: float

    @property
    def is_passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.audit.is_passed and not self.left and not self.told.alarms


async def run(plan: Plan, conditions: Conditions) -> Outcome:
    """Runs the plan on an installation of its own, which is gone afterwards."""
    began = time.monotonic()
    lives = {"result_ttl": conditions.result_ttl, "tombstone_ttl": conditions.tombstone_ttl}
    async with installed(engine=conditions.engine, workers=conditions.workers, **lives) as installation:
        customer, store = Customer(installation.url), Store(installation.settings)
        scene = Scene(installation=installation, store=store, customer=customer, redis_is_broken=asyncio.Lock())
        monkey = Monkey(scene)
        try:
            await _until_all_ended(plan, monkey, customer, patience=conditions.patience)
            left = await _left_after(scene, seconds=conditions.result_ttl + conditions.tombstone_ttl)
            return _outcome(plan, monkey, left=left, took=time.monotonic() - began)
        finally:
            await customer.close()
            store.redis.close()
            if conditions.keep:
                _keep(installation, conditions.keep)


async def _until_all_ended(plan: Plan, monkey: Monkey, customer: Customer, *, patience: float) -> None:
    """Comes back when every job has ended and every wound is dealt; or when it took too long, and the audit says so."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(plan.orders[-1].at + patience), asyncio.TaskGroup() as group:
            group.create_task(monkey.rage(plan.blows, began=began))
            group.create_task(_submit_all(plan.orders, customer, began=began))
    except TimeoutError:
        customer.surprises.append(f"Not everything had ended {patience:g} s after the last submission.")


async def _submit_all(orders: Sequence[Order], customer: Customer, *, began: float) -> None:
    async with asyncio.TaskGroup() as group:
        for order in orders:
            await asyncio.sleep(max(0.0, began + order.at - time.monotonic()))
            group.create_task(customer.serve(order))


async def _left_after(scene: Scene, *, seconds: float) -> list[str]:
    """What is left after so many seconds, and a few more for the sweeps."""
    await asyncio.sleep(seconds)
    try:
        async with asyncio.timeout(10):
            while left := leftovers(scene.store):
                await asyncio.sleep(0.5)
    except TimeoutError:
        return left
    return []


def _outcome(plan: Plan, monkey: Monkey, *, left: list[str], took: float) -> Outcome:
    installation, customer = monkey.scene.installation, monkey.scene.customer
    histories = read_ledger(installation.ledger_files, namespace=installation.settings.namespace)
    told = read_logs(installation.log_files)
    evidence = Evidence(
        orders=plan.orders,
        tickets=customer.tickets,
        histories=histories,
        runs=read_runs(installation.diary),
        told=told.successes,
    )
    found = audit(evidence)
    found.wrong += [*customer.surprises, *silent_workers(monkey.wounds, histories)]
    return Outcome(
        plan=plan,
        audit=found,
        accepted=len(customer.tickets),
        answers=customer.answers,
        told=told,
        dealt=Counter(wound.fault for wound in monkey.wounds),
        missed=len(monkey.missed),
        recovered=recoveries(monkey.wounds, histories),
        waits=waits(histories),
        left=left,
        took=took,
    )


def _keep(installation: Installation, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in [*installation.log_files, *installation.ledger_files, installation.diary]:
        if file.exists():
            shutil.copy(file, folder)
