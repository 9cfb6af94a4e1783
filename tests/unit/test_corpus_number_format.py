"""What a number of a sheet looks like: as Excel and LibreOffice show it."""

from __future__ import annotations

import pytest

from colmodern.corpus.extraction.office.number_format import BUILT_IN, shown_number


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (12, "General", "12"), (0.1 + 0.2, "General", "0.3"), (1 / 3, "General", "0.3333333333"),
        (-4.5, "General", "-4.5"), (123456789012, "General", "123456789012"),
        (1e20, "General", "1E+20"), (1234.5, "#,##0.00", "1,234.50"), (0, "#,##0", "0"),
        (1234567, "#,##0", "1,234,567"), (-3.14159, "0.00", "-3.14"), (2.5, "0", "3"),
        (1.005, "0.00", "1.01"), (0.256, "0.0%", "25.6%"), (-0.001, "0.00", "0.00"),
        (-5, "0.00;[Red](0.00)", "(5.00)"), (0, '0;-0;"nil"', "nil"), (7, ";;;", ""),
        (1234.5, '#,##0.00 "EUR"', "1,234.50 EUR"), (9.5, "[$\u20ac-407] 0.00", "\u20ac 9.50"),
        (5551234, "000-0000", "555-1234"), (7, "00000", "00007"), (0.5, "#.##", ".5"),
        (3, "0.##", "3."), (1500000, '0.0,,"M"', "1.5M"), (0.00012, "0.00E+00", "1.20E-04"),
        (2.25, "# ?/?", "2 1/4"), (0.5, "?/?", "1/2"), (12, '_-* #,##0_-;-* #,##0_-', "12"),
        (5, '[<10]"few";[>=10]"many"', "few"), (50, '[<10]"few";[>=10]"many"', "many"),
        (45292, "yyyy-mm-dd", "2024-01-01"), (45292.75, "d mmm yyyy hh:mm", "1 Jan 2024 18:00"),
        (45292.75, "h:mm AM/PM", "6:00 PM"), (45292, "dddd, mmmm d", "Monday, January 1"),
        (0.5, "h:mm", "12:00"), (1.5, "[h]:mm:ss", "36:00:00"), (45292.000011574, "ss.0", "01.0"),
        (60, "d/m/yyyy", "29/2/1900"), (1, "yyyy-mm-dd", "1900-01-01"), (59, "d.m.yy", "28.2.00"),
        (-1, "yyyy-mm-dd", "-1"), (3e7, "yyyy-mm-dd", "30000000"),
        (45292, BUILT_IN[14], "2024-01-01"),
        (45292, "m/d/yyyy;@", "1/1/2024"), (45292, "[$-409]d-mmm-yy", "1-Jan-24"),
        (2.0, '0"', "2"), (3, "[", "["), (1e300, "0", "1" + "0" * 300),
    ],
)  # fmt: skip
def test_a_number_is_shown_by_its_format(value, code, shown):
    assert shown_number(value, code) == shown


def test_days_may_be_counted_from_1904():
    assert shown_number(0, "yyyy-mm-dd", from_1904=True) == "1904-01-01"
    assert shown_number(43830, "yyyy-mm-dd", from_1904=True) == "2024-01-01"


@pytest.mark.parametrize(
    "code", ["0" * 5000, '"' * 5000, "#,," * 900, "0." + "0" * 5000, "m" * 99, ""]
)
def test_any_format_gives_a_text(code):
    for value in (0.0, -1.5, 45292.5, 1e307, 5e-324):
        assert len(shown_number(value, code)) < 2000
