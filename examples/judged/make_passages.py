"""Write ``passages.jsonl``: questions, the document that answers each, and where in it.

python examples/judged/make_passages.py

An answer is given by its first and its last words; the file has the characters between them.
Questions and answers were written before any choice of a passage was tuned. Some are hard: they
share no telling word with their answer, or another part of the document looks more like it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Answer(NamedTuple):
    """Where one stands: the first occurrence of ``first``, up to the next end of ``last``."""

    document: str
    question: str
    first: str
    last: str


ANSWERS = (
    Answer(
        "security/key-management.md",
        "who may revoke a key that has leaked?",
        "After an exposure, the decision",
        "may do it together.",
    ),
    Answer(
        "security/key-management.md",
        "how often do service certificates have to be renewed?",
        "| service | ninety days",
        "after sixty days |",
    ),
    Answer(
        "security/key-management.md",
        "can I test something with a throwaway key?",
        "For tests there is a second",
        "without\nasking.",
    ),
    Answer(
        "security/key-management.md",
        "how many people are needed to rebuild a storage key?",
        "Copies of storage keys are split",
        "the key\ntogether again.",
    ),
    Answer(
        "security/key-management.md",
        "what happens to the private key of a program that is shut down?",
        "The owner runs `station-key retire`",
        "destroys the private half.",
    ),
    Answer(
        "security/key-management.md",
        "who keeps the list of all keys, and what may they not do?",
        "The *registrar* keeps the register.",
        "count them wrongly.",
    ),
    Answer(
        "security/incident-response.md",
        "how soon must the regulator hear about a privacy breach?",
        "If personal data may have been read",
        "did not tell anyone.",
    ),
    Answer(
        "security/incident-response.md",
        "are we allowed to pay a ransom to hackers?",
        "We do not negotiate with blackmailers",
        "we do not pay.",
    ),
    Answer(
        "security/incident-response.md",
        "should a hacked computer be powered down?",
        "Do not switch the machine off.",
        "best trace that we have.",
    ),
    Answer(
        "security/incident-response.md",
        "who talks to journalists during a crisis?",
        "**The voice** talks to those outside",
        "Nobody else does.",
    ),
    Answer(
        "security/incident-response.md",
        "will I be punished for causing an outage?",
        "It does not ask who was at fault.",
        "it never will be",
    ),
    Answer(
        "operations/on-call.md",
        "can I sleep in after my phone woke me in the small hours?",
        "If you were called between midnight",
        "ask anyone.",
    ),
    Answer(
        "operations/on-call.md",
        "deploying software right before the weekend",
        "No changes are made on a Friday",
        "look at our pages.",
    ),
    Answer(
        "operations/on-call.md",
        "how fast do I have to react to an alert?",
        "You answer within ten minutes",
        "within thirty.",
    ),
    Answer(
        "operations/on-call.md",
        "what if an alarm is useless and keeps going off?",
        "If the same thing rings three times",
        "own authority.",
    ),
    Answer(
        "operations/on-call.md",
        "exchanging shifts with a colleague",
        "Swaps are free.",
        "corridor.",
    ),
    Answer(
        "sea/boat-operations.md",
        "can a manager force the captain to sail?",
        "Nobody\nashore, of whatever rank",
        "counts as asking.",
    ),
    Answer(
        "sea/boat-operations.md",
        "maximum wind speed for the inflatable",
        "| *Dunlin* | 17 knots",
        "one mile |",
    ),
    Answer(
        "sea/boat-operations.md",
        "rescuing a colleague who fell overboard",
        "**Somebody is in the water.**",
        "lying flat if you can",
    ),
    Answer(
        "sea/boat-operations.md",
        "when is the coastguard alerted?",
        "If a call is missed",
        "calls the coastguard.",
    ),
    Answer(
        "sea/boat-operations.md",
        "how far must we keep from animals on the rocks?",
        "We stay a hundred metres away",
        "September to November.",
    ),
    Answer(
        "sea/boat-operations.md",
        "drinking beer before a trip",
        "No alcohol on board",
        "eight hours before.",
    ),
    Answer(
        "laboratory/safety.md",
        "what to do when acid splashes into my face",
        "**Something in the eye**",
        "stopped\nhurting.",
    ),
    Answer(
        "laboratory/safety.md",
        "odourless gas that can suffocate you",
        "**Liquid nitrogen** boils off",
        "without any smell.",
    ),
    Answer(
        "laboratory/safety.md",
        "I am expecting a baby, which work must I avoid?",
        "Formalin and the\ntwo sources",
        "asking why.",
    ),
    Answer(
        "laboratory/safety.md",
        "who can overrule me and halt an experiment?",
        "The laboratory duty officer of the day",
        "after you have stopped.",
    ),
    Answer(
        "laboratory/safety.md",
        "bottle with crystals around the lid",
        "Ether is dated when it is opened",
        "ring the safety officer.",
    ),
    Answer(
        "data/retention.md",
        "how long are CVs of rejected candidates stored?",
        "| applications of people",
        "destroyed |",
    ),
    Answer(
        "data/retention.md",
        "I want to see the information held about me",
        "You may ask what the station knows",
        "one sentence is\nenough.",
    ),
    Answer(
        "data/retention.md", "is CCTV footage kept?", "| pictures of the cameras", "overwritten |"
    ),
    Answer(
        "money/procurement.md",
        "from which price on are several quotes required?",
        "| up to 25,000",
        "the office |",
    ),
    Answer(
        "money/procurement.md",
        "may I accept a present from a supplier?",
        "Gifts of up to twenty pounds",
        "good collection.",
    ),
    Answer(
        "people/travel.md",
        "is a more comfortable plane seat possible for tall people?",
        "Those who are taller than one metre ninety",
        "knees fit.",
    ),
    Answer(
        "people/travel.md",
        "an immigration officer tells me to open my computer",
        "At a border you may be asked",
        "Do so.",
    ),
    Answer(
        "operations/power-outage.txt",
        "blackout and the generator does not come on",
        "No: go to the generator shed.",
        "no second one.",
    ),
    Answer(
        "operations/alarm_thresholds.py",
        "how hot may the server room get before someone is alerted?",
        "MACHINE_HALL_CELSIUS",
        "minutes=5)",
    ),
)


def rows() -> Iterator[dict[str, object]]:
    """Yield a row for each question."""
    lines = (HERE / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    for number, answer in enumerate(ANSWERS, 1):
        text = texts[answer.document]
        start = text.index(answer.first)
        end = text.index(answer.last, start) + len(answer.last)
        yield {
            "_id": f"p{number:02}",
            "text": answer.question,
            "document": answer.document,
            "spans": [[start, end]],
        }


if __name__ == "__main__":
    with (HERE / "passages.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
