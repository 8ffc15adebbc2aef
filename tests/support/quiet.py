"""Nobody is woken: what stands in the outbox is all that a test looks at."""

from steadydesk.orchestration.deliveries import Waker


class Quiet(Waker):
    """Counts how often it would have woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    async def close(self) -> None:
        """Nothing is under way."""
