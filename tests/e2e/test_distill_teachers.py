"""A warm start of several teachers, in the loop and from targets that are kept on disk."""

import json
import logging
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("accelerate")

from colmodern.distill import Recipe, checkpoints, distill  # noqa: E402
from colmodern.distill.data.batches import collate  # noqa: E402
from colmodern.distill.data.pieces import load_pieces  # noqa: E402
from colmodern.distill.student.vocabulary import load_tokenizer, markers_of  # noqa: E402
from colmodern.distill.teachers import kept_targets  # noqa: E402
from colmodern.distill.teachers.token_teachers import (  # noqa: E402
    find_axes,
    load_token_teachers,
)
from colmodern.distill.training import warm_start as training  # noqa: E402
from colmodern.errors import ConfigError, InputError  # noqa: E402

from .distill_kit import WORDS, make_data, make_second_teacher, make_teacher  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

ALL = 1_000_000  # more tokens than there are


class StoppedError(Exception):
    """What a kill looks like from inside."""


@pytest.fixture(autouse=True, scope="module")
def small():
    """One thread, float32, small shards: what is compared does not depend on the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patched:
        for module in (checkpoints, training):
            patched.setattr(module, "multiplies_bf16", lambda: False)
        patched.setattr(training, "_LOG_EVERY", 1)
        patched.setattr(kept_targets, "_SHARD_TOKENS", 512)
        patched.setattr(kept_targets, "_TOKENS_A_BATCH", 128)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    make_teacher(folder / "first")
    make_second_teacher(folder / "second")
    make_data(folder / "data")
    return folder


def recipe(home, *, target_tokens=0, tokens=2000, names=("first", "second"), hidden_size=64):
    weights = (0.4, 0.6)
    return Recipe.from_dict(
        {
            "name": "two",
            "prepare": {
                "source": [{"files": "texts.jsonl.gz", "fields": ["text"]}],
                "lengths": [12],
                "length-weights": [1.0],
            },
            "student": {
                "hidden-size": hidden_size,
                "intermediate-size": 64,
                "n-layers": 2,
                "n-heads": 2,
                "dim": 32,
            },
            "warm-start": {
                "teacher": [
                    {"model": str(home / name), "weight": weight, "licence": f"Licence {name}"}
                    for name, weight in zip(names, weights, strict=False)
                ],
                "tokens": tokens,
                "target-tokens": target_tokens,
                "tokens-a-step": 256,
                "checkpoint-every": 2,
                "sampled-tokens": 64,
            },
        }
    )


def run(home, out, made, **options):
    stages = ["prepare", *(["targets"] if made.warm_start.target_tokens else []), "warm-start"]
    return distill(made, data=home / "data", out=out, stages=stages, **options)


def weights_of(folder):
    from safetensors.torch import load_file

    return {name: t.float() for name, t in load_file(folder / "model.safetensors").items()}


@pytest.fixture(scope="module")
def looped(home, tmp_path_factory):
    out = tmp_path_factory.mktemp("looped")
    run(home, out, recipe(home))
    return out


@pytest.fixture(scope="module")
def kept(home, tmp_path_factory):
    out = tmp_path_factory.mktemp("kept")
    run(home, out, recipe(home, target_tokens=ALL))
    return out


def teachers_of(home, out):
    words = load_tokenizer(out / "prepare" / "tokenizer")
    return load_token_teachers(recipe(home).warm_start, words), words


def test_similarities_are_the_weighted_mean_of_the_teachers(home, kept):
    """Tokens are matched by their letters, though the second teacher numbers them otherwise."""
    from transformers import BertModel, MPNetModel

    both, words = teachers_of(home, kept)
    text = [WORDS[i] for i in (3, 250, 7, 3)]
    theirs = load_tokenizer(home / "second")
    first = [2, *words.convert_tokens_to_ids(text), 3]
    second = [0, *theirs.convert_tokens_to_ids(text), 2]
    found = both(torch.tensor([first]), torch.ones(1, 6, dtype=torch.int64))
    expected = 0
    for kind, name, ids, weight in (
        (BertModel, "first", first, 0.4),
        (MPNetModel, "second", second, 0.6),
    ):
        model = kind.from_pretrained(home / name).eval()
        with torch.no_grad():
            hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        unit = torch.nn.functional.normalize(hidden, dim=-1)
        expected = expected + weight * unit @ unit.T
    assert found.shape == (6, 64 + 96)
    assert torch.allclose(found @ found.T, expected, atol=1e-5)


def test_kept_targets_are_those_of_the_loop_within_half_precision(home, looped, kept):
    both, words = teachers_of(home, kept)
    axes = np.load(kept / "targets" / "axes.npy")
    assert axes.shape == (160, 64)
    assert np.array_equal(axes, np.load(looped / "warm-start" / "axes.npy"))
    assert np.allclose(axes.T @ axes, np.eye(64), atol=1e-5)
    both.turn(axes)
    ids, offsets = load_pieces(kept / "prepare" / "pieces.arrow")
    found = kept_targets.load_kept_targets(kept / "targets", ids, offsets)
    assert len(found.shards) > 2
    assert np.array_equal(found.offsets, offsets)  # all pieces, in their order
    batch = np.array([90, 0, 31, 55])  # of different shards and lengths
    rows, mask = collate(batch, ids, offsets, markers_of(words))
    assert (found(batch) - both(rows, mask)).abs().max() < 1e-3
    assert torch.allclose(found(batch).norm(dim=1), torch.ones(1), atol=1e-3)


def test_a_student_of_kept_targets_is_that_of_the_loop(looped, kept):
    folder = "warm-start"
    there, here = (weights_of(run / folder / "student") for run in (looped, kept))
    start = weights_of(kept / folder / "start")
    apart, moved = (
        sum(float((other[key] - here[key]).square().sum()) for key in here) ** 0.5
        for other in (there, start)
    )
    assert apart < 0.01 * moved


def test_means_of_targets_are_those_of_each_token(kept):
    ids, offsets = load_pieces(kept / "prepare" / "pieces.arrow")
    found = kept_targets.load_kept_targets(kept / "targets", ids, offsets)
    words = load_tokenizer(kept / "prepare" / "tokenizer")
    markers = markers_of(words)
    means, counts = found.means(len(words), markers)
    n_pieces = len(offsets) - 1
    assert counts.sum() == found.starts[-1] == len(ids) + 2 * n_pieces
    assert counts[markers.cls] == counts[markers.sep] == n_pieces
    for token in (markers.cls, markers.sep, ids[0], ids[-1]):
        vectors = []
        for piece in range(n_pieces):
            row = [markers.cls, *ids[offsets[piece] : offsets[piece + 1]], markers.sep]
            vectors.append(found(np.array([piece])).numpy()[np.array(row) == token])
        by_hand = np.concatenate(vectors)
        assert len(by_hand) == counts[token]
        np.testing.assert_allclose(means[token], by_hand.mean(axis=0), atol=1e-5)
    assert (means[counts == 0] == 0).all()


def test_a_student_whose_embeddings_start_from_targets_is_near_them_from_the_first_step(
    home, kept, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "_LOG_EVERY", 1)

    def first_loss(name, from_targets):
        values = recipe(home, target_tokens=ALL, tokens=200).to_dict()
        values["warm_start"]["embeddings_from_targets"] = from_targets
        for stage in ("prepare", "targets"):
            shutil.copytree(kept / stage, tmp_path / name / stage)
        run(home, tmp_path / name, Recipe.from_dict(values))
        lines = (tmp_path / name / "warm-start" / "log.jsonl").read_text().splitlines()
        return json.loads(lines[0])["cosine"]

    assert first_loss("means", True) < 0.8 * first_loss("teacher", False)


def test_fewer_targets_are_read_again_and_again(home, tmp_path):
    made = recipe(home, target_tokens=600, tokens=2000)
    run(home, tmp_path, made)
    ids, offsets = load_pieces(tmp_path / "prepare" / "pieces.arrow")
    found = kept_targets.load_kept_targets(tmp_path / "targets", ids, offsets)
    numbers = np.load(tmp_path / "targets" / "pieces.npy")
    assert 500 < found.starts[-1] <= 600
    assert (np.diff(numbers) > 0).all()
    last = numbers[-1]
    assert np.array_equal(found.ids[found.offsets[-2] :], ids[offsets[last] : offsets[last + 1]])
    assert (tmp_path / "warm-start" / "student").is_dir()


@pytest.mark.parametrize("at", [200, 700])
def test_a_run_killed_within_a_shard_goes_on_with_that_shard(home, kept, tmp_path, at):
    made = recipe(home, target_tokens=ALL)

    def stop(name, done, total):
        if name == "targets" and done > at:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(home, tmp_path, made, progress=stop)
    targets = tmp_path / "targets"
    before = {path: path.stat().st_mtime_ns for path in targets.glob("shard-*.npy")}
    assert len(before) == at // 512
    (targets / f"shard-{len(before):05}.partial").write_bytes(b"cut short")
    run(home, tmp_path, made)
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    whole = {path.name: path.read_bytes() for path in (kept / "targets").glob("*.npy")}
    assert {path.name: path.read_bytes() for path in targets.glob("*.npy")} == whole
    assert not list(targets.glob("*.partial"))


def test_teachers_run_again_only_if_what_they_say_would_change(home, kept, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(kept, out)
    made = recipe(home, target_tokens=ALL).to_dict()
    made["warm_start"]["learning_rate"] = 5e-4
    shard = out / "targets" / "shard-00000.npy"
    before = shard.stat().st_mtime_ns
    stages = ["prepare", "targets"]
    distill(Recipe.from_dict(made), data=home / "data", out=out, stages=stages)
    assert shard.stat().st_mtime_ns == before
    made["warm_start"]["teachers"][0]["weight"] = 0.7
    distill(Recipe.from_dict(made), data=home / "data", out=out, stages=stages)
    assert shard.stat().st_mtime_ns != before
    assert (out / "targets.old-1").is_dir()


def test_a_run_in_the_loop_killed_in_the_middle_ends_in_the_same_student(home, looped, tmp_path):
    def stop(name, done, total):
        if name == "warm-start" and done > total / 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(home, tmp_path, recipe(home), progress=stop)
    run(home, tmp_path, recipe(home))
    for name in ("axes.npy", "student/model.safetensors"):
        one, other = (folder / "warm-start" / name for folder in (looped, tmp_path))
        assert one.read_bytes() == other.read_bytes()


def test_the_disk_it_takes_is_said_and_refused_if_it_is_not_there(
    home, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(kept_targets.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(InputError, match="make target_tokens in") as refused,
    ):
        run(home, tmp_path, recipe(home, target_tokens=ALL))
    assert refused.value.code == "file_not_written"
    assert "GB of disk" in caplog.text
    assert not list((tmp_path / "targets").glob("shard-*"))


def test_a_disk_that_fills_up_meanwhile_is_an_error_and_the_run_goes_on(
    home, tmp_path, monkeypatch
):
    import errno

    made, honest = recipe(home, target_tokens=600), np.save

    def full(file, values):
        if values.dtype == np.float16 and values.shape[0] < 500:  # the second, smaller shard
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(file, values)

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(InputError, match="No space left on device") as refused:
            run(home, tmp_path, made)
    assert refused.value.code == "file_not_written"
    assert not list((tmp_path / "targets").glob("*.partial"))
    run(home, tmp_path, made)
    assert (tmp_path / "targets" / "done.json").exists()


def test_a_teacher_that_lacks_a_word_piece_is_refused(home, tmp_path):
    make_second_teacher(tmp_path / "other", words=WORDS[:-1])
    with pytest.raises(ConfigError, match=r"another tokenizer than the student.*'word299'") as no:
        run(home, tmp_path / "run", recipe(home, names=("first", str(tmp_path / "other"))))
    assert no.value.code == "checkpoint_mismatch"


@pytest.mark.parametrize(
    ("names", "hidden_size"), [(("second", "first"), 64), (("first",), 32), (("first",), 128)]
)
def test_a_student_of_another_size_is_refused_before_teachers_run(
    home, tmp_path, names, hidden_size
):
    made = recipe(home, target_tokens=ALL, hidden_size=hidden_size, names=names)
    with pytest.raises(ConfigError, match=f"hidden_size {hidden_size} must be the teacher's"):
        distill(made, data=home / "data", out=tmp_path, stages=["prepare", "targets"])
    assert not list((tmp_path / "targets").glob("*.npy"))


def test_a_start_of_another_size_than_its_teachers_is_refused(home, looped, tmp_path):
    """A student that starts from a checkpoint needs no teacher of its own size."""
    start = {"start": str(looped / "warm-start" / "student"), "dim": 32, "n_layers": 2}
    values = recipe(home, target_tokens=ALL).to_dict() | {"student": start}
    narrow = make_teacher(tmp_path / "narrow", hidden_size=24)
    for names, words in (
        ((str(narrow),), "more than the 24 dimensions"),
        ((str(narrow), str(narrow)), "more than the 48 dimensions"),
    ):
        values["warm_start"]["teachers"] = [{"model": name} for name in names]
        made = Recipe.from_dict(values)
        with pytest.raises(ConfigError, match=words):
            distill(made, data=home / "data", out=tmp_path / "run", stages=["prepare", "targets"])


def test_the_model_card_names_every_teacher(home):
    from colmodern.distill.release.model_card import model_card

    card = model_card(recipe(home, target_tokens=600), {}, rows={}, facts={})
    assert f"`{home / 'first'}` (Licence first, weight 0.4)" in card
    assert f"`{home / 'second'}` (Licence second, weight 0.6)" in card
    assert "2,000 tokens of text (of 600 at most, again and again)" in card
    one = recipe(home, names=("first",))
    assert f"the token vectors of `{home / 'first'}` (Licence first) on" in model_card(
        one, {}, rows={}, facts={}
    )


class Turned:
    """A student that has learnt the teachers' vectors along other axes."""

    def __init__(self, teachers, axes, turn):
        self.teachers, self.axes, self.turn = teachers, torch.from_numpy(axes), turn

    def to(self, device):
        return self

    def __call__(self, input_ids, attention_mask):
        hidden = torch.zeros(*input_ids.shape, self.axes.shape[1])
        hidden[attention_mask.bool()] = (
            self.teachers(input_ids, attention_mask) @ self.axes @ self.turn
        )
        return SimpleNamespace(last_hidden_state=hidden)


def test_axes_are_those_that_a_start_has_learnt(home, kept, tmp_path):
    teachers, words = teachers_of(home, kept)
    pieces = load_pieces(kept / "prepare" / "pieces.arrow")
    options = {"hidden_size": 64, "seed": 3}
    axes = find_axes(tmp_path / "new.npy", teachers, pieces, words, start=None, **options)
    turn, _ = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(1)))
    start = Turned(teachers, axes, turn)
    turned = find_axes(tmp_path / "turned.npy", teachers, pieces, words, start=start, **options)
    np.testing.assert_allclose(turned, axes @ turn.numpy(), atol=1e-4)


def test_a_student_goes_on_along_the_axes_that_it_has(home, kept, tmp_path):
    made = recipe(home, target_tokens=ALL, tokens=600).to_dict()
    made["seed"] = 5
    made["student"]["start"] = str(kept / "warm-start" / "student")
    run(home, tmp_path, Recipe.from_dict(made))
    (first, *_), (*_, last) = (
        [json.loads(line) for line in (out / "warm-start" / "log.jsonl").read_text().splitlines()]
        for out in (tmp_path, kept)
    )
    assert first["cosine"] < last["cosine"] - 0.2  # along other axes it would be about 1
