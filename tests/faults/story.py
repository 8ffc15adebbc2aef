"""What each client does with one order, drawn from the seed, and how the order must end for it."""

import random
from dataclasses import dataclass, field
from enum import StrEnum


class Moment(StrEnum):
    """When a client cancels."""

    NEVER = "never"
    AT_ONCE = "at_once"
    WITH_THE_DECISION = "with_the_decision"
    DURING_FULFILMENT = "during_fulfilment"


APPROVALS = {"badge": 1, "safe": 2}
"""How many of the council must say yes."""
STEPS = {"badge": ["make"], "key": ["make"], "lock": ["case", "bolt"], "safe": ["make"], "table": []}
REFUSABLE = {"badge": "make", "key": "make", "lock": "bolt", "safe": "make"}
"""The step that the server outside refuses where the order says so."""
MANUAL = frozenset({"safe", "table"})


@dataclass(frozen=True)
class Story:
    """One order and what is done with it; the same for the same seed and index."""

    index: int
    item: str
    requester: str
    refuse: bool
    approved: bool
    voters: list[str]
    cancel: Moment
    pause: float
    twice: bool
    """Every command is sent twice at the same time, as by a double click."""
    patient: bool
    """Repeats what got a late answer; others walk away with the 202 and look again at the end."""
    ghost: bool
    """Orders once, hangs up before the answer and never comes back."""

    @classmethod
    def drawn(cls, seed: int, index: int, *, ghosts: bool = True) -> "Story":
        """The story of order `index`; with `ghosts`, some clients hang up for good."""
        draw = random.Random(f"{seed} story {index}")
        council = ["cleo", "carl", "cora"]
        ghost = draw.random() < 0.05 and ghosts
        return cls(
            index=index,
            item="key" if ghost else draw.choice(sorted(STEPS)),
            requester=draw.choice(["rosa", "rolf"]),
            refuse=draw.random() < 0.25,
            approved=draw.random() < 0.75,
            voters=draw.sample(council, len(council)),
            cancel=draw.choice([*Moment, Moment.NEVER, Moment.NEVER]),
            pause=draw.uniform(0, 3),
            twice=draw.random() < 0.3,
            patient=draw.random() < 0.6,
            ghost=ghost,
        )


@dataclass
class Answers:
    """What the API said to the client, for good: statuses of the last answers under each key."""

    number: str | None = None
    accepted: bool = False
    votes: dict[str, int] = field(default_factory=dict)
    again: dict[str, int] = field(default_factory=dict)
    """The same vote once more, under another key."""
    cancelled: int | None = None
    completed: dict[str, int] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    """Answers that nobody should get, whatever was killed."""


def right_ends(story: Story, answers: Answers) -> set[str]:
    """States in which the order may end, by what was answered to its client.

    Two where a cancellation met a failed step: whichever came first names the end.
    """
    ends: set[str] = set()
    if answers.cancelled == 200:
        ends.add("cancelled")
    if answers.cancelled != 200 or _may_fail(story, answers):
        ends.add(_without_cancelling(story, answers))
    return ends


def _without_cancelling(story: Story, answers: Answers) -> str:
    if story.item in APPROVALS and not _granted(story, answers):
        return "closed_incomplete"
    return "closed_incomplete" if story.refuse and story.item in REFUSABLE else "closed_complete"


def _may_fail(story: Story, answers: Answers) -> bool:
    granted = story.item not in APPROVALS or _granted(story, answers)
    return granted and story.refuse and story.item in REFUSABLE


def _granted(story: Story, answers: Answers) -> bool:
    yes = sum(200 in (status, answers.again.get(voter)) for voter, status in answers.votes.items())
    return story.approved and yes >= APPROVALS[story.item]
