"""Windows of time: by days of the week, times of the day and dates, across midnight and where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from udo.window import end, wrong

DUBLIN = "Europe/Dublin"


def ends(when: str, utc: str, zone: str = DUBLIN) -> str | None:
    found = end(when, zone, datetime.fromisoformat(f"{utc}Z").timestamp())
    return found and f"{found:%a %Y-%m-%d %H:%M %Z}"


@pytest.mark.parametrize(
    ("when", "utc", "wanted"),
    [
        ("Fri 16:00 - Mon 07:00", "2026-12-04T15:59:59", None),
        ("Fri 16:00 - Mon 07:00", "2026-12-04T16:00:00", "Mon 2026-12-07 07:00 GMT"),
        ("Fri 16:00 - Mon 07:00", "2026-12-07T06:59:59", "Mon 2026-12-07 07:00 GMT"),
        ("Fri 16:00 - Mon 07:00", "2026-12-07T07:00:00", None),
        # In summer the zone is an hour ahead.
        ("Fri 16:00 - Mon 07:00", "2026-07-03T15:00:00", "Mon 2026-07-06 07:00 IST"),
        ("Fri 16:00 - Mon 07:00", "2026-07-03T14:59:59", None),
        ("Mon 09:00 - Mon 17:00", "2026-12-07T12:00:00", "Mon 2026-12-07 17:00 GMT"),
        # All of the week but an hour.
        ("Mon 10:00 - Mon 09:00", "2026-12-07T08:59:00", "Mon 2026-12-07 09:00 GMT"),
        ("Mon 10:00 - Mon 09:00", "2026-12-07T09:30:00", None),
        ("Mon 10:00 - Mon 09:00", "2026-12-07T10:00:00", "Mon 2026-12-14 09:00 GMT"),
        # A day without a time is whole.
        ("Sat - Sun", "2026-12-05T00:00:00", "Mon 2026-12-07 00:00 GMT"),
        ("Sat - Sun", "2026-12-06T23:59:59", "Mon 2026-12-07 00:00 GMT"),
        ("Sat - Sat", "2026-12-06T00:00:00", None),
        ("Fri 16:00 - Sun", "2026-12-06T23:00:00", "Mon 2026-12-07 00:00 GMT"),
        ("22:00 - 06:00", "2026-12-04T21:59:59", None),
        ("22:00 - 06:00", "2026-12-04T23:30:00", "Sat 2026-12-05 06:00 GMT"),
        ("22:00 - 06:00", "2026-12-05T05:59:59", "Sat 2026-12-05 06:00 GMT"),
        ("09:00 - 17:00", "2026-12-05T16:59:59", "Sat 2026-12-05 17:00 GMT"),
        ("09:00 - 17:00", "2026-12-05T17:00:00", None),
        ("2026-12-24 - 2027-01-01", "2026-12-23T23:59:59", None),
        ("2026-12-24 - 2027-01-01", "2026-12-24T00:00:00", "Sat 2027-01-02 00:00 GMT"),
        ("2026-12-24 12:00 - 2027-01-01 06:00", "2026-12-24T11:59:59", None),
        ("2026-12-24 12:00 - 2027-01-01 06:00", "2027-01-01T05:59:59", "Fri 2027-01-01 06:00 GMT"),
        ("2026-12-24 12:00 - 2027-01-01 06:00", "2027-12-25T00:00:00", None),
        # The end of a day is the beginning of the next.
        ("00:00 - 24:00", "2026-12-04T00:00:00", "Sat 2026-12-05 00:00 GMT"),
        ("00:00 - 24:00", "2026-12-04T23:59:59", "Sat 2026-12-05 00:00 GMT"),
        ("22:00 - 24:00", "2026-12-04T23:59:59", "Sat 2026-12-05 00:00 GMT"),
        ("22:00 - 24:00", "2026-12-05T00:00:00", None),
        ("Fri 16:00 - Sun 24:00", "2026-12-06T23:00:00", "Mon 2026-12-07 00:00 GMT"),
        ("Sat 00:00 - Sat 24:00", "2026-12-05T23:59:59", "Sun 2026-12-06 00:00 GMT"),
        ("Sat 00:00 - Sat 24:00", "2026-12-06T00:00:00", None),
        ("2026-12-31 12:00 - 2026-12-31 24:00", "2026-12-31T23:59:59", "Fri 2027-01-01 00:00 GMT"),
        ("2026-12-31 12:00 - 2026-12-31 24:00", "2027-01-01T00:00:00", None),
        ("Mon - Sun", "2026-12-04T12:00:00", "Mon 2026-12-07 00:00 GMT"),
        # The day on which the clocks are put back has 25 hours.
        ("00:00 - 24:00", "2026-10-25T23:59:59", "Mon 2026-10-26 00:00 GMT"),
    ],
)
def test_a_window_ends_when_its_zone_says(when: str, utc: str, wanted: str | None) -> None:
    assert ends(when, utc) == wanted


@pytest.mark.parametrize(
    ("when", "utc", "wanted"),
    [
        # On 29 March at 01:00 GMT the clocks go to 02:00: 01:30 is never shown.
        ("Sun 01:30 - Sun 03:00", "2026-03-29T00:59:59", None),
        ("Sun 01:30 - Sun 03:00", "2026-03-29T01:00:00", "Sun 2026-03-29 03:00 IST"),
        ("Sun 01:30 - Sun 03:00", "2026-03-29T02:00:00", None),
        ("Sat 22:00 - Sun 01:30", "2026-03-29T00:59:59", "Sun 2026-03-29 02:00 IST"),
        ("Sat 22:00 - Sun 01:30", "2026-03-29T01:00:00", None),
        ("Fri 16:00 - Mon 07:00", "2026-03-29T12:00:00", "Mon 2026-03-30 07:00 IST"),
        # On 25 October at 02:00 IST they go back to 01:00: from 01:00 to 02:00 all is shown twice.
        ("Sun 01:30 - Sun 03:00", "2026-10-25T00:29:59", None),
        ("Sun 01:30 - Sun 03:00", "2026-10-25T00:30:00", "Sun 2026-10-25 03:00 GMT"),
        ("Sun 01:30 - Sun 03:00", "2026-10-25T01:10:00", "Sun 2026-10-25 03:00 GMT"),
        ("Sat 22:00 - Sun 01:30", "2026-10-25T00:45:00", "Sun 2026-10-25 01:30 GMT"),
        ("Sat 22:00 - Sun 01:30", "2026-10-25T01:29:59", "Sun 2026-10-25 01:30 GMT"),
        ("Sat 22:00 - Sun 01:30", "2026-10-25T01:30:00", None),
        ("22:00 - 06:00", "2026-10-25T05:59:59", "Sun 2026-10-25 06:00 GMT"),
    ],
)
def test_a_window_holds_where_the_clocks_change(when: str, utc: str, wanted: str | None) -> None:
    assert ends(when, utc) == wanted


@pytest.mark.parametrize("when", ["Fri 16:00 - Mon 07:00", "22:00 - 06:00", "Sun 01:30 - Sun 03:00", "Sat - Sun"])
@pytest.mark.parametrize("zone", [DUBLIN, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("month", [3, 10])
def test_a_window_once_begun_holds_to_the_end_that_it_tells(when: str, zone: str, month: int) -> None:
    moment = datetime(2026, month, 1, tzinfo=UTC)
    for _ in range(37 * 12):
        if found := end(when, zone, moment.timestamp()):
            last = found - timedelta(seconds=1)
            assert end(when, zone, last.timestamp()) == found
            assert end(when, zone, found.timestamp()) != found
        moment += timedelta(minutes=125)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("Fri 16:00 - Fri 16:00", "is empty"),
        ("08:00 - 08:00", "is empty"),
        ("2026-12-24 - 2026-12-23", "ends before it begins"),
        ("2026-12-24 10:00 - 2026-12-24 10:00", "ends before it begins"),
        ("00:00 - 00:00", "is empty"),
        ("2026-02-30 - 2026-03-01", "holds a day that no month has"),
    ],
)
def test_what_is_no_window_is_told(when: str, told: str) -> None:
    assert wrong(when) == f"'{when}' {told}"


@pytest.mark.parametrize(
    "when",
    [
        *("Sat - Sat", "Mon 10:00 - Mon 09:00", "2026-12-24 - 2026-12-24", "22:00 - 06:00"),
        *("00:00 - 24:00", "22:00 - 24:00", "Mon - Sun", "2026-12-24 - 2026-12-24 24:00"),
    ],
)
def test_what_is_a_window_is_not_complained_of(when: str) -> None:
    assert wrong(when) == ""
