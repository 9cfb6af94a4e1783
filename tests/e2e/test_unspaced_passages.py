"""The passage of a text without blanks between words holds the answer, its words marked."""

# ruff: noqa: RUF001 - other scripts are what is tested

from __future__ import annotations

import pytest

from colmodern import Document, Encoder, Indexer, Searcher

TEXTS = {
    "zh": [
        "图书馆每天早上九点开门。",
        "二楼的阅览室可以借用电脑！",
        "遗失的雨伞放在门卫室的柜子里。",
    ],
    "ja": [
        "市民プールは月曜日が休みです。",
        "駐車場は建物の裏にあります｡",
        "忘れ物の傘は受付の棚にあります。",
    ],
    "ko": [
        "박물관은 월요일에 쉽니다. ",
        "주차장은 건물 뒤에 있습니다. ",
        "잃어버린 우산은 안내소 서랍에 있습니다. ",
    ],
    "th": [
        "พิพิธภัณฑ์เปิดทุกวันตั้งแต่เก้าโมงเช้าจนถึงหกโมงเย็น ",
        "ที่จอดรถอยู่ด้านหลังอาคารติดกับสวนสาธารณะริมแม่น้ำ ",
        "ร่มที่ลืมไว้เก็บอยู่ในตู้ของห้องประชาสัมพันธ์ชั้นล่าง ",
    ],
}
QUERIES = {"zh": "雨伞", "ja": "傘", "ko": "우산은", "th": "ร่ม"}
FILLER = {
    "zh": "花园里的树很高。",
    "ja": "庭の木はとても高いです。",
    "ko": "마당의 나무가 높다. ",
    "th": "ต้นไม้ในสวนสูงมากและให้ความเย็นแก่ผู้คนที่เดินผ่านไปมา ",
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    path = tmp_path_factory.mktemp("unspaced") / "index"
    documents = []
    for language, lines in TEXTS.items():
        filler = FILLER[language] * 40
        documents.append(Document(language, "".join([filler, *lines, filler])))
    Indexer(path, Encoder.load()).build(documents)
    with Searcher.open(path) as opened:
        yield opened


@pytest.mark.parametrize("mode", ["bm25", "hybrid", "late"])
@pytest.mark.parametrize("language", TEXTS)
def test_the_passage_holds_the_answer(searcher, language, mode):
    query = QUERIES[language]
    hits = searcher.search(query, mode=mode)
    assert hits.doc_ids[0] == language
    passage = hits[0].passage
    assert TEXTS[language][2].strip() in passage.text
    assert len(passage.text) < 500
    shown = [passage.text[a - passage.start : b - passage.start] for a, b in passage.highlights]
    assert shown == [query]
    answers = [one for one in passage.sentences if one.answers]
    texts = [passage.text[one.start - passage.start : one.end - passage.start] for one in answers]
    assert texts == [TEXTS[language][2].strip()]


def test_words_that_the_model_knows_beside_those_it_does_not(searcher):
    hits = searcher.search("the umbrella 雨伞", mode="hybrid")
    passage = next(hit for hit in hits if hit.doc_id == "zh").passage
    assert TEXTS["zh"][2] in passage.text
