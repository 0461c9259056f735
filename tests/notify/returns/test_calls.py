from tierwatch.notify.returns.calls import Calls


def test_a_call_is_remembered_until_many_came_after_it() -> None:
    calls = Calls()
    calls.add("first")
    assert "first" in calls
    assert "second" not in calls
    for number in range(10_000):
        calls.add(str(number))
    assert "first" not in calls
    assert "0" in calls
    calls.add("0")  # twice is once
    assert "1" in calls
