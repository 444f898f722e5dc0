"""What is changed: what it is called, how it is reached, what protects it, and who else is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from udo.change.alarms import Alarms
from udo.change.freeze import Window
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.notify import News


@frozen
class Target:
    """One thing that is changed: a role's group, or anything else that udo.yml describes.

    `lock` is the name that its lock goes by, empty where nothing is locked; `account` the one it must be in, said at
    `where` in udo.yml; programs of the operator's run in `folder`. `protects` says whether a verb has to ask first,
    and `announce` tells others of the change, and gives in one line each whom it could not tell, and why. `alarms`
    guard it, and `windows` freeze it.
    """

    label: str
    lock: str
    aws: Aws
    account: str | None
    where: str
    folder: Path
    protects: Callable[[str], bool]
    announce: Callable[[News], Iterable[str]]
    alarms: Callable[[], Alarms] = Alarms
    windows: Callable[[], Sequence[Window]] = tuple
