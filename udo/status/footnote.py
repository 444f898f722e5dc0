"""Makes a footnote of what AWS does not tell or may not be asked."""

from __future__ import annotations

from udo.errors import AwsError, PermissionDenied


class Footnote:
    """Lets the rest continue where a read fails; what it says stands once among the notes.

    `what` says what is unknown then.
    """

    def __init__(self, notes: dict[str, str], what: str = "?") -> None:
        self._notes = notes
        self._what = what
        self.failed = False

    def __enter__(self) -> Footnote:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, AwsError | PermissionDenied):
            says = f"{self._what}: {error.message}"
            self._notes[says] = says
            self.failed = True
        return self.failed
