import math

import pytest

torch = pytest.importorskip("torch")

from colmodern.distill.losses.functions import (  # noqa: E402
    contrastive_loss,
    cosine_loss,
    list_kl,
    maxsim_loss,
    maxsim_scores,
    scale_to_unit,
    similarity_loss,
)


def unit(rows):
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float64), dim=-1)


def test_cosine_loss_is_zero_for_parallel_vectors_of_any_length():
    teacher = unit([[1.0, 0.0], [0.6, 0.8]])
    assert cosine_loss(3.0 * teacher, teacher).item() == pytest.approx(0.0)


def test_cosine_loss_of_orthogonal_and_opposite_vectors():
    teacher = unit([[1.0, 0.0], [0.0, 1.0]])
    student = torch.tensor([[0.0, 2.0], [0.0, -1.0]], dtype=torch.float64)
    assert cosine_loss(student, teacher).item() == pytest.approx((1.0 + 2.0) / 2)


def test_similarity_loss_compares_inner_products_across_dimensions():
    teacher = unit([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]])
    same = unit([[0.0, 1.0], [0.8, 0.6]])
    assert similarity_loss(same, teacher).item() == pytest.approx(0.0, abs=1e-12)
    orthogonal = unit([[1.0, 0.0], [0.0, 1.0]])
    assert similarity_loss(orthogonal, teacher).item() == pytest.approx(2 * 0.36 / 4)


def test_maxsim_loss_by_hand_and_without_a_tokens_own_piece():
    # Two pieces of two tokens; token 0 is the query.
    pieces = torch.tensor([0, 0, 1, 1])
    rows = torch.tensor([0])
    teacher = unit([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]])
    student = unit([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    # In piece 1 the best match is .8 for the teacher and .6 for the student; piece 0 is its own.
    assert maxsim_loss(student, teacher, rows, pieces, 2).item() == pytest.approx(0.04)


def test_maxsim_loss_sees_negative_maxima():
    pieces = torch.tensor([0, 1])
    teacher = unit([[1.0, 0.0], [-1.0, 0.0]])
    student = unit([[1.0, 0.0], [-0.6, 0.8]])
    loss = maxsim_loss(student, teacher, torch.tensor([0]), pieces, 2)
    assert loss.item() == pytest.approx(0.16)


def test_losses_have_gradients():
    student = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    teacher = unit(torch.randn(6, 5).tolist())
    pieces = torch.tensor([0, 0, 1, 1, 2, 2])
    normal = torch.nn.functional.normalize(student, dim=-1)
    loss = similarity_loss(normal, teacher) + maxsim_loss(
        normal, teacher, torch.tensor([0, 3]), pieces, 3
    )
    loss.backward()
    assert torch.isfinite(student.grad).all()
    assert student.grad.abs().sum() > 0


def test_a_list_is_scaled_by_its_minimum_and_maximum():
    scores = torch.tensor([[2.0, 6.0, 4.0], [-1.0, 0.0, 3.0]])
    assert scale_to_unit(scores).tolist() == [[0.0, 1.0, 0.5], [0.0, 0.25, 1.0]]


def test_the_kl_of_two_known_lists():
    # Scaled: student (0, 1), teacher (1, 0). At temperature 1 the probabilities are
    # s = (1, e) / (1 + e), t = (e, 1) / (1 + e): KL = sum t (log t - log s) = (e - 1) / (e + 1).
    student, teacher = torch.tensor([[3.0, 5.0]]), torch.tensor([[40.0, 10.0]])
    found = list_kl(student, teacher, student_temperature=1.0, teacher_temperature=1.0)
    assert found.item() == pytest.approx((math.e - 1) / (math.e + 1), abs=1e-6)


def test_each_side_has_its_temperature():
    # Scaled (0, 1) on both sides; s at temperature 1, t at temperature 1/2.
    scores = torch.tensor([[0.0, 7.0]])
    found = list_kl(scores, scores, student_temperature=1.0, teacher_temperature=0.5)
    s = [1 / (1 + math.e), math.e / (1 + math.e)]
    t = [1 / (1 + math.e**2), math.e**2 / (1 + math.e**2)]
    wanted = sum(b * (math.log(b) - math.log(a)) for a, b in zip(s, t, strict=True))
    assert found.item() == pytest.approx(wanted, abs=1e-6)


def test_equal_lists_have_no_divergence():
    scores = torch.randn(4, 6)
    found = list_kl(scores, 3 * scores + 2, student_temperature=0.3, teacher_temperature=0.3)
    assert found.item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("factor", "shift"), [(1.0, 100.0), (0.01, 0.0), (37.0, -5.0)])
def test_shifting_and_scaling_the_teacher_changes_nothing(factor, shift):
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(5, 8, generator=generator, dtype=torch.float64)
    teacher = torch.randn(5, 8, generator=generator, dtype=torch.float64)
    options = {"student_temperature": 0.25, "teacher_temperature": 0.5}
    plain = list_kl(student, teacher, **options)
    assert list_kl(student, factor * teacher + shift, **options).item() == pytest.approx(
        plain.item()
    )


def test_constant_lists_give_numbers_and_gradients():
    student = torch.full((2, 4), 3.0, requires_grad=True)
    loss = list_kl(
        student, torch.full((2, 4), -1.0), student_temperature=0.25, teacher_temperature=0.25
    )
    loss.backward()
    assert loss.item() == pytest.approx(0.0)
    assert torch.isfinite(student.grad).all()


def test_a_masked_token_never_wins_a_maximum():
    queries = unit([[1.0, 0.0]])[None]
    documents = unit([[-0.6, 0.8], [1.0, 0.0], [-1.0, 0.0]])[None]
    every = torch.ones(1, 1, dtype=torch.bool)
    masked = torch.tensor([[True, False, True]])
    assert maxsim_scores(queries, every, documents, masked).item() == pytest.approx(-0.6)
    # padding of zeros would score 0, above every real similarity
    padded = torch.cat([documents[:, [0, 2]], torch.zeros(1, 1, 2, dtype=torch.float64)], 1)
    mask = torch.tensor([[True, True, False]])
    assert maxsim_scores(queries, every, padded, mask).item() == pytest.approx(-0.6)


def test_maxsim_of_masked_query_tokens_and_of_empty_documents():
    queries = unit([[1.0, 0.0], [0.0, 1.0]])[None]
    documents = unit([[0.6, 0.8]])[None].expand(2, 1, 2).clone().requires_grad_()
    query_mask = torch.tensor([[True, False]])
    mask = torch.tensor([[True], [False]])
    scores = maxsim_scores(queries, query_mask, documents, mask)
    assert scores.tolist() == [[pytest.approx(0.6), 0.0]]
    scores.sum().backward()
    assert torch.isfinite(documents.grad).all()


def test_contrastive_loss_by_hand_and_without_ignored_documents():
    scores = torch.tensor([[2.0, 0.0, 5.0]], requires_grad=True)
    ignore = torch.tensor([[True, False, True]])  # the positive is not ignored, whatever is said
    loss = contrastive_loss(scores, torch.tensor([0]), ignore, temperature=2.0)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1.0)))
    loss.backward()
    assert scores.grad[0, 2].item() == 0.0
