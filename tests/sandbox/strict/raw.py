"""Runs every case on moto as it comes and prints how each ended, as one JSON object; run as a program.

A case that ends in `Broken`, or meets an operation moto does not have, shows that raw moto lacks the rule.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from contextlib import redirect_stdout
from typing import Any

os.environ |= {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_DEFAULT_REGION": "us-west-2"}

import botocore.session
from account import Account, Broken
from botocore.config import Config
from cases import CASES
from moto import mock_aws
from moto.core.base_backend import BackendDict


def outcome(case: Any, account: Account) -> str:
    """How a case ends: holds, lacking, or what went wrong before the rule was reached."""
    try:
        case(account)
    except (Broken, NotImplementedError):
        return "lacking"
    except Exception as error:
        return f"broke: {error!r}"
    return "holds"


def main() -> None:
    """Prints the outcome of each case by its name."""
    session = botocore.session.Session()
    # moto says on standard output that it has no Docker.
    with redirect_stdout(sys.stderr), mock_aws():

        @functools.cache
        def client(service: str, region: str = "us-west-2") -> Any:
            return session.create_client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))

        found = {}
        for name, case in CASES.items():
            BackendDict.reset()
            found[name] = outcome(case, Account(client))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
