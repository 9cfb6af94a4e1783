import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")

from colmodern.distill.data.batches import batch_at, chunks  # noqa: E402
from colmodern.distill.losses.embedding import EmbedOptions, cut, embed  # noqa: E402
from colmodern.distill.losses.list_loss import ListLoss, score_all  # noqa: E402
from colmodern.distill.options import Phase  # noqa: E402


class Model(torch.nn.Module):
    """Turns every token into a vector of its own; token 9 does not score."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table = torch.nn.Embedding(20, 4)
        self.seen = []

    def forward(self, features, task=None):
        ids, mask = features["input_ids"], features["attention_mask"]
        self.seen.append((task, ids.tolist()))
        unit = torch.nn.functional.normalize(self.table(ids), dim=-1)
        return {"token_embeddings": unit, "attention_mask": mask * (ids != 9)}


def column(*rows):
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


def test_windows_repeat_head_and_end_and_lose_no_token():
    text = torch.tensor([1, 2, *range(10, 17), 3])
    parts = [part.tolist() for part in cut(text, 6, 2)]
    assert parts == [[1, 2, 10, 11, 12, 3], [1, 2, 13, 14, 15, 3], [1, 2, 16, 3]]
    assert [part.tolist() for part in cut(text, 0, 2)] == [text.tolist()]
    assert [part.tolist() for part in cut(text, 10, 2)] == [text.tolist()]


def test_chunks_keep_to_the_budget_and_hold_every_text_once():
    lengths = [5, 1, 9, 3, 3, 2, 20]
    found = list(chunks(lengths, 10))
    assert sorted(i for chunk in found for i in chunk) == list(range(7))
    for chunk in found:
        assert len(chunk) == 1 or max(lengths[i] for i in chunk) * len(chunk) <= 10


def test_chunks_hold_texts_of_like_lengths_where_a_spread_is_given():
    found = list(chunks([5, 1, 9, 3, 3, 2, 20], 1000, spread=2))
    assert found == [[1, 5, 3, 4], [0], [2], [6]]


def test_a_draw_of_pieces_keeps_to_its_budget_and_hangs_on_the_step_alone():
    offsets = torch.arange(0, 1001, 10).numpy()
    drawn = batch_at(offsets, 200, 0, 5)
    assert 1 <= len(drawn) <= 200 // 12
    assert drawn.tolist() == batch_at(offsets, 200, 0, 5).tolist()
    assert drawn.tolist() != batch_at(offsets, 200, 0, 6).tolist()


def test_equal_texts_are_encoded_once_and_padding_changes_nothing():
    model = Model()
    options = EmbedOptions(task="document", budget=8)
    found = embed(
        model, [column([1, 5, 3], [1, 6, 7, 8, 3]), column([1, 5, 3], [1, 9, 3])], options
    )
    assert found.numbers.tolist() == [[0, 1], [0, 2]]
    assert found.mask.sum(1).tolist() == [3, 5, 2]  # token 9 does not score
    assert sum(len(rows) for _, rows in model.seen) == 3
    alone = embed(model, [column([1, 5, 3])], options)
    assert torch.equal(found.values[0, :3], alone.values[0])


def features():
    queries = column([1, 5, 3], [1, 6, 3])
    documents = [column([1, 5, 7, 3], [1, 6, 8, 11, 3]), column([1, 8, 3], [1, 5, 7, 3])]
    return [queries, *documents]


def phase(**options):
    return Phase(name="p", steps=1, n_ways=2, contrastive_weight=0.5, tokens_a_chunk=6, **options)


LABELS = torch.tensor([[3.0, 1.0], [5.0, 4.0]])


def test_the_parts_of_the_loss_are_what_the_pure_functions_say():
    from colmodern.distill.losses.functions import contrastive_loss, list_kl

    model = Model()
    parts = ListLoss(model, phase())(features(), LABELS)
    queries = embed(model, features()[:1], EmbedOptions(task="query"))
    documents = embed(model, features()[1:], EmbedOptions(task="document"))
    assert len(documents.values) == 3
    scores = score_all(queries, documents)
    rows = torch.stack([scores[0, [0, 2]], scores[1, [1, 0]]])
    kl = list_kl(rows, LABELS, student_temperature=0.25, teacher_temperature=0.25)
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    contrast = contrastive_loss(scores, torch.tensor([0, 1]), nothing, temperature=1.0)
    assert parts["kl"].item() == pytest.approx(kl.item(), abs=1e-6)
    assert parts["contrastive"].item() == pytest.approx(0.5 * contrast.item(), abs=1e-6)


def test_cached_chunks_give_the_same_gradients():
    gradients = []
    for cached in (False, True):
        model = Model()
        sum(ListLoss(model, phase(cached=cached))(features(), LABELS).values()).backward()
        gradients.append(model.table.weight.grad)
    assert gradients[0].abs().sum() > 0
    assert torch.allclose(*gradients, atol=1e-7)


def test_windows_score_as_their_tokens_together():
    model = Model()
    long = column([1, 5, 6, 7, 8, 10, 3])
    found = embed(model, [long], EmbedOptions(task="document", window=4))
    assert found.mask.sum().item() == 3 * 2 + 5
    assert found.numbers.tolist() == [[0]]


def test_a_document_that_answers_an_equal_query_is_no_negative():
    queries = torch.tensor([0, 0, 1])
    found = ListLoss._answers(queries, torch.tensor([0, 1, 2]), 4)
    assert found.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
    ]
