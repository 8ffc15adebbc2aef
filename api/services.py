"""What every request may use, made once when the process starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from temporalio.client import Client

from api.answered import Answered
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import Keyring
from steadydesk.records.engine import Engine
from steadydesk.settings import Settings


@dataclass(frozen=True)
class Services:
    engine: Engine
    settings: Settings
    keyring: Keyring
    temporal: Client
    clock: Callable[[], datetime]

    @cached_property
    def sender(self) -> Sender:
        return Sender(self.temporal, self.keyring)

    @cached_property
    def answered(self) -> Answered:
        return Answered(self.engine)
