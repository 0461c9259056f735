import pytest
from factories.certified import choose


@pytest.mark.parametrize(
    ("current", "step", "grid", "expected"),
    [
        (0.5, 0.1, 0.01, (0.6, 0.4, 21)),
        (0.95, 0.1, 0.01, (1.0, 0.85, 16)),
        (0.0, 0.1, 0.01, (0.1, 0.0, 11)),
        (0.57, 0.0, 0.01, (0.57, 0.57, 1)),
        (0.29, 0.29, 0.01, (0.58, 0.0, 59)),
        (0.5, 0.1, 0.05, (0.6, 0.4, 5)),
        (0.5, 0.12, 0.05, (0.6, 0.4, 5)),
        (0.5, 1.0, 0.01, (1.0, 0.0, 101)),
        (0.7000000000000001, 0.1, 0.01, (0.8, 0.6, 21)),
    ],
)
def test_candidates_are_exact_hundredths_inside_the_step(
    current: float, step: float, grid: float, expected: tuple[float, float, int]
) -> None:
    choice = choose([1.0] * 500, [0] * 500, current=current, step=step, grid=grid)
    tested = list(choice.bounds)
    assert (tested[0], tested[-1], len(tested)) == expected
    assert all(threshold == round(threshold, 2) for threshold in tested)
    assert choice.threshold == tested[-1]
