import pytest

torch = pytest.importorskip("torch")

from colmodern.distill.losses import cosine_loss, maxsim_loss, similarity_loss  # noqa: E402


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
