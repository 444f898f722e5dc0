"""Finds udo.yml, reads it safely, and answers what each role of each cluster is to be."""

from __future__ import annotations

import os
from pathlib import Path

from udo.config.interpolation import Lookup
from udo.config.loading import load
from udo.config.roles import Cluster, Config, Role
from udo.config.tree import Mark

__all__ = ["Cluster", "Config", "Lookup", "Mark", "Role", "find", "load"]

NAME = "udo.yml"


def find(start: Path) -> Path | None:
    """The nearest udo.yml in `start` or above it, not past the home folder or the border of a file system."""
    folder = start.resolve()
    home = Path(os.environ["HOME"]).resolve() if os.environ.get("HOME") else None
    device = folder.stat().st_dev
    for here in (folder, *folder.parents):
        if here.stat().st_dev != device:
            return None
        if os.path.lexists(here / NAME):
            return here / NAME
        if here == home:
            return None
    return None
