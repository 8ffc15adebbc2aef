"""What every action on a record shares: the matrix's word, the Idempotency-Key, the command, the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from api import commands
from api.answers import sent_answer
from api.commands import IdempotencyKey, IfMatch
from api.requests_read import require
from api.security import Caller, requires, services_of
from api.services import Services
from steadydesk.contracts.assertion import Command
from steadydesk.policies.rights import Permission, Verb
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.kept_commands import keep_command

Build = Callable[[Connection], Awaitable[Command]]
"""Stores the words that the command refers to, and makes it."""


@dataclass(frozen=True)
class Action:
    """One command of a caller; called with what it is about."""

    caller: Caller
    services: Services
    response: Response
    key: str | None
    version: int | None

    async def __call__(
        self,
        number: str,
        verb: Verb,
        name: str,
        body: BaseModel,
        build: Build,
        *,
        act: str | None = None,
        subject: str | None = None,
        acting_for: str | None = None,
    ) -> dict[str, Any]:
        """Check, keep under the key, send to the process ``number``; ``subject`` is its part, where it is one, ``act``
        what a refusal calls it, where not the verb.
        """
        what = f"{name} {subject or number} {getattr(body, 'action', '')}".strip()
        hashed, key = commands.body_hash(what, body), commands.key_or_new(self.key)
        # Nothing here needs a transaction: words that no kept command refers to are swept.
        async with autocommit(self.services.engine).connect() as connection:
            await require(connection, self.caller, number, verb, act)
            kept = await commands.kept_before(connection, self.caller, self.key, hashed)
            if kept is None:
                command = await build(connection)
                identity = commands.update_id_of(self.caller, what, number, key)
                kept = commands.to_keep(
                    self.caller, key, number, name, command, update_id=identity, acting_for=acting_for
                )
                if self.key:
                    kept = await keep_command(connection, kept, hashed)
        if self.key:
            return sent_answer(self.response, await commands.send(self.services, kept))
        return sent_answer(self.response, await commands.keep_and_send(self.services, kept, hashed))


def acting(permission: Permission) -> Callable[..., Awaitable[Action]]:
    """The dependency that gives a route its action, once the caller may do ``permission``."""
    demanded = requires(permission)

    async def action(
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(demanded)],
        key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Action:
        return Action(caller, services_of(request.app), response, key, commands.version_of(if_match))

    return action


ReaderAction = Annotated[Action, Depends(acting(Permission.READ))]
"""For a route that asks for more by itself."""
OrdererAction = Annotated[Action, Depends(acting(Permission.ORDER))]
DeciderAction = Annotated[Action, Depends(acting(Permission.DECIDE))]
WorkerAction = Annotated[Action, Depends(acting(Permission.WORK))]
