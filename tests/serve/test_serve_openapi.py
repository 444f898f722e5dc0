"""The description of the front door is of the paths it has, and its page is all there is to it."""

from __future__ import annotations

import re

import jsonschema
from starlette.routing import Route

from udo.serve import openapi
from udo.serve.door import Door


def _routes() -> set[tuple[str, str]]:
    async def work(child: object) -> dict[str, object]:
        return {}

    door = Door(work, None, lambda: 0.0)  # type: ignore[arg-type]
    found = set()
    for route in door.app().routes:
        assert isinstance(route, Route)
        methods = (route.methods or set()) - {"HEAD"}
        found |= {(method.lower(), route.path) for method in methods}
    return found


def test_every_path_is_described_and_every_described_path_is_there() -> None:
    of_itself = {("get", "/"), ("get", "/openapi.json"), ("get", "/docs"), ("get", "/docs.css")}
    assert set(openapi.paths()) == _routes() - of_itself


def test_what_is_described_is_json_schema_and_names_only_what_is_there() -> None:
    document = openapi.document()
    known = document["components"]["schemas"]
    for schema in known.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    named = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert named == set(known)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            told = [one["name"] for one in operation.get("parameters", ())]
            assert told == re.findall(r"\{(\w+)\}", path)


def test_the_page_needs_nothing_from_outside() -> None:
    page = openapi.page()
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"/docs.css", "/openapi.json"}
    assert "<script" not in page
    assert all(path in page for _, path in openapi.paths())
