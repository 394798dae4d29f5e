"""Who makes a request, and what they may do: said once by ``authentication``, asked for everywhere else."""

from dataclasses import dataclass
from typing import cast

from flask import g

from jobs.api_keys import ANONYMOUS, Scope


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever makes a request."""

    #: Whose jobs they are that it submits, and that it may see.
    name: str
    #: What they may do.
    scopes: frozenset[Scope]
    #: The public part of their key; "" without a key.
    key_id: str = ""
    #: Submissions that their key is good for in a minute; None: no limit of its own.
    rate: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether they may do what needs this scope; an administrator may do everything."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def sees(self, owner: str) -> bool:
        """Whether they may know of what belongs to ``owner``."""
        return owner == self.name or Scope.ADMIN in self.scopes


#: Everybody who comes without a key to a service that is open.
EVERYBODY = Caller(name=ANONYMOUS, scopes=frozenset({Scope.SUBMIT, Scope.READ}))

#: Whoever looks at the pages for operators without a key, where the service is open.
OPERATOR = Caller(name=ANONYMOUS, scopes=frozenset(Scope))


def caller() -> str:
    """Whose jobs this request may see, and whose the job is that it submits."""
    return current_caller().name


def may(scope: Scope) -> bool:
    """Whether the caller may do what needs this scope."""
    return current_caller().may(scope)


def sees_all() -> bool:
    """Whether the caller sees everybody's jobs."""
    return may(Scope.ADMIN)


def current_caller() -> Caller:
    """Who makes this request; nobody is known in a public view, which asks for no key."""
    return cast("Caller", g.caller)
