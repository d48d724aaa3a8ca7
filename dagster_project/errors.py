"""What can stop a run, and the exit code each reason gives the command line."""


class BilanError(Exception):
    """A run failed for a reason a person can act on. The message is French, one line a defect."""

    exit_code = 1


class WrongUseError(BilanError):
    """The command was asked for something it cannot do."""

    exit_code = 2


class RefusedDataError(BilanError):
    """Data was refused: at the door, on the tables, or by the reconciliation. Nothing was published."""

    exit_code = 3

    @property
    def defects(self) -> int:
        """How many the message names: one a line, unless it says otherwise."""
        return len(str(self).splitlines())


class UnapprovedChangeError(RefusedDataError):
    """The release would change what is published beyond the thresholds; the message ends with the entry to sign."""

    def __init__(self, message: str, changes: int) -> None:
        super().__init__(message)
        self.changes = changes

    @property
    def defects(self) -> int:
        return self.changes


class LockHeldError(BilanError):
    """Another run is under way; the message says whose."""
