"""Writes numbers of bytes for people."""

from __future__ import annotations


def bytes_text(size: float) -> str:
    """So many bytes in a few letters."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
