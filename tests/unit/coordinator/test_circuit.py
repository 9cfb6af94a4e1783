"""When a server is asked no more and again, and when another one is asked too."""

import pytest

from colmodern.serve.coordinator.circuit import Circuit, CircuitState
from colmodern.serve.coordinator.hedging import HedgeBudget, Latencies


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuit(clock):
    return Circuit(failures=3, recovery=2.0, clock=clock)


def opened(circuit):
    for _ in range(3):
        circuit.failed()
    assert circuit.state is CircuitState.OPEN


def test_failures_in_a_row_open_it(circuit):
    for _ in range(2):
        circuit.failed()
        circuit.failed()
        assert circuit.state is CircuitState.CLOSED
        circuit.succeeded()
    opened(circuit)


def test_it_is_tried_after_a_time_by_one_at_a_time(circuit, clock):
    assert not circuit.take_probe()  # it is closed
    opened(circuit)
    clock.now += 1.9
    assert not circuit.take_probe()
    clock.now += 0.2
    assert circuit.take_probe()
    assert circuit.state is CircuitState.HALF_OPEN
    assert not circuit.take_probe()
    circuit.probed(is_well=False)
    assert (circuit.state, circuit.take_probe()) == (CircuitState.OPEN, False)
    clock.now += 2.1
    assert circuit.take_probe()
    circuit.probed(is_well=True)
    assert circuit.state is CircuitState.CLOSED
    circuit.failed()
    assert circuit.state is CircuitState.CLOSED  # counted from the beginning


def test_answers_of_before_do_not_close_it(circuit, clock):
    opened(circuit)
    circuit.succeeded()
    assert circuit.state is CircuitState.OPEN
    circuit.failed()
    clock.now += 2.1
    assert circuit.take_probe()


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_second_requests_are_a_share_of_all(share):
    budget = HedgeBudget(share)
    spent = 0
    for _ in range(1000):
        budget.earn()
        spent += budget.spend()
    assert spent <= 1000 * share + 1
    assert spent >= 1000 * share - 1


def test_what_is_saved_has_an_end():
    budget = HedgeBudget(1.0)
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == 10


def test_what_is_slow_is_known_after_some_answers():
    latencies = Latencies()
    for number in range(19):
        latencies.add(float(number))
    assert latencies.slow is None
    latencies.add(19.0)
    assert latencies.slow == 18.0
    for _ in range(1000):
        latencies.add(0.5)
    assert latencies.slow == 0.5
