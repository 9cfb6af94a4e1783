"""The parts of ``colmodern adapt``: sample, queries, weights, judging, files of queries."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from colmodern import Document
from colmodern.distill.adapt import fitting, general, sample, training
from colmodern.distill.adapt.judge import Outcome, Pool, Trial
from colmodern.distill.adapt.judged import read_judged
from colmodern.distill.adapt.queries import learned_from, requests
from colmodern.distill.adapt.sample import SAMPLED_DOCUMENTS, sample_of
from colmodern.distill.adapt.weights import expected_matches, fit_weights
from colmodern.errors import ConfigError, InputError
from colmodern.request import Scoring

ROOT = Path(__file__).parents[3]
TEXT = (
    "The old lighthouse keeper walks to the harbour each morning. "
    "Signal lamps are filled with whale oil before dusk falls. "
    "Nobody has repaired the fog horn since the storm of March."
)


def units(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_sample_is_bounded_and_has_what_was_asked_for():
    documents = [Document(str(i), f"word {i} " * 900) for i in range(SAMPLED_DOCUMENTS + 50)]
    documents.append(Document("empty", "  "))
    found = sample_of(documents, frozenset({"7", "none"}), seed=1)
    assert len(found.documents) == SAMPLED_DOCUMENTS
    assert len({one.id for one in found.documents}) == SAMPLED_DOCUMENTS
    assert max(len(one.text) for one in found.documents) <= 2_000
    assert found.answers.keys() == {"7"}
    assert found.answers["7"].text == documents[7].text[:20_000]
    assert found == sample_of(documents, frozenset({"7", "none"}), seed=1)
    assert found != sample_of(documents, frozenset({"7", "none"}), seed=2)


@pytest.mark.parametrize("make", [learned_from, requests])
def test_the_passage_that_a_query_was_made_from_is_left_out(make):
    documents = [Document("a", TEXT), Document("b", "Too short."), Document("c", "")]
    made = make(documents, seed=0)
    assert made == make(documents, seed=0)
    assert {one.document for one in made} == {0}
    sentences = TEXT.split(". ")
    for one in made:
        gone = [s for s in sentences if s.rstrip(".") not in one.masked]
        assert len(gone) == 1
        words = {word.strip(".?") for word in one.text.split()}
        assert words & {word.strip(".") for word in gone[0].split()}


def test_a_title_and_a_heading_are_asked_for():
    titled = Document("a", TEXT, "The keeper of lamps")
    headed = Document("b", f"# How lamps are filled\n\n{TEXT}")
    texts = {one.text: one for one in learned_from([titled, headed], seed=0)}
    assert texts["The keeper of lamps"].masked == TEXT
    assert "How lamps" not in texts["How lamps are filled"].masked


def test_the_expected_match_is_the_mean_over_other_documents():
    documents = [units([[1, 0], [0, 1]]), units([[1, 0]]), np.zeros((0, 2), np.float32)]
    queries = units([[1, 0], [0, 1]])
    found = expected_matches(queries, [1, 0], documents)
    np.testing.assert_allclose(found, [1.0, 0.0], atol=1e-6)


def test_what_everything_matches_counts_least():
    rng = np.random.default_rng(0)
    queries = units(rng.normal(size=(400, 8)))
    expected = (0.4 + 0.3 * queries[:, 0]).astype(np.float32)
    common, rare = units([[1] + [0] * 7]), units([[-1] + [0] * 7])
    lengths = []
    for strength in (1.0, 0.5):
        weights = fit_weights(queries, expected, strength=strength)
        amounts = np.linalg.norm(weights.of(queries), axis=1)
        assert amounts.mean() == pytest.approx(1.0, abs=0.03)
        ends = [float(np.linalg.norm(weights.of(one))) for one in (common, rare)]
        assert ends[0] < 1 < ends[1]
        lengths.append(ends[1] - ends[0])
    assert lengths[1] == pytest.approx(lengths[0] / 2, rel=0.2)


@pytest.mark.parametrize("scoring", [Scoring.MAXSIM, Scoring.CORRECTED])
def test_weights_change_what_is_found(scoring):
    documents = [units([[1, 0, 0]]), units([[0, 1, 0.7]]), np.zeros((0, 3), np.float32)]
    pool = Pool(documents, scoring=scoring, threads=1)
    trial = Trial("q", units([[1, 0, 0], [0, 1, 0]]), (1,))
    before = pool.judge([trial], None)
    assert (before.firsts, before.mean) == ([0], pytest.approx(1 / np.log2(3)))
    from colmodern.encoder.query_weights import QueryWeights

    weights = QueryWeights(np.array([-8, 4, 0], np.float32), np.zeros(1, np.float32))
    after = pool.judge([trial], weights)
    assert (after.firsts, after.mean) == ([1], 1.0)
    masked = Trial("q", trial.vectors, (1,), np.zeros((0, 3), np.float32))
    assert pool.judge([masked], weights).firsts == [0]


def test_rows_of_queries_and_ids_are_read(tmp_path):
    file = tmp_path / "queries.jsonl"
    rows = [{"query": "who?", "id": "a"}, {"query": "what?", "ids": ["b", "c", "b"]}]
    file.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert read_judged(file) == [("who?", ("a",)), ("what?", ("b", "c"))]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "data_empty"),
        (b'{"query": " ", "id": "a"}', "data_empty"),
        (b"{", "row_invalid"),
        (b"[" * 100_000, "row_invalid"),
        (b"[1]", "row_invalid"),
        (b'{"query": "a"}', "row_invalid"),
        (b'{"query": "a", "id": 3}', "row_invalid"),
        (b'{"query": "a", "ids": []}', "row_invalid"),
        (b'{"query": 5, "id": "a"}', "row_invalid"),
        (b"\xff\xfe\x00", "file_unreadable"),
        (None, "file_not_found"),
    ],
)
def test_what_is_no_row_of_a_query_is_told(tmp_path, content, code):
    file = tmp_path / "queries.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_judged(file)
    assert caught.value.code == code


def test_the_general_set_is_what_the_handbook_makes():
    made = runpy.run_path(str(ROOT / "examples/judged/make_general.py"))["general"]()
    assert json.loads(Path(general.__file__).with_name("general.json").read_text("utf-8")) == made
    assert all(one["answers"] for one in made["queries"])


def test_all_texts_of_a_small_corpus_are_read():
    documents = [Document("a", "one two", "First"), Document("b", " ", "B"), Document("c", "three")]
    found = sample_of([*documents, Document("d", " ")], frozenset(), seed=0)
    assert found.texts == ["First", "one two", "B", "three"]
    assert sample_of(documents, frozenset(), seed=0, with_texts=False).texts == []


def test_long_texts_are_cut_between_words():
    text = "word " * 1000 + "x" * 5000
    found = sample_of([Document("a", text)], frozenset(), seed=0)
    assert "".join(found.texts) == text
    assert all(len(one) <= 2_000 for one in found.texts)
    assert found.texts[0].endswith("word ")


def test_of_many_texts_as_many_are_drawn_as_there_is_room_for(monkeypatch):
    monkeypatch.setattr(sample, "_CHARACTERS", 45)
    documents = [Document(str(n), f"text {n:04}") for n in range(1000)]
    found = sample_of(documents, frozenset(), seed=0)
    assert len(found.texts) == 5
    assert found.texts == sorted(found.texts)
    assert found == sample_of(documents, frozenset(), seed=0)
    assert found.texts != sample_of(documents, frozenset(), seed=1).texts


def record(folder, warm_start):
    (folder / "recipe.json").write_text(json.dumps({"warm_start": warm_start}))


def test_who_teaches_is_named_or_recorded(tmp_path):
    assert [one.model for one in training.named_teachers(["a", "b", "a"])] == ["a", "b"]
    teachers = [{"model": "package:a", "weight": 0.4}, {"model": str(tmp_path), "weight": 0.6}]
    record(tmp_path, {"teachers": teachers})
    found = training.recorded_teachers(tmp_path, is_ours=False)
    assert [(one.model, one.weight) for one in found] == [
        ("package:a", 0.4),
        (str(tmp_path), 0.6),
    ]
    record(tmp_path, {"teacher": "package:a", "teachers": []})
    (found,) = training.recorded_teachers(tmp_path, is_ours=False)
    assert (found.model, found.weight) == ("package:a", 1.0)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        "no JSON",
        "[]",
        "[" * 100_000,
        '{"warm_start": null}',
        '{"warm_start": {"teachers": [], "teacher": ""}}',
        *(
            json.dumps({"warm_start": {"teachers": [one] * n}})
            for one, n in [
                ({"model": "a", "weight": 0}, 1),
                ({"model": "a", "weight": float("inf")}, 1),
                ({"model": "a", "weight": float("nan")}, 1),
                ({"model": "a", "weight": 10**400}, 1),
                ({"model": "a" * 5_000, "weight": 1}, 1),
                ({"model": "package:a", "weight": 1}, 5_000),
            ]
        ),
    ],
)
def test_a_record_that_names_no_teachers_is_told(tmp_path, kept):
    if kept is not None:
        (tmp_path / "recipe.json").write_text(kept)
    with pytest.raises(ConfigError, match=r"does not say .*--teacher") as caught:
        training.recorded_teachers(tmp_path, is_ours=True)
    assert (caught.value.code, caught.value.option) == ("option_missing", "teacher")


def test_no_teacher_is_fetched_because_a_file_names_it(tmp_path):
    record(tmp_path, {"teachers": [{"model": "someone/evil", "weight": 1}]})
    with pytest.raises(ConfigError, match="nothing is fetched"):
        training.recorded_teachers(tmp_path, is_ours=False)
    (found,) = training.recorded_teachers(tmp_path, is_ours=True)
    assert found.model == "someone/evil"


def test_a_record_is_kept_beside_what_is_said_of_training(tmp_path):
    for kept in (None, "[]", '{"name": "x"}'):
        if kept is not None:
            (tmp_path / "recipe.json").write_text(kept)
        training.record_training(tmp_path, training.named_teachers(["a"]), 0.5)
        found = json.loads((tmp_path / "recipe.json").read_text())
        assert found.pop("adapted") == {
            "teachers": ["a"],
            "tokens": training.TOKENS,
            "share": 0.5,
        }
    assert found == {"name": "x"}


def test_weights_between_two_students(tmp_path):
    from safetensors.numpy import load_file, save_file

    start, student = tmp_path / "start", tmp_path / "student"
    for folder, value in ((start, 0.0), (student, 4.0)):
        (folder / "1_Dense").mkdir(parents=True)
        for name in ("model.safetensors", "1_Dense/model.safetensors"):
            dtype = np.float16 if folder == start else np.float32
            save_file({"w": np.full((2, 2), value, dtype)}, folder / name)
    (start / "config.json").write_text("{}")
    found = training.between(start, student, 0.25, tmp_path / "found")
    assert (found / "config.json").read_text() == "{}"
    for name in ("model.safetensors", "1_Dense/model.safetensors"):
        weights = load_file(found / name)["w"]
        assert weights.dtype == np.float16
        assert weights.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    (start / "1_Dense" / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="layout") as caught:
        training.between(start, student, 1.0, tmp_path / "found")
    assert caught.value.code == "checkpoint_mismatch"


@pytest.mark.parametrize(
    ("gains", "kept"),
    [
        ({1.0: (0.03, -0.004), 0.75: (0.028, 0.002), 0.5: (0.01, 0.01)}, 0.75),
        ({1.0: (0.03, -0.006), 0.75: (0.02, -0.004), 0.5: (0.01, 0.0)}, 0.75),
        ({1.0: (0.03, 0.0), 0.75: (0.02, 0.0), 0.5: (0.0, 0.5)}, 1.0),
        ({1.0: (0.03, -0.006), 0.75: (-0.01, 0.1), 0.5: (0.01, -0.01)}, None),
    ],
)
def test_the_mixture_that_gains_most_and_loses_little_is_taken(monkeypatch, tmp_path, gains, kept):
    def found(gain, *, trained):
        own, general = (Outcome(np.array([0.4 + one], np.float32), [0]) for one in gain)
        return fitting._Found(tmp_path, None, trained, 0.0, own, general)

    request = fitting.AdaptRequest(roots=[tmp_path], output=tmp_path / "s", train=True)
    run = fitting._Fitting(request, ("x", tmp_path), [], [], lambda *_: None, tmp_path)
    for name in ("trained", "between", "record_training"):
        monkeypatch.setattr(fitting, name, lambda *_, **__: tmp_path)
    monkeypatch.setattr(run, "_reading", lambda *_: None)
    monkeypatch.setattr(
        run, "_measured", lambda *_, trained: found(gains[trained], trained=trained)
    )
    start = SimpleNamespace(encoder=SimpleNamespace(dim=2))
    taken = run._trained(start, found((0.0, 0.0), trained=0.0), [], None)
    assert (None if taken is None else taken[1].trained) == kept
    told = {one.what: one.kept for one in run._tried}
    assert told == {f"{share:.0%} of the training": share == kept for share in gains}
