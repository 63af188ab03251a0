"""The package's errors; each message says what came, what was wanted and what to do."""


class OneshotError(Exception):
    """A mistake that the caller can mend; `exit_code` is the command line's status for it."""

    exit_code = 2


class BadInputError(OneshotError):
    """A prompt, answer, file or option that cannot be used."""


class Stopped(OneshotError):  # noqa: N818  no error but a wish
    """Work was asked to stop; its message says what is saved."""

    exit_code = 130


class BrainError(OneshotError):
    """A brain folder that is locked, damaged, of another host or of a newer format."""

    exit_code = 3


class HostError(OneshotError):
    """A model that cannot be loaded or whose parts cannot be found."""

    exit_code = 4
