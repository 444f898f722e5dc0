"""Where the program begins: signals are caught before anything is loaded that takes time."""

from __future__ import annotations

from udo import signals


def main() -> None:
    """Runs the command line of this process and leaves with its exit code."""
    signals.catch()
    from udo.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
