"""`make foreign`: the sandbox as clients see it that others wrote and published, each at work on one of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from assertion import Assertion, made_by
from clients import CLIENTS, Client
from installing import Missing
from sandboxes import started

# So many there are at least where every client could be had: what is not asserted has not passed.
LEAST = 150


def main(
    words: Sequence[str],
    clients: Sequence[Client] = CLIENTS,
    sandbox: Callable[[Path, float], AbstractContextManager[Mapping[str, str]]] = started,
    least: int = LEAST,
) -> int:
    """Prints every assertion of every client, and how many there were; 1 if one of them failed.

    A client that cannot be had on this machine is left out, by name.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    names = [one.name for one in clients]
    parser.add_argument("only", nargs="*", choices=[[], *names], help="which of the clients (default: all)")
    only = parser.parse_args(words).only
    chosen = [one for one in clients if not only or one.name in only]
    with ThreadPoolExecutor(len(chosen)) as pool:
        results = dict(zip(chosen, pool.map(lambda one: _assertions(one, sandbox), chosen), strict=True))
    return _summed_up(results, 0 if only else least)


def _assertions(
    client: Client, sandbox: Callable[[Path, float], AbstractContextManager[Mapping[str, str]]]
) -> list[Assertion] | Missing:
    try:
        program = client.install()
    except Missing as missing:
        return missing
    with tempfile.TemporaryDirectory(prefix="udo-foreign-") as folder, sandbox(Path(folder), client.speed) as env:
        made = []
        for one in made_by(program.words, Path(folder), {**env, **program.env}):
            print(f"{client.name:<10}  {'ok    ' if one.held else 'FAILED'}  {one.says}\n", end="", flush=True)
            made.append(one)
        return made


def _summed_up(results: Mapping[Client, list[Assertion] | Missing], least: int) -> int:
    count = failed = missing = 0
    for client, result in results.items():
        if isinstance(result, Missing):
            missing += 1
            print(f"{client.name}: LEFT OUT: it cannot be had here: {result}")
            continue
        bad = sum(not one.held for one in result)
        print(f"{client.name}: {len(result)} assertions, {bad} failed")
        count, failed = count + len(result), failed + bad
    print(f"{count} assertions, {failed} failed, {missing} of {len(results)} clients left out")
    if not missing and count < least:
        print(f"there have to be {least} at least")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
