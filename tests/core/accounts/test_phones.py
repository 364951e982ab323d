"""Phone numbers as people write them."""

import pytest

from zhiyue.core.accounts.phones import said_phone, tidy_phone, veiled_phone


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+852 5123 4567", "+85251234567"),
        ("0044 7700 900123", "+447700900123"),
        ("12800138000", ""),
        ("1380013800", ""),
        ("+86 12345", ""),
        ("+86 021 6123 4567", ""),
        ("lin@example.com", ""),
        ("lin", ""),
        ("٠١٢٣٤٥٦٧٨٩", ""),
        ("", ""),
    ],
)
def test_one_number_however_it_is_written(typed, kept):
    assert tidy_phone(typed) == kept


def test_a_veiled_number_is_known_by_its_ends():
    assert veiled_phone("+8613800138000") == "+86138****8000"


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("+8613800138000", "138 0013 8000"),
        ("+86138****8000", "138 **** 8000"),
        ("+85291234567", "+85291234567"),
        ("", ""),
    ],
)
def test_a_number_of_the_mainland_is_said_in_three_groups(kept, said):
    assert said_phone(kept) == said
    assert not kept.isdigit() or tidy_phone(said) == kept
