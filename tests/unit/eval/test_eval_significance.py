import numpy as np
import pytest

from colmodern.eval.measures.significance import bootstrap_interval, holm, randomisation_p


def test_the_exact_p_is_a_count_of_sign_patterns():
    # All five differ to one side: of 32 patterns only all plus and all minus are as extreme.
    assert randomisation_p([0.1, 0.2, 0.3, 0.4, 0.5]) == 2 / 32
    # Sums 1+2-3 = 0: every pattern is at least as far from 0.
    assert randomisation_p([1.0, 2.0, -3.0]) == 1.0
    # Eight patterns of 1, 2 and 4 sum to 7, 5, 3, 1 and their negatives.
    assert randomisation_p([1.0, 2.0, 4.0]) == 2 / 8
    assert randomisation_p([-1.0, 2.0, 4.0]) == 4 / 8
    assert randomisation_p([1.0, -2.0, 4.0]) == 6 / 8


def test_level_queries_do_not_change_the_p():
    assert randomisation_p([0.1, 0, 0.2, 0, 0.3, 0.4, 0.5] + [0] * 50) == 2 / 32
    assert randomisation_p([0.0, 0.0]) == 1.0
    assert randomisation_p([0.3]) == 1.0


def test_rounding_does_not_lose_patterns_that_are_just_as_extreme():
    # 0.1 + 0.2 + 0.3 sums to other bits in other orders.
    values = [0.1, 0.2, 0.3, -0.1, -0.2, -0.3, 0.1, 0.2, 0.3]
    assert randomisation_p(values) == randomisation_p([10 * value for value in values])
    assert randomisation_p(values) == randomisation_p(values[::-1])


def test_two_sides_mean_that_the_order_of_the_systems_does_not_matter():
    values = np.random.default_rng(1).normal(0.1, 0.3, 40)
    assert randomisation_p(values) == pytest.approx(randomisation_p(-values), abs=0.02)


def test_the_random_p_is_near_the_exact_one_and_keeps_to_its_seed():
    rng = np.random.default_rng(2)
    values = rng.normal(0.12, 0.3, 16)
    exact = randomisation_p(values)
    # A seventeenth query with hardly any difference makes it random and changes hardly anything.
    near = [randomisation_p([*values, 1e-7], seed=seed) for seed in (0, 0, 1)]
    assert near[0] == near[1] != near[2]
    assert near[0] == pytest.approx(exact, abs=0.02)
    assert 0.01 < exact < 0.9


def test_a_random_p_is_never_zero():
    assert randomisation_p(np.ones(100), permutations=999) == 1 / 1000


def test_p_values_of_alike_systems_are_spread_evenly():
    rng = np.random.default_rng(3)
    p_values = [randomisation_p(rng.normal(size=12)) for _ in range(300)]
    assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=0.05)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


def test_the_interval_holds_the_mean_and_keeps_to_its_seed():
    values = np.random.default_rng(4).normal(0.2, 0.5, 200)
    low, high = bootstrap_interval(values)
    assert low < values.mean() < high
    # The normal approximation is good at 200 queries.
    error = 1.96 * values.std() / np.sqrt(200)
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.01)
    assert bootstrap_interval(values) == (low, high)
    assert bootstrap_interval(values, seed=1) != (low, high)
    narrow = bootstrap_interval(values, confidence=0.5)
    assert low < narrow[0] < narrow[1] < high
    assert bootstrap_interval([0.25] * 7) == (0.25, 0.25)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        low, high = bootstrap_interval(rng.normal(0.3, 1.0, 50), resamples=500, seed=trial)
        covered += low <= 0.3 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_holm_on_a_worked_example():
    # 4 x .005, 3 x .01, 2 x .03; .04 would stay .04 but must not fall below .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@pytest.mark.parametrize("values", [[], [float("nan")], [[1.0]]])
def test_what_is_no_list_of_differences_is_refused(values):
    with pytest.raises(ValueError, match="differences"):
        randomisation_p(values)
    with pytest.raises(ValueError, match="differences"):
        bootstrap_interval(values)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="permutations"):
        randomisation_p([1.0], permutations=0)
    with pytest.raises(ValueError, match="confidence"):
        bootstrap_interval([1.0], confidence=1.0)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        holm([1.5])
