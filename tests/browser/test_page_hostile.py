"""What documents and addresses say stays text, and is cut where the server means it."""

from urllib.parse import quote

from .site import HOSTILE, HOSTILE_ID, HOSTILE_TITLE

STEERING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def is_safe(page):
    body = page.script("return document.body.textContent")
    assert not STEERING & set(body)
    assert page.script("return document.querySelectorAll('body img, body script').length") == 0
    assert page.script("return window.isHit === undefined")
    return body


def test_a_hostile_document_is_text(page):
    page.open("#q=zebra+stripes&k=1")
    page.point_at("zebra")
    assert page.titles() == [HOSTILE_TITLE.replace("\u202e", "\ufffd")]
    assert page.texts(".place .id") == [HOSTILE_ID.replace("\u202e", "\ufffd")]
    page.one(".hit summary").click()
    body = is_safe(page)
    assert "<script>window.isHit = true</script> <img src=x" in body
    assert "& &amp; stripes." in body
    page.one(".hit h2 a").click()
    page.until(lambda: "character" in page.one("#reader-range").text)
    shown = page.script("return document.querySelector('#reader-text').textContent")
    assert shown == HOSTILE.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")
    is_safe(page)


def test_marks_stand_where_they_belong_behind_emoji_and_rare_letters(page):
    page.open("#q=zebra+stripes&k=1")
    page.until(lambda: page.texts("mark.lit") == ["zebra", "stripes"])
    page.open("#q=" + quote("𠀀𠀀 zebra"))
    page.until(lambda: page.texts(".query button") == ["𠀀𠀀", "zebra"])
    page.point_at("𠀀𠀀")
    assert page.texts(".hit:first-child mark.best") == ["𠀀𠀀"]
    page.open("#doc=" + quote(HOSTILE_ID, safe="") + "&at=0-2")
    page.until(lambda: page.texts("#reader-text mark") == ["😀😀"])


def test_a_hostile_address_is_text_or_an_error(page):
    evil = quote("<img src=x onerror='window.isHit=true'>\u202e")
    page.open(f"#q={evil}&mode={evil}&k={evil}&index={evil}&where={evil}")
    assert page.one("#notice").text
    is_safe(page)
    page.open(f"#q={evil}&doc={evil}&at=9-1")
    page.until(lambda: page.one("#reader-notice").text)
    is_safe(page)
