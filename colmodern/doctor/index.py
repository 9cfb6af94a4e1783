"""Is an index sound, and does it fit its documents?"""

from __future__ import annotations

from pathlib import Path

from colmodern.doctor.finding import Finding, note, problem
from colmodern.errors import ColModernError

_AREA = "index"
_MOST_PROBLEMS = 20


def index_findings(path: Path) -> tuple[list[Finding], tuple[str, str] | None]:
    """Return what is found about an index, and its encoder's name and fingerprint if it is read.

    Every file is read and compared with its checksum.
    """
    from colmodern.searcher import Searcher

    try:
        with Searcher.open(path) as searcher:
            about = searcher.describe()
    except ColModernError as error:
        return [problem(_AREA, "opened", error.code, f"{error}")], None
    names = ("index", "documents", "tokens", "segments", "bytes", "bits", "generation")
    findings = [Finding(_AREA, name, about[name]) for name in names]
    findings += [_sound(path), _fit(about["drift"]), _left_out(about["not_indexed"])]
    return findings, (about["encoder"], about["fingerprint"])


def _sound(path: Path) -> Finding:
    from colmodern.storage import verify

    found = [str(one) for one in verify(path)]
    if found:
        more = [f"and {len(found) - _MOST_PROBLEMS} more"] if len(found) > _MOST_PROBLEMS else []
        return problem(_AREA, "files", found[:_MOST_PROBLEMS] + more, "Mend it: colmodern repair.")
    return Finding(_AREA, "files", "every one as it was written")


def _fit(drift: float | None) -> Finding:
    from colmodern.storage import DRIFT_LIMIT

    if drift is not None and drift > DRIFT_LIMIT:
        advice = "Documents that were added fit the codec badly: colmodern compact --retrain."
        return note(_AREA, "drift", drift, advice)
    return Finding(_AREA, "drift", drift)


def _left_out(counts: dict[str, int]) -> Finding:
    if counts:
        shown = [f"{count:,} {reason}" for reason, count in counts.items()]
        return note(_AREA, "not indexed", shown, "colmodern status names the files.")
    return Finding(_AREA, "not indexed", 0)
