import pytest

from colmodern.errors import ConfigError
from colmodern.request import Effort, Mode, Scoring, SearchRequest
from colmodern.searcher.plan import plan


def planned(n_tokens=3_000_000, n_documents=300, **options):
    return plan(
        SearchRequest(**options),
        n_documents=n_documents,
        n_tokens=n_tokens,
        scoring=Scoring.MAXSIM,
        threads=3,
    )


def of_length(length, **options):
    return planned(length * 100, 100, **options)


def test_more_effort_never_does_less():
    plans = [planned(effort=effort) for effort in ("low", "medium", "high")]
    assert [p.probes for p in plans] == sorted(p.probes for p in plans)
    assert [p.candidates for p in plans] == sorted(p.candidates for p in plans)
    assert planned(effort="exact").probes is None
    assert planned(exact=True) == planned(effort="exact")


def test_short_documents_make_more_candidates():
    short, long = of_length(100), of_length(10_000)
    assert (short.gathered, short.candidates) == (640, 100)
    assert (long.gathered, long.candidates) == (96, 20)
    assert of_length(0).candidates == 10_000
    assert planned(0, 0).candidates == 10_000


def test_how_much_words_count_is_left_to_the_query_but_of_ranks_or_if_someone_says_so():
    assert {of_length(n, mode="hybrid").word_weight for n in (300, 2_000)} == {None}
    assert {of_length(n, mode="hybrid", fusion="rrf").word_weight for n in (300, 2_000)} == {0.05}
    assert of_length(2_000, mode="hybrid", word_weight=0.0).word_weight == 0
    assert [of_length(n, mode="hybrid").are_long for n in (300, 999, 1_000)] == [False, False, True]


def test_few_tokens_are_all_scored_unless_a_stage_is_asked_for_by_numbers():
    whole = {effort: planned(effort=effort).whole_tokens for effort in Effort}
    assert 0 < whole[Effort.LOW] < whole[Effort.MEDIUM] < whole[Effort.HIGH]
    assert whole[Effort.EXACT] == 0  # it has no stages
    assert planned(probes=4).whole_tokens == planned(candidates=40).whole_tokens == 0


def test_need_decides_unless_a_stage_is_asked_for_by_numbers():
    low, medium, high = (planned(effort=effort).room for effort in ("low", "medium", "high"))
    assert low.missed > medium.missed > high.missed > 0
    assert planned(effort="exact").room is None
    assert planned(gathered=90).room is planned(probes=4).room is None


def test_long_documents_are_looked_at_first_and_short_ones_taken_by_their_centroids():
    assert (of_length(999).room.first_depth, of_length(999).room.depth) == (0, 0)
    room = of_length(1_000).room
    assert 0 < room.first_depth < room.depth
    room = of_length(1_000, k=100).room  # of which many will be hits
    assert room.first_depth == room.depth


def test_documents_are_all_scored_up_to_a_number_that_does_not_grow_with_k():
    assert of_length(300).whole_documents == of_length(300, k=100).whole_documents == 213
    assert of_length(20_000, k=100).whole_documents == 50  # of a million tokens
    assert of_length(3_000, effort="low").whole_documents == 10  # its stages cost no more
    assert of_length(20_000, gathered=70).whole_documents == 70


def test_there_are_always_enough_candidates_for_k():
    for effort in Effort:
        found = planned(k=5000, effort=effort)
        assert found.candidates >= 5000
        assert found.gathered >= 5000


def test_what_is_asked_for_is_done_whatever_the_effort():
    found = of_length(100, probes=7, gathered=50, candidates=20)
    assert (found.probes, found.gathered, found.candidates) == (7, 50, 20)
    found = of_length(100, gathered=50, gathered_tokens=9_000, candidate_tokens=0)
    assert (found.probes, found.gathered, found.candidates) == (32, 90, 20)
    assert planned().threads == 3
    assert planned(threads=1).threads == 1


def test_auto_is_the_scoring_of_the_encoder_and_what_is_said_is_kept():
    request = SearchRequest(mode=Mode.HYBRID)
    for scoring in (Scoring.MAXSIM, Scoring.CORRECTED):
        found = plan(request, n_documents=1, n_tokens=1, scoring=scoring, threads=1)
        assert found.scoring is scoring
    assert planned(scoring="corrected").scoring is Scoring.CORRECTED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gathered": 9}, "gathered must be at least k, 10, not 9"),
        ({"k": 20, "candidates": 10}, "candidates must be at least k, 20, not 10"),
        ({"probes": 4, "exact": True}, "probes does not go together with effort exact"),
    ],
)
def test_numbers_that_cannot_be_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        planned(**options)
