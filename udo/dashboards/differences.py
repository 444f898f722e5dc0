"""What differs between a dashboard as it is and as it is to be, widget by widget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from udo.change.plan import NONE, Difference
from udo.dashboards.body import is_of, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.dashboards.body import Body
    from udo.dashboards.widgets import Widget

_MARKERS = "markers"
_PLACE = ("x", "y", "width", "height")
_KINDS = {"metric": "graph", "text": "text", "alarm": "states of alarms"}


def differences(live: Body, wanted: Body) -> Iterator[Difference]:
    """A row for each widget that comes or goes, and for each part of one that changes."""
    there, named = _by_title(live.get("widgets") or ()), _by_title(wanted["widgets"])
    found: list[Difference] = []
    for name, widget in named.items():
        found += _changed(name, there[name], widget) if name in there else [Difference(name, NONE, _kind(widget))]
    # All graphs of a role have the same markers.
    yield from dict.fromkeys(found)
    for name, widget in there.items():
        if name not in named:
            yield Difference(name, _kind(widget), NONE)
    if moved := sum(_place(there[name]) != _place(widget) for name, widget in named.items() if name in there):
        yield Difference("layout", f"{moved} {'widget' if moved == 1 else 'widgets'}", "elsewhere")
    rest = {key for key in (*live, *wanted) if key != "widgets"} if live else set()
    for key in sorted(key for key in rest if live.get(key) != wanted.get(key)):
        yield Difference(key, _value(live.get(key)), _value(wanted.get(key)))


def removed(live: Body, wanted: Body) -> list[str]:
    """The widgets that go, by what they are called."""
    kept = _by_title(wanted["widgets"])
    return [name for name in _by_title(live.get("widgets") or ()) if name not in kept]


def with_markers_of(live: Body, wanted: Body, role: str) -> Body:
    """The dashboard that is wanted, with the markers that widgets of a role have as it is."""
    there = _by_title(live.get("widgets") or ())
    widgets = [_remarked(one, there.get(title(one)) or {}) if is_of(one, role) else one for one in wanted["widgets"]]
    return {**wanted, "widgets": widgets}


def _remarked(widget: Widget, live: Widget) -> Widget:
    notes = (live.get("properties") or {}).get("annotations") or {}
    kept = notes.get("vertical") if isinstance(notes, Mapping) else None
    if not kept or widget["type"] != "metric":
        return widget
    properties = widget["properties"]
    return {
        **widget,
        "properties": {**properties, "annotations": {**properties.get("annotations", {}), "vertical": kept}},
    }


def _kind(widget: Widget) -> str:
    return _KINDS.get(str(widget.get("type")), f"{widget.get('type')} widget")


def _by_title(widgets: Sequence[Widget]) -> dict[str, Widget]:
    found: dict[str, Widget] = {}
    for widget in widgets:
        name, number = title(widget), 2
        while name in found:
            name, number = f"{title(widget)} ({number})", number + 1
        found[name] = widget
    return found


def _place(widget: Widget) -> list[Any]:
    return [widget.get(key) for key in _PLACE]


def _changed(name: str, live: Widget, wanted: Widget) -> Iterator[Difference]:
    before, now = _parts(live), _parts(wanted)
    for part in dict.fromkeys((*now, *before)):
        old, new = before.get(part), now.get(part)
        if old != new:
            what = f"{name.partition(': ')[0]}: markers" if part == _MARKERS else f"{name}, {part}"
            yield Difference(what, *_told(part, old, new))


def _parts(widget: Widget) -> dict[str, Any]:
    """What a widget says, by what people call it."""
    properties = dict(widget.get("properties") or {})
    notes = properties.pop("annotations", None) or {}
    notes = notes if isinstance(notes, Mapping) else {}
    found = {"kind": _kind(widget), "thresholds": notes.get("horizontal"), _MARKERS: notes.get("vertical")}
    more = {key: value for key, value in notes.items() if key not in ("horizontal", "vertical")}
    found |= {"annotations": more or None, **properties}
    return {key: value for key, value in found.items() if value not in (None, [])}


def _told(part: str, old: Any, new: Any) -> tuple[str, str]:
    if part == _MARKERS:
        return _markers(old), _markers(new)
    if part == "thresholds":
        return _labels(old), _labels(new)
    if part == "metrics":
        gone, come = (
            [one for one in rows or () if one not in (others or ())] for rows, others in ((old, new), (new, old))
        )
        return _metrics(gone or old), _metrics(come or new)
    return _value(old), _value(new)


def _markers(found: Any) -> str:
    rows = found or []
    last = rows[-1] if rows else None
    told = f", the last {last.get('label')} {last.get('value')}" if isinstance(last, Mapping) else ""
    return f"{len(rows)}{told}" if rows else NONE


def _labels(found: Any) -> str:
    rows = [one for one in found or () if isinstance(one, Mapping)]
    return ", ".join(str(one.get("label") or one.get("value")) for one in rows) or NONE


def _metrics(rows: Any) -> str:
    return ", ".join(_metric(one) for one in rows or ()) or NONE


def _metric(row: Any) -> str:
    words = [word for word in row if isinstance(word, str)] if isinstance(row, list) else []
    how = row[-1] if isinstance(row, list) and row and isinstance(row[-1], Mapping) else {}
    return " ".join([*words[1:2], str(how.get("expression") or how.get("stat") or "")]).strip() or _value(row)


def _value(value: Any) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
