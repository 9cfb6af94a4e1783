"""Both layouts, read by both libraries; averages; ledgers; curves."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")

from colmodern import Encoder  # noqa: E402
from colmodern.distill.ledger import is_done, outputs_of, run_step  # noqa: E402
from colmodern.distill.options import StudentRecipe  # noqa: E402
from colmodern.distill.release.average import average, mean_of  # noqa: E402
from colmodern.distill.release.export import export  # noqa: E402
from colmodern.distill.student.model import build_student, save_student  # noqa: E402
from colmodern.distill.student.vocabulary import load_tokenizer, train_vocabulary  # noqa: E402
from colmodern.distill.training.curves import curve_rows, draw_curves, write_curves  # noqa: E402
from colmodern.distill.training.resume import last_checkpoint  # noqa: E402
from colmodern.errors import ConfigError, EncoderError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS = ["the tide is high", "Which boats leave at low tide?", "a longer text " * 12]


def student(folder, *, seed=0, **options):
    shape = StudentRecipe(
        hidden_size=32,
        intermediate_size=32,
        n_layers=2,
        n_heads=2,
        dim=16,
        query_length=24,
        document_length=32,
        **options,
    )
    words = load_tokenizer(train_vocabulary(TEXTS, size=120, folder=folder / "words"))
    built = build_student(shape, words, teacher=None, seed=seed)
    return save_student(built, shape, folder / "student"), shape


@pytest.mark.parametrize("prefixes", [{}, {"query_prefix": "[Q] ", "document_prefix": "[D] "}])
@pytest.mark.parametrize(
    ("layout", "markers"), [("st", "neither"), ("st", "both"), ("pylate", "both")]
)
def test_both_libraries_get_the_vectors_that_were_trained(tmp_path, layout, markers, prefixes):
    from sentence_transformers import MultiVectorEncoder

    folder, shape = student(tmp_path, markers=markers, **prefixes)
    target = export(folder, shape, layout=layout, half=False, target=tmp_path / "out")
    trained = MultiVectorEncoder(str(folder), device="cpu")
    theirs = MultiVectorEncoder(str(target), device="cpu")
    ours = Encoder.load(target, precision="fp32")
    texts = TEXTS[:2]  # longer ones are windows for us and cut for them
    for wanted, again, found in (
        (
            trained.encode_document(texts),
            theirs.encode_document(texts),
            ours.encode_documents(texts),
        ),
        (trained.encode_query(texts), theirs.encode_query(texts), ours.encode_queries(texts)),
    ):
        for a, b, c in zip(wanted, again, found, strict=True):
            assert a.shape == b.shape == c.vectors.shape
            assert abs(a - b).max() < 1e-6
            assert abs(a - c.vectors).max() < 1e-5


def test_the_pylate_layout_says_what_pylate_reads(tmp_path):
    folder, shape = student(tmp_path, markers="both")
    target = export(folder, shape, layout="pylate", half=True, target=tmp_path / "out")
    kinds = [module["type"] for module in json.loads((target / "modules.json").read_text())]
    assert kinds == ["sentence_transformers.models.Transformer", "pylate.models.Dense.Dense"]
    settings = json.loads((target / "config_sentence_transformers.json").read_text())
    assert settings["model_type"] == "ColBERT"
    assert not (target / "2_MultiVectorMask").exists()


def test_half_precision_is_half_the_size(tmp_path):
    folder, shape = student(tmp_path)
    target = export(folder, shape, layout="st", half=True, target=tmp_path / "out")
    whole, half = (f / "model.safetensors" for f in (folder, target))
    assert half.stat().st_size < 0.6 * whole.stat().st_size


def test_the_average_of_known_weights(tmp_path):
    a, b = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}
    assert mean_of([a, b], [1, 1])["w"].tolist() == [2.0, 4.0]
    assert mean_of([a, b], [0.6, 0.2])["w"].tolist() == [1.5, 3.0]
    with pytest.raises(ConfigError, match="different shapes"):
        mean_of([a, {"w": torch.zeros(3)}], [1, 1])
    with pytest.raises(ConfigError, match="no checkpoint"):
        average([], tmp_path)


def test_averaging_checkpoints_writes_a_student(tmp_path):
    folders = [student(tmp_path / str(seed), seed=seed)[0] for seed in (1, 2)]
    average(folders, tmp_path / "out")
    from safetensors.torch import load_file

    first, second, mean = (
        load_file(folder / "model.safetensors")["embeddings.tok_embeddings.weight"]
        for folder in (*folders, tmp_path / "out" / "student")
    )
    assert torch.allclose(mean, (first + second) / 2)
    Encoder.load(tmp_path / "out" / "student")


def test_an_average_keeps_a_share_of_the_start(tmp_path):
    from safetensors.torch import load_file

    start, *folders = (student(tmp_path / str(seed), seed=seed)[0] for seed in (1, 2, 3))
    average(folders, tmp_path / "out", start=start, start_weight=0.5)
    begun, second, third, mean = (
        load_file(folder / "model.safetensors")["embeddings.tok_embeddings.weight"]
        for folder in (start, *folders, tmp_path / "out" / "student")
    )
    assert torch.allclose(mean, begun / 2 + (second + third) / 4)


def test_a_step_runs_once_and_again_when_its_inputs_change(tmp_path):
    folder, ran = tmp_path / "step", []

    def work(home):
        ran.append(sorted(path.name for path in home.iterdir()))
        (home / "file").write_text(str(len(ran)))

    assert run_step(folder, {"a": 1}, work)
    assert not run_step(folder, {"a": 1}, work)
    assert run_step(folder, {"a": 2}, work)
    assert (tmp_path / "step.old-1" / "file").read_text() == "1"
    assert (folder / "file").read_text() == "2"
    assert ran == [["started.json"], ["started.json"]]


def test_a_step_whose_file_was_cut_short_is_not_done(tmp_path):
    folder = tmp_path / "step"
    run_step(folder, {}, lambda home: (home / "file").write_text("whole"))
    assert is_done(folder)
    (folder / "file").write_text("who")
    assert not is_done(folder)
    with pytest.raises(ConfigError, match="run the stage 'step' first"):
        outputs_of(folder)
    assert run_step(folder, {}, lambda home: (home / "file").write_text("whole"))


def test_a_checkpoint_that_was_cut_short_is_dropped(tmp_path):
    for step, state in ((10, "{}"), (20, "{}"), (30, '{"cut')):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    (tmp_path / "checkpoint-40").mkdir()
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-20")
    assert not (tmp_path / "checkpoint-30").exists()
    assert not (tmp_path / "checkpoint-40").exists()


def test_curves_hold_what_was_logged_and_measured(tmp_path):
    history = [
        {"step": 2, "loss": 1.5, "kl": 1.0, "learning_rate": 1e-3, "epoch": 0.1},
        {"step": 2, "eval_dev_maxsim_ndcg@10": 0.25, "eval_runtime": 3.0},
        {"step": 4, "loss": 1.0, "kl": 0.5, "learning_rate": 0.0},
        {"step": 4, "train_runtime": 9.0},
    ]
    rows = curve_rows(history)
    write_curves(rows, tmp_path / "curve.csv")
    assert (tmp_path / "curve.csv").read_text().splitlines() == [
        "step,loss,kl,contrastive,regulariser,learning_rate,dev nDCG@10",
        "2,1.5,1.0,,,0.001,0.25",
        "4,1.0,0.5,,,0.0,",
    ]
    draw_curves(rows, tmp_path / "a.png", title="t")
    draw_curves(rows, tmp_path / "b.png", title="t")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_scoring_is_exported_and_read_again_and_others_load_it(tmp_path):
    from sentence_transformers import MultiVectorEncoder

    folder, shape = student(tmp_path)
    target = export(
        folder, shape, layout="st", half=False, target=tmp_path / "out", scoring="corrected"
    )
    assert Encoder.load(target).scoring == "corrected"
    assert Encoder.load(folder).scoring == "maxsim"
    assert Encoder.load(target).fingerprint == Encoder.load(folder).fingerprint
    assert len(MultiVectorEncoder(str(target), device="cpu").encode_query(TEXTS[:1])) == 1


@pytest.mark.parametrize("own", ["corrected", {"scoring": "best"}, {"scoring": 4}])
def test_a_scoring_that_does_not_exist_is_refused(tmp_path, own):
    folder, _ = student(tmp_path)
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "colmodern": own}))
    with pytest.raises(EncoderError, match="must be maxsim or corrected, not"):
        Encoder.load(folder)
