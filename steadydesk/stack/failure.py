"""Why a part of the stack cannot start or go on, in words for the person at the terminal."""


class StackError(Exception):
    """A refusal or failure whose text says what is wrong, where, and what to do; no traceback needed."""
