"""The customer: submits the orders over HTTP, polls each job to its end, and keeps what it was told."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from chaos.plan import Order

#: Wait before a request that got no answer, or 503, is tried again, seconds.
TRY_AGAIN = 0.2
#: Longest wait between two polls, seconds, whatever ``Retry-After`` says: results are kept for a short time here.
LONGEST_POLL = 2.0
#: How long a request may take, seconds.
PATIENCE = 5.0


@dataclass
class Ticket:
    """One accepted job, and what the customer was told of it."""

    order: Order
    job: str
    #: What canceling answered; 0: it was not asked for, or got no answer.
    cancel_status: int = 0
    #: The document that came with the end; None as long as none was seen.
    ended: dict[str, object] | None = None
    #: How the result was answered; 0: never.
    result_status: int = 0
    #: The result, or the problem in its place.
    result: dict[str, object] = field(default_factory=dict)
    #: Answered with 404 though it was accepted.
    is_unknown: bool = False


class Customer:
    """Submits and follows jobs; whatever happens to a connection, it tries again."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits)
        #: Every job that was accepted.
        self.tickets: list[Ticket] = []
        #: How submissions were answered; ``none`` is a request that ended without an answer.
        self.answers: Counter[str] = Counter()
        #: Answers that no client should ever get.
        self.surprises: list[str] = []

    async def serve(self, order: Order) -> None:
        """Submits the order, cancels it if that is planned, and follows it to its end."""
        ticket = await self._submit(order)
        async with asyncio.TaskGroup() as group:
            if order.cancel_after is not None:
                group.create_task(self._cancel(ticket, order.cancel_after))
            group.create_task(self._follow(ticket))

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def _submit(self, order: Order) -> Ticket:
        body = {"params": order.params, **order.options}
        while True:
            answer = await self._try_once("POST", f"/analysis/{order.analysis}/run", body=body)
            self.answers[str(answer.status_code) if answer else "none"] += 1
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                ticket = Ticket(order=order, job=str(answer.json()["id"]))
                self.tickets.append(ticket)
                return ticket
            if answer is not None and answer.is_client_error:
                self.surprises.append(f"order {order.number} was refused, {answer.status_code}: {answer.text[:200]}")
            await asyncio.sleep(TRY_AGAIN)

    async def _cancel(self, ticket: Ticket, after: float) -> None:
        await asyncio.sleep(after)
        answer = await self._try_once("DELETE", f"/jobs/{ticket.job}")
        if answer is not None and not answer.is_server_error:
            ticket.cancel_status = answer.status_code

    async def _follow(self, ticket: Ticket) -> None:
        while True:
            answer = await self._answer(f"/queuedResource/{ticket.job}/status")
            if answer.status_code != httpx.codes.ACCEPTED:
                break
            await asyncio.sleep(min(float(answer.headers["Retry-After"]), LONGEST_POLL))
        if answer.status_code == httpx.codes.NOT_FOUND:
            ticket.is_unknown = True
            return
        ticket.ended = answer.json()
        outcome = await self._answer(answer.headers["Location"])
        ticket.result_status, ticket.result = outcome.status_code, outcome.json()

    async def _answer(self, url: str) -> httpx.Response:
        """The answer to a GET, tried until there is one."""
        while True:
            answer = await self._try_once("GET", url)
            if answer is not None and not answer.is_server_error:
                return answer
            await asyncio.sleep(TRY_AGAIN)

    async def _try_once(self, method: str, url: str, *, body: object = None) -> httpx.Response | None:
        """The answer, or None where the connection was refused or broke."""
        try:
            answer = await self._http.request(method, url, json=body)
        except httpx.TransportError:
            return None
        if answer.is_server_error and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self.surprises.append(f"{method} {url} was answered {answer.status_code}: {answer.text[:200]}")
        return answer

    async def is_served(self) -> bool:
        """Whether the service says, on a fresh connection, that it takes jobs."""
        async with httpx.AsyncClient(base_url=self._http.base_url, timeout=PATIENCE) as fresh:
            try:
                return (await fresh.get("/readyz")).is_success
            except httpx.TransportError:
                return False


async def seconds_until_served(customer: Customer) -> float:
    """How long it takes until the service takes jobs."""
    began = time.monotonic()
    while not await customer.is_served():
        await asyncio.sleep(0.02)
    return time.monotonic() - began
