"""What the work reports while it runs. The command line implements it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Eta:
    """What a person who waits wants to know.

    Attributes:
        calls_left: calls left in the window by the last answer, None where none has told.
        seconds: until all due fixtures are asked for, waits for quota included.
    """

    calls_left: int | None
    seconds: float
