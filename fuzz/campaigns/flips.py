"""A flipped bit, a cut or a missing stretch in a file of an index: answers are right, or refused.

What reads may meet damage without knowing it (a checksum of a whole file is compared by ``verify``
and by what writes). So an answer may differ only where ``verify`` names the file, and what a writer
leaves must either be what it would have left without the damage, or damaged as before.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from colmodern.indexer import repair
from colmodern.storage import IndexReader, verify
from fuzz.campaigns.children import Result
from fuzz.campaigns.commands import Outcome, run
from fuzz.campaigns.samples import ENCODER, Sample, State, difference, documents_of, state_of

__all__ = ["Reference", "flip", "harm", "reference_of"]

READS = [
    ("search", "lamp river page5", "--format", "json"),
    ("search", "stone row4", "--mode", "bm25", "--format", "json"),
    ("search", "paper program2", "--effort", "exact", "--format", "json"),
    ("search", "oven", "--where", "n >= 1 or year > 2003", "--format", "json"),
    ("explain", "cloud engine", "5.md"),
    ("info", "--format", "json"),
]  # fmt: skip


class Reference(NamedTuple):
    """What every command comes to on the sound index; ``named`` are the files that make it up."""

    sample: Sample
    place: Path
    named: frozenset[str]
    before: State
    answers: dict[tuple[str, ...], Outcome]
    after: dict[tuple[str, ...], State]


def writes(sample: Sample) -> list[tuple[str, ...]]:
    """Return the commands that write."""
    model = ("--model", ENCODER.name)
    return [("index", str(sample.files), *model), ("delete", "5.md", "r2"), ("compact",)]


def reference_of(sample: Sample, place: Path) -> Reference:
    """Do every command on sound copies at a place."""
    answers, after = {}, {}
    at = ("--index", str(place))
    for words in writes(sample):
        sample.copy(place)
        done = run(*words, *at)
        if done.status:
            raise RuntimeError(f"{words} on a sound index: {done}")
        after[words] = state_of(place)
    sample.copy(place)
    for words in READS:
        answers[words] = run(*words, *at)
        if answers[words].status:
            raise RuntimeError(f"{words} on a sound index: {answers[words]}")
    with IndexReader.open(place) as reader:
        named = frozenset(file.name for file in reader.manifest.files()) | {"manifest.json"}
    return Reference(sample, place, named, state_of(place), answers, after)


def flip(reference: Reference, rng: random.Random) -> Result:
    """Harm a copy of the index, and see what each command makes of it."""
    place = reference.sample.copy(reference.place)
    files = sorted(path for path in place.rglob("*") if path.is_file())
    damaged = rng.choice(files)
    result = Result([harm(damaged, rng)])
    name = damaged.relative_to(place).as_posix()
    told = run("verify", "--index", str(place))
    is_told = told.status != 0 and name.split("/")[-1] in told.err
    if is_told != (name in reference.named):
        result.findings.append(f"verify: {told}")
    for words in rng.sample(READS, 2):
        _read(reference, words, name, result)
    if rng.random() < 0.15:
        _mend(reference, name, result)
    else:
        _write(reference, rng.choice(writes(reference.sample)), name, result)
    result.findings = [f"{result.seen[0]} {name}: {finding}" for finding in result.findings]
    return result


def harm(path: Path, rng: random.Random) -> str:
    """Change a file; return how."""
    data = bytearray(path.read_bytes())
    how = rng.choice(["bit", "bit", "bit", "cut", "stretch", "zeros", "gone"])
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice([1, 8, 64, 512]))
    if how == "gone":
        path.unlink()
        return how
    if how == "zeros" and any(data[at:end]):
        data[at:end] = bytes(end - at)
    elif how == "cut":
        del data[at:]
    elif how == "stretch":
        del data[at:end]
    else:
        how = "bit"
        data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return how


def _read(reference: Reference, words: tuple[str, ...], name: str, result: Result) -> None:
    found = run(*words, "--index", str(reference.place))
    wanted = reference.answers[words]
    wrong = found.wrong()
    if wrong:
        result.findings.append(f"{words[0]}: {wrong}")
    elif "[document_not_found]" in found.err:  # its id is another one now
        result.seen.append("told by verify")
        if name not in reference.named:
            result.findings.append(f"{words}: {found.err}")
    elif found.is_refused:
        result.seen.append("refused")
        _must_name(name, words, found, result)
    elif _answer(found) == _answer(wanted):
        result.seen.append("right")
    else:
        result.seen.append("told by verify")
        if name not in reference.named:
            result.findings.append(f"{words}: {found.out} instead of {wanted.out}")


def _answer(outcome: Outcome) -> tuple[int, list[str]]:
    """Return an answer without its times."""
    lines = outcome.out.splitlines()
    return outcome.status, [line for line in lines if "seconds" not in line and "_ms" not in line]


def _write(reference: Reference, words: tuple[str, ...], name: str, result: Result) -> None:
    place = reference.place
    before = _bytes_of(reference)
    done = run(*words, "--index", str(place))
    wrong = done.wrong()
    if wrong:
        result.findings.append(f"{words[0]}: {wrong}")
    elif done.is_refused:
        result.seen.append("not written")
        _must_name(name, words, done, result)
        if _bytes_of(reference) != before:
            result.findings.append(f"{words[0]} failed, and changed the index")
    elif verify(place):
        result.seen.append("written, told by verify")
    elif state_of(place) != reference.after[words]:
        result.findings.append(
            f"{words[0]} wrote {difference(state_of(place), reference.after[words])}"
        )
    else:
        result.seen.append("written")


def _mend(reference: Reference, name: str, result: Result) -> None:
    report = repair(reference.place, ENCODER)
    problems = verify(reference.place)
    if problems:
        result.findings.append(f"repair left {problems}")
        return
    found, before = documents_of(state_of(reference.place)), documents_of(reference.before)
    wrong = {i for i, _ in found - before} - {*report.unsure}
    if report.read or name == "manifest.json":  # files have changed since: they are as they are now
        wrong -= {"2.md", "3.md"}
    lost = {i for i, _ in before} - {i for i, _ in found}
    if wrong:
        result.findings.append(f"repair made {wrong}, unasked: {report}")
    if not lost <= {*report.lost} and len(lost) > report.n_unnamed + len(report.lost):
        result.findings.append(f"repair lost {lost} without a word: {report}")
    result.seen.append("mended" if report.is_whole else "mended, losses listed")


def _must_name(name: str, words: tuple[str, ...], outcome: Outcome, result: Result) -> None:
    if name.rsplit("/", maxsplit=1)[-1] not in outcome.err:
        result.findings.append(f"{words[0]} does not name the file: {outcome.err}")


def _bytes_of(reference: Reference) -> dict[str, bytes]:
    """Return the files that make up the index, which a failed change leaves as they are."""
    paths = {name: reference.place / name for name in reference.named}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}
