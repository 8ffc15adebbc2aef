"""Plays one story against the API, and remembers every answer for the oracle."""

import asyncio

from tests.faults.client import Client, Reply
from tests.faults.story import APPROVALS, MANUAL, Answers, Moment, Story

TAKEN_UP_SECONDS = 120.0
"""Within which a received order must be a record: it is due after half a minute, and the sweep that takes it up then
goes round twice a minute, of which two rounds may be killed.
"""


def is_opened(view: Reply) -> bool:
    """Whether it is a record, not an order that is still being received."""
    return view.status == 200 and view.body["state"] != "received"


class Actor:
    """All people of one order: who asks, who decides, who does the work."""

    def __init__(self, client: Client, story: Story, seed: int) -> None:
        self.client = client
        self.story = story
        self.answers = Answers()
        self._seed = seed

    def key(self, what: str) -> str:
        return f"{self._seed}-{self.story.index}-{what}"

    async def play(self) -> None:
        """Order, decide, work and cancel as the story says."""
        story = self.story
        if story.ghost:
            await self.client.hang_up(story.requester, "/requests", self._order(), self.key("order"))
            return
        await self.order(patient=story.patient)
        if not self.answers.accepted:
            return
        if not is_opened(seen := await self.until_visible()):
            self.odd(f"not taken up within {TAKEN_UP_SECONDS:.0f} s", seen)
            return
        if story.cancel is Moment.AT_ONCE:
            await self.cancel(patient=story.patient)
        elif story.cancel is Moment.WITH_THE_DECISION:
            await asyncio.gather(self.decide(patient=story.patient), self.cancel(patient=story.patient))
        else:
            await self.decide(patient=story.patient)
        if story.cancel is Moment.DURING_FULFILMENT:
            await asyncio.sleep(story.pause)
            await self.cancel(patient=story.patient)

    def _order(self) -> dict[str, object]:
        return {"items": [{"item": self.story.item, "variables": {"refuse": self.story.refuse}}]}

    async def order(self, *, patient: bool) -> None:
        reply = await self.client.command(
            self.story.requester,
            "/requests",
            self._order(),
            self.key("order"),
            patient=patient,
            twice=self.story.twice,
        )
        if reply.status not in (201, 202):
            self.odd("order", reply)
            return
        number = str(reply.body["number"])
        if self.answers.number not in (None, number):
            self.answers.odd.append(f"one key ordered {self.answers.number} and {number}")
        self.answers.number, self.answers.accepted = number, True

    async def until_visible(self) -> Reply:
        """Until the record is there: a received order is taken up, whoever was killed meanwhile."""
        deadline = asyncio.get_running_loop().time() + TAKEN_UP_SECONDS
        while not is_opened(reply := await self.read()) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.5)
        return reply

    async def read(self) -> Reply:
        return await self.client.read(self.story.requester, f"/requests/{self.answers.number}")

    async def decide(self, *, patient: bool) -> None:
        """As many votes as the gate needs, and one of them once more under another key."""
        if self.story.item not in APPROVALS:
            return
        for voter in self.story.voters[: APPROVALS[self.story.item]]:
            await self._vote(voter, patient=patient)
        voter = self.story.voters[0]
        again = await self._decision(voter, "again", patient=True)
        self.answers.again[voter] = again.status

    async def _vote(self, voter: str, *, patient: bool) -> None:
        reply = await self._decision(voter, "vote", patient=patient, twice=self.story.twice)
        before = self.answers.votes.get(voter, 202)
        if before != 202 and before != reply.status:
            self.odd(f"{voter}'s vote, before {before}", reply)
        self.answers.votes[voter] = reply.status
        if reply.status not in (200, 202, 409):
            self.odd(f"{voter}'s vote", reply)

    async def _decision(self, voter: str, what: str, *, patient: bool, twice: bool = False) -> Reply:
        yes = {"decision": "approved"}
        body = yes if self.story.approved else {"decision": "rejected", "comment": "not now"}
        path = f"/approvals/{self.answers.number}-G1/decision"
        key = self.key(f"{what}-{voter}")
        return await self.client.command(voter, path, body, key, patient=patient, twice=twice)

    async def cancel(self, *, patient: bool) -> None:
        reply = await self.client.command(
            self.story.requester,
            f"/requests/{self.answers.number}/cancel",
            {"reason": "changed my mind"},
            self.key("cancel"),
            patient=patient,
            twice=self.story.twice,
        )
        before = self.answers.cancelled
        if before not in (None, 202, reply.status):
            self.odd(f"cancellation, before {before}", reply)
        self.answers.cancelled = reply.status
        if reply.status not in (200, 202, 409):
            self.odd("cancellation", reply)

    async def work(self, view: Reply) -> None:
        """Complete every open task of the order."""
        if self.story.item not in MANUAL:
            return
        for task in view.body["tasks"]:
            if task["open"]:
                path = f"/tasks/{task['number']}/complete"
                key = self.key(f"complete-{task['number']}")
                reply = await self.client.command("finn", path, {}, key, twice=self.story.twice)
                if reply.status not in (200, 409):
                    self.odd(f"completion of {task['number']}", reply)

    async def until_closed(self, seconds: float) -> str:
        """Do the manual work until the order has closed; its state, also when the time is up."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            view = await self.until_visible()
            if not is_opened(view):
                return "never opened"
            if not view.body["open"] or asyncio.get_running_loop().time() > deadline:
                return str(view.body["state"])
            await self.work(view)
            await asyncio.sleep(1)

    async def ask_again(self) -> None:
        """Repeat every command under its key: late answers are there, early ones are the same."""
        await self.order(patient=True)
        for voter in list(self.answers.votes):
            await self._vote(voter, patient=True)
        for voter, status in self.answers.again.items():
            # One of the two counts: a vote that was kept may come after the one that says it again.
            if status == 200 and self.answers.votes[voter] == 200:
                self.answers.odd.append(f"{voter}'s second vote was counted")
        if self.answers.cancelled is not None:
            await self.cancel(patient=True)

    def odd(self, what: str, reply: Reply) -> None:
        self.answers.odd.append(f"{what}: {reply.status} {reply.body.get('type')} {reply.body.get('detail')}")
