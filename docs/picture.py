"""Records commands of the tour in a terminal of their own and draws docs/tour.svg of them; run by `make picture`."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
# Each stands in docs/demo.sh as it does here (a test).
COMMANDS = (
    "udo sandbox start --speed $speed",
    'eval "$(udo sandbox env)"',
    "udo updatelc prod webapp --dry-run",
    "udo updatelc prod webapp",
    "udo deploy stage worker 740800d7e4cc3e6e5a3b2c1d0f9e8d7c6b5a4938",
    'udo ssh stage webapp "uptime"',
    "udo status",
)
SPEED = "5"
WIDTH, HEIGHT = 100, 400
_ASKS = r"""
run() { printf '\e[1m$ %s\e[0m\n' "$1"; eval "$1"; printf '\n'; }
"""
_STAYS_BEHIND = ("UDO_", "AWS_", "XDG_", "COLUMNS", "LINES", "NO_COLOR")
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# Rich's own form names a font by an address, which a code host does not load.
_FORM = f"""\
<svg viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg" xml:space="preserve" \
role="img" aria-label="A recording of Udo">
<style>
.{{unique_id}}-matrix {{{{ font-family: {_FONTS}; font-size: {{char_height}}px; line-height: {{line_height}}px }}}}
.{{unique_id}}-title {{{{ font-family: {_FONTS}; font-size: 18px; font-weight: bold }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal"><rect width="{{terminal_width}}" height="{{terminal_height}}"/></clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


def recording(commands: Sequence[str], home: Path, folder: Path) -> bytes:
    """All that the commands write, run in one shell on a terminal with this home, whose path stands there as `~`.

    Raises CalledProcessError where one of them fails.
    """
    script = "set -e\n" + _ASKS + "\n".join(f"run {shlex.quote(command)}" for command in commands)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_STAYS_BEHIND)}
    environment |= {"HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "speed": SPEED}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    argv = ["bash", "-c", script]
    shell = subprocess.Popen(argv, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b"".join(_read(ours))
    os.close(ours)
    if code := shell.wait():
        sys.stderr.buffer.write(written)
        raise subprocess.CalledProcessError(code, argv[:1])
    return written.replace(str(home).encode(), b"~")


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            read = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so when the last program has closed the other end
            return
        if not read:
            return
        yield read


def screen(written: bytes) -> list[Text]:
    """The lines of a terminal that was sent this, with their colours, without the empty ones at the end."""
    shown = pyte.Screen(WIDTH, HEIGHT)
    pyte.ByteStream(shown).feed(written)
    lines = [_line(shown.buffer[row]) for row in range(HEIGHT)]
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _line(cells: dict[int, pyte.screens.Char]) -> Text:
    row = [cells[column] for column in range(WIDTH)]
    # Rich draws each piece by itself: one a style, not one a cell.
    line = Text.assemble(*(("".join(cell.data for cell in same), style) for style, same in groupby(row, key=_style)))
    line.rstrip()
    return line


def _style(cell: pyte.screens.Char) -> str:
    colour = "" if cell.fg == "default" else cell.fg.replace("brown", "yellow").replace("bright", "bright_")
    return f"{'bold ' * cell.bold}{colour}".strip()


def drawing(lines: Sequence[Text]) -> str:
    """An SVG of the lines: no script, and nothing that is loaded from elsewhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        for line in lines:
            console.print(line, soft_wrap=True)
    return console.export_svg(title="udo", code_format=_FORM, unique_id="tour")


def main() -> None:
    """Makes the picture anew, in a home and with a sandbox of its own."""
    with tempfile.TemporaryDirectory(prefix="udo-picture.") as name:
        home = Path(name)
        folder = home / "shop"
        folder.mkdir()
        shutil.copy(DOCS.parent / "udo.example.yml", folder / "udo.yml")
        shutil.copy(DOCS.parent / "udo.example.template.yml", folder)
        try:
            written = recording(COMMANDS, home, folder)
        finally:
            environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
            subprocess.run(["udo", "sandbox", "stop"], env=environment, capture_output=True, check=False)
    written = written.replace(b"--speed $speed", b"--speed " + SPEED.encode())
    (DOCS / "tour.svg").write_text(drawing(screen(written)), encoding="utf-8")


if __name__ == "__main__":
    main()
