"""The warm start alone: a teacher of random weights and a few hundred words."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("accelerate")

from colmodern.distill import Recipe, distill  # noqa: E402
from colmodern.distill.training.warm_start import learning_rate_factor  # noqa: E402
from colmodern.errors import ConfigError, EncoderError  # noqa: E402

from .distill_kit import make_data, make_teacher  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small models gain nothing from more, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return make_teacher(tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"), n=300)


def recipe(teacher, tokens=20_000, student=(), **training):
    return Recipe.from_dict(
        {
            "name": "tiny",
            "prepare": {
                "source": [{"files": "texts.jsonl.gz", "fields": ["text"]}],
                "lengths": [12],
                "length_weights": [1.0],
            },
            "student": {
                "hidden_size": 64,
                "intermediate_size": 64,
                "n_layers": 2,
                "n_heads": 2,
                "dim": 32,
                **dict(student),
            },
            "warm_start": {
                "teacher": str(teacher),
                "tokens": tokens,
                "tokens_a_step": 512,
                "checkpoint_every": 10,
                **training,
            },
            "export": {"format": "st"},
        }
    )


def test_the_student_gets_nearer_to_its_teacher(teacher, data, tmp_path):
    folder = distill(recipe(teacher, 60_000), data=data, out=tmp_path)
    log = (tmp_path / "warm-start" / "log.jsonl").read_text().splitlines()
    history = [json.loads(line)["loss"] for line in log]
    assert history[-1] < 0.8 * history[0]
    card = (folder / "README.md").read_text()
    assert "seed is 0" in card
    assert "texts.jsonl.gz" in card


def test_a_student_starts_from_another_and_grows_without_changing(teacher, data, tmp_path):
    from colmodern import Encoder

    first = distill(recipe(teacher), data=data, out=tmp_path / "first")
    grown = {"start": str(first), "n_layers": 4}
    out = tmp_path / "second"
    distill(recipe(teacher, student=grown), data=data, out=out, stages=["prepare", "warm-start"])
    texts = ["word1 word2 word3", "word7"]
    before = Encoder.load(first, precision="fp32").encode_documents(texts)
    start = Encoder.load(out / "warm-start" / "start", precision="fp32").encode_documents(texts)
    after = Encoder.load(out / "warm-start" / "student", precision="fp32").encode_documents(texts)
    for a, b, c in zip(before, start, after, strict=True):
        assert abs(a.vectors - b.vectors).max() < 1e-5
        assert abs(a.vectors - c.vectors).max() > 1e-3
    config = json.loads((out / "warm-start" / "student" / "config.json").read_text())
    assert config["num_hidden_layers"] == 4


def test_a_start_that_is_not_the_one_meant_is_refused(teacher, data, tmp_path):
    first = distill(recipe(teacher, 1000), data=data, out=tmp_path / "first")
    other = {"start": str(first), "start_sha256": "0" * 16}
    with pytest.raises(ConfigError, match="the recipe wants 0000"):
        distill(recipe(teacher, student=other), data=data, out=tmp_path / "second")
    wide = {"start": str(first), "dim": 64}
    with pytest.raises(ConfigError, match="set dim to 32"):
        distill(recipe(teacher, student=wide), data=data, out=tmp_path / "third")


def test_a_teacher_of_another_tokenizer_is_refused(teacher, data, tmp_path):
    first = distill(recipe(teacher, 1000), data=data, out=tmp_path / "first")
    other = make_teacher(tmp_path / "other", words=[f"wort{i}" for i in range(300)])
    with pytest.raises(ConfigError, match="another tokenizer than the student"):
        distill(recipe(other, student={"start": str(first)}), data=data, out=tmp_path / "second")


def test_a_checkpoint_with_the_tokenizer_of_another_model_is_refused(teacher, data, tmp_path):
    import shutil

    mixed, big = (
        tmp_path / "mixed",
        make_teacher(tmp_path / "big", words=[f"w{i}" for i in range(900)]),
    )
    shutil.copytree(teacher, mixed)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(big / name, mixed / name)
    values = recipe(teacher).to_dict() | {"warm_start": None}
    values["student"] = {"start": str(mixed), "dim": 32, "n_layers": 1}
    with pytest.raises(ConfigError, match="the tokenizer of another model"):
        distill(Recipe.from_dict(values), data=data, out=tmp_path / "run")


def test_a_student_that_cannot_take_the_teachers_embeddings_is_refused(teacher, data, tmp_path):
    with pytest.raises(ConfigError, match="hidden_size"):
        distill(recipe(teacher, student={"hidden_size": 32}), data=data, out=tmp_path / "run")


def test_a_teacher_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(ConfigError, match="no_such_package"):
        distill(recipe("package:no_such_package"), data=data, out=tmp_path / "a")
    with pytest.raises(ConfigError, match=r"config\.json"):
        distill(recipe(tmp_path / "nowhere"), data=data, out=tmp_path / "b")


def test_an_interrupted_download_of_a_teacher_gets_a_sentence(teacher, data, tmp_path):
    import shutil

    cut = tmp_path / "cut"
    shutil.copytree(teacher, cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    out = tmp_path / "run"
    with pytest.raises(EncoderError, match="download may have been interrupted"):
        distill(recipe(cut), data=data, out=out)
    assert (out / "prepare" / "done.json").exists()  # nothing is lost


def test_the_learning_rate_goes_up_stays_and_comes_down(teacher):
    options = recipe(teacher).warm_start
    factors = [learning_rate_factor(x, options) for x in (0.0, 0.01, 0.02, 0.5, 0.7, 0.85, 1.0)]
    assert factors == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0])
