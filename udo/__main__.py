"""`python -m udo` is `udo`."""

from udo.cli import main

main()
