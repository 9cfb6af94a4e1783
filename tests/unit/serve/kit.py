"""What the tests of the server share."""

import time

from colmodern import HashEncoder

ENCODER = HashEncoder(dim=64)
DOCUMENTS = [
    ("a", "Blue ovens are hot. They bake bread in the morning."),
    ("b/c d", "Red trains run fast."),
    ("é", "Grüne Äpfel fallen."),
]
READ, WRITE, ADMIN = "r" * 20, "w" * 20, "a" * 20


def refused(response, code, status):
    """Check that a request was refused with a code, and return what the client is told."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert answer["error"]["code"] == code
    assert answer["request_id"] == response.headers["x-request-id"]
    return answer["error"]


def ended(client, answer):
    """Wait for a job that was accepted; return what became of it."""
    assert answer.status_code == 202, answer.text
    while True:
        told = client.get(answer.headers["location"]).json()
        if told["state"] in ("done", "failed"):
            return told
        time.sleep(0.01)
