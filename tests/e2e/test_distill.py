"""A teacher of random weights and a few hundred words: the whole way in seconds."""

import gzip
import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")

from colmodern.distill import Recipe, distill  # noqa: E402
from colmodern.distill.warm_start import learning_rate_factor  # noqa: E402
from colmodern.errors import ConfigError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small models gain nothing from more, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


WORDS = [f"word{i}" for i in range(300)]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("teacher")
    special = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*special, *WORDS])}
    assert vocabulary["[CLS]"] == 101
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    BertTokenizerFast(tokenizer_object=raw).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path):
    generator = torch.Generator().manual_seed(1)
    folder = tmp_path / "data"
    folder.mkdir()
    with gzip.open(folder / "texts.jsonl.gz", "wt") as lines:
        for _ in range(300):
            picks = torch.randint(len(WORDS), (20,), generator=generator).tolist()
            lines.write(json.dumps({"text": " ".join(WORDS[i] for i in picks)}) + "\n")
    return folder


def recipe(teacher, tokens=20_000, **training):
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
            },
            "warm_start": {
                "teacher": str(teacher),
                "tokens": tokens,
                "tokens_a_step": 512,
                "checkpoint_every": 10,
                **training,
            },
        }
    )


def losses(out):
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


def test_the_student_gets_nearer_to_its_teacher_and_both_libraries_load_it(teacher, data, tmp_path):
    out = tmp_path / "run"
    folder = distill(recipe(teacher, 60_000), data=data, out=out)
    history = losses(out)
    assert history[-1] < 0.8 * history[0]
    from sentence_transformers import MultiVectorEncoder

    from colmodern import Encoder

    texts = ["word1 word2 word3", "word250 nonsense"]
    theirs = MultiVectorEncoder(str(folder), device="cpu").encode_document(texts)
    ours = Encoder.load(folder, precision="fp32").encode_documents(texts)
    for a, b in zip(theirs, ours, strict=True):
        assert a.shape == b.vectors.shape
        assert abs(a - b.vectors).max() < 1e-4
    card = (folder / "README.md").read_text()
    assert "Seed 0" in card
    assert "texts.jsonl.gz" in card


def test_a_run_that_was_cut_goes_on_and_ends_in_the_same_weights(teacher, data, tmp_path):
    whole = distill(recipe(teacher), data=data, out=tmp_path / "whole")
    out = tmp_path / "cut"

    class StoppedError(Exception):
        pass

    def stop_in_the_middle(stage, done, total):
        if done > total / 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        distill(recipe(teacher), data=data, out=out, progress=stop_in_the_middle)
    assert not (out / "student").exists()
    again = distill(recipe(teacher), data=data, out=out)
    name = "model.safetensors"
    assert (whole / name).read_bytes() == (again / name).read_bytes()


def test_a_folder_of_another_recipe_is_refused(teacher, data, tmp_path):
    distill(recipe(teacher, 1000), data=data, out=tmp_path / "run")
    with pytest.raises(ConfigError, match="another recipe"):
        distill(recipe(teacher, 2000), data=data, out=tmp_path / "run")


def test_a_student_that_cannot_take_the_teachers_embeddings_is_refused(teacher, data, tmp_path):
    wrong = recipe(teacher).to_dict()
    wrong["student"]["hidden_size"] = 32
    wrong["prepare"]["source"] = list(wrong["prepare"].pop("sources"))
    with pytest.raises(ConfigError, match="hidden_size"):
        distill(Recipe.from_dict(wrong), data=data, out=tmp_path / "run")


def test_a_teacher_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(ConfigError, match="no_such_package"):
        distill(recipe("package:no_such_package"), data=data, out=tmp_path / "a")
    with pytest.raises(ConfigError, match=r"config\.json"):
        distill(recipe(tmp_path / "nowhere"), data=data, out=tmp_path / "b")


def test_the_learning_rate_goes_up_stays_and_comes_down(teacher):
    options = recipe(teacher).warm_start
    factors = [learning_rate_factor(x, options) for x in (0.0, 0.01, 0.02, 0.5, 0.7, 0.85, 1.0)]
    assert factors == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0])
