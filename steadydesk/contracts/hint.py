"""What an open page may be told without being told anything: of which kind the change was that concerns its reader."""

from enum import StrEnum


class HintKind(StrEnum):
    """How the reader is concerned; neither what has changed nor where."""

    APPROVAL = "approval"
    """They are asked at a gate of it, themselves or as a delegate."""
    WORK = "work"
    """A group of theirs fulfils it."""
    REQUEST = "request"
    """They asked for it, it is for them, or they watch it."""
    OVERSIGHT = "oversight"
    """They own its process, or opened it in an emergency."""
    ACCOUNT = "account"
    """Whom they stand for, or who stands for them."""
    MESSAGES = "messages"
    """Their list of notifications has grown, or was read."""
