"""Which old versions go, and in how many requests."""

from __future__ import annotations

from udo.launch.keeping import delete_versions


def test_all_old_versions_are_deleted_at_most_200_in_a_request() -> None:
    calls = delete_versions("lt-1", "prod-webapp", range(1, 402))
    sent = [call.params["Versions"] for call in calls]
    assert [len(numbers) for numbers in sent] == [200, 200, 1]
    assert [number for numbers in sent for number in numbers] == [str(number) for number in range(1, 402)]
