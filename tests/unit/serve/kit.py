"""What the tests of the server share."""

from colmodern import HashEncoder

ENCODER = HashEncoder(dim=64)
DOCUMENTS = [
    ("a", "Blue ovens are hot. They bake bread in the morning."),
    ("b/c d", "Red trains run fast."),
    ("é", "Grüne Äpfel fallen."),
]


def refused(response, code, status):
    """Check that a request was refused with a code, and return what the client is told."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert answer["error"]["code"] == code
    assert answer["request_id"] == response.headers["x-request-id"]
    return answer["error"]
