"""What text do these bytes spell?"""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colmodern.corpus.decoding import NotTextError, decode, find_encoding, without_surrogates

GERMAN = "Der Schlüssel wird geprüft, bevor die Tür öffnet. Größe: groß."


def test_utf8_is_taken_as_it_is_newlines_and_all():
    assert decode("naïve\r\ncafé\n\rend".encode()) == "naïve\r\ncafé\n\rend"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_decides_and_is_dropped(mark, encoding):
    assert decode(mark + "key ✓".encode(encoding)) == "key ✓"


@pytest.mark.parametrize("text", ["café", GERMAN, "“Smart quotes” and a dash…", "piña, niño"])
def test_western_text_of_one_byte_a_letter_is_recognised_however_short(text):
    assert decode(text.encode("cp1252")) == text


def test_other_scripts_are_recognised():
    russian = "Привет, как дела? Сегодня хорошая погода и мы идём гулять в парк."
    assert decode(russian.encode("cp1251")) == russian
    japanese = "これは日本語の文章です。今日は天気がいいですね。"
    assert decode(japanese.encode("shift_jis")) == japanese


def test_the_declared_encoding_is_tried_before_a_guess():
    text = "Żółw idzie"
    assert decode(text.encode("iso8859_2"), declared="iso-8859-2") == text
    assert decode(GERMAN.encode("cp1252"), declared="no-such-encoding") == GERMAN


def test_a_declared_encoding_does_not_overrule_utf8():
    assert decode(GERMAN.encode(), declared="latin-1") == GERMAN


def test_one_broken_byte_does_not_spoil_a_file_of_utf8():
    data = (GERMAN * 3).encode() + b"\xff end"
    assert decode(data) == GERMAN * 3 + "\ufffd end"


def test_nul_bytes_at_the_beginning_are_no_text():
    with pytest.raises(NotTextError, match="NUL"):
        decode(b"\x7fELF\x02\x01\x01\x00\x00")


@pytest.mark.parametrize("data", [b"\0", b"\0\0", b"\0a", b"a\0b\0c\0", b"\0" * 100])
def test_a_few_bytes_with_nuls_are_no_text(data):
    with pytest.raises(NotTextError):
        find_encoding(data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_needs_no_byte_order_mark(encoding):
    assert decode(GERMAN.encode(encoding)) == GERMAN
    with pytest.raises(NotTextError, match="NUL"):  # control characters are no letters
        decode("Key\x01\x02".encode(encoding))


def test_halves_of_pairs_in_utf8_are_joined():
    pair = b"\xed\xa0\xbd\xed\xb9\x82"
    assert decode(b"a " + pair + b" key") == "a 🙂 key"
    assert decode(b"a \xed\xa0\xbd key") == "a \ufffd key"
    assert decode(b"\xed\xb9\x82" + pair) == "\ufffd🙂"


def test_a_guess_does_not_mix_scripts_in_a_word():
    text = "Bücher über Öl und Süßes\r\n" * 5
    assert decode(text.encode("cp850")) == text
    hebrew = "המפתח נמצא מתחת לשטיח ליד הדלת של המחסן הישן. "
    assert decode((hebrew * 2).encode("cp1255")) == hebrew * 2


def test_bytes_of_no_encoding_are_no_text():
    noise = bytes((i * 7919) % 255 + 1 for i in range(3000))
    with pytest.raises(NotTextError, match="neither UTF-8 nor"):
        decode(noise)


def test_a_sample_may_end_within_a_character():
    data = ("x" * 9 + "é").encode()[:-1]
    assert find_encoding(data, is_sample=True).name == "utf-8"


def test_lone_surrogates_are_replaced_one_for_one():
    assert without_surrogates("a\ud800b\udc00") == "a\ufffdb\ufffd"
    assert without_surrogates("plain 𝄞") == "plain 𝄞"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_is_decoded_can_be_encoded_again(data):
    try:
        text = decode(data)
    except NotTextError:
        return
    text.encode("utf-8")


@settings(deadline=None)
@given(st.text(max_size=200).filter(lambda text: "\0" not in text))
def test_every_text_in_utf8_comes_back(text):
    assert decode(text.encode()) == text.removeprefix("\ufeff")
