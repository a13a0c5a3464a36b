"""What a page may refuse, as exceptions; `portal.problems` answers them with a page in plain words."""

from typing import ClassVar


class Refusal(Exception):
    """`public` is shown to the person and says what to do; an empty one leaves the general sentence."""

    status: ClassVar[int]

    def __init__(self, public: str = "") -> None:
        super().__init__(public)
        self.public = public


class NotAllowed(Refusal):
    """The policy says no."""

    status = 403


class NotHere(Refusal):
    """There is no such thing, or it is none of this person's business: both look the same."""

    status = 404


class Conflicting(Refusal):
    """It cannot be done as things stand now."""

    status = 409


class Gone(Refusal):
    """It was here and is no longer."""

    status = 410


class TooLarge(Refusal):
    """More was sent than is taken."""

    status = 413


class NotUnderstood(Refusal):
    """What was sent cannot be read."""

    status = 422


class SignInFailed(Refusal):
    """The way back from the identity provider does not hold."""

    status = 400
