from dataclasses import replace

import pytest

from colmodern.errors import InputError
from colmodern.eval import compare, compare_with_baseline


def test_a_comparison_counts_wins_and_says_how_far_and_how_sure(make_report):
    a = make_report("A", [0.1, 0.5, 0.5, 0.9, 0.2])
    b = make_report("B", [0.2, 0.5, 0.7, 0.8, 0.6])
    found = compare(a, b)
    assert (found.wins, found.ties, found.losses) == (3, 1, 1)
    assert found.difference == pytest.approx((0.1 + 0.2 - 0.1 + 0.4) / 5)
    # Of 16 patterns of +-.1, .2, .1, .4 the sums .8, .6, .6 and their negatives are as far as .6.
    assert found.p == 6 / 16
    assert found.interval[0] < found.difference < found.interval[1]
    assert (found.mean_a, found.mean_b) == pytest.approx((0.44, 0.56))
    assert repr(found) == "<Comparison B against A on fruit: nDCG@10 +0.1200, p 0.3750>"
    assert "b is better on 3, level on 1, worse on 1" in str(found)


def test_the_other_way_round_is_the_same_with_the_other_sign(make_report):
    a, b = make_report("A", [0.1, 0.5, 0.5, 0.9]), make_report("B", [0.2, 0.5, 0.7, 0.8])
    one, two = compare(a, b), compare(b, a)
    assert one.p == two.p
    assert one.difference == -two.difference
    assert (one.wins, one.losses) == (two.losses, two.wins)


def test_the_queries_that_changed_most_come_with_both_rankings(make_report):
    a = make_report("A", [0.1, 0.5, 0.5], ranking=("d3", "d1"))
    b = make_report("B", [0.2, 0.5, 0.0], ranking=[f"d{i}" for i in range(1, 30)])
    first, second = compare(a, b).changes
    assert (first.query, first.value_a, first.value_b) == ("q2", 0.5, 0.0)
    assert first.ranking_a == ("d3", "d1")
    assert first.ranking_b == tuple(f"d{i}" for i in range(1, 11))
    assert second.query == "q0"
    assert len(compare(a, b, changes=1).changes) == 1
    assert compare(a, a).changes == ()
    assert compare(a, b).differences == pytest.approx({"q0": 0.1, "q1": 0.0, "q2": -0.5})


def test_the_breakdown_puts_queries_into_quarters_by_length(make_report):
    lengths = [10, 20, 30, 40, 50, 60, 70, 80]
    a = make_report("A", [0.0] * 8, relevant_words=lengths, words=[2] * 8)
    b = make_report("B", [i / 10 for i in range(8)], relevant_words=lengths, words=[2] * 8)
    found = compare(a, b)
    assert [(part.low, part.high, part.queries) for part in found.by_document_length] == [
        (10, 20, 2),
        (30, 40, 2),
        (50, 60, 2),
        (70, 80, 2),
    ]
    assert [part.mean_b for part in found.by_document_length] == pytest.approx(
        [0.05, 0.25, 0.45, 0.65]
    )
    (only,) = found.by_query_length
    assert (only.low, only.high, only.queries, only.mean_b) == (2, 2, 8, pytest.approx(0.35))


def test_several_systems_are_corrected_for_their_number(make_report):
    baseline = make_report("base", [0.1] * 6)
    better = make_report("better", [0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    mixed = make_report("mixed", [0.2, 0.0, 0.2, 0.0, 0.2, 0.0])
    first, second = compare_with_baseline(baseline, [better, mixed])
    with pytest.warns(DeprecationWarning, match="reports"):
        assert compare_with_baseline(baseline, others=[better, mixed]) == [first, second]
    assert first.p == 2 / 64
    assert first.p_holm == 4 / 64
    assert second.p == second.p_holm == 1.0
    assert "Holm 0.0625" in str(first)


def test_what_cannot_be_compared_gets_a_sentence(make_report):
    a, b = make_report("A", [0.1, 0.2]), make_report("B", [0.1, 0.3])
    with pytest.raises(InputError, match=r"AP was not measured with A.*there are nDCG@10"):
        compare(a, b, "AP")
    with pytest.raises(InputError, match="not the same documents"):
        compare(a, replace(b, dataset_fingerprint="cd" * 32))
