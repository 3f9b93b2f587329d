"""EESZT identifiers: what follows from the registers' ids, and what is refused with which words."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.identifiers import (
    PREFIX_OF_PROFESSION,
    IdentifierError,
    check_institution_id,
    check_user_name,
    derive_institution_id,
    derive_user_name,
    doubts_about_institution_id,
    doubts_about_user_name,
)

DIGITS = st.text(string.digits, min_size=1, max_size=9)
KNOWN_SHAPE = st.from_regex(r"[0-9]{5}[0-9A-Z]", fullmatch=True)
ANYTHING = st.one_of(
    st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.none(), st.dates(), st.binary()
)


def test_the_operators_own_examples() -> None:
    assert derive_user_name("doctor", "50123") == "O50123"
    assert derive_institution_id("oth", "01620K") == "E01620K"


def test_a_five_character_id_of_ogyei_gets_one_zero_on_its_left() -> None:
    assert derive_institution_id("ogyei", "99002") == "P099002"
    assert derive_institution_id("ogyei", "199002") == "P199002"


@pytest.mark.parametrize(("profession", "prefix"), [("doctor", "O"), ("healthcare_worker", "S"), ("pharmacist", "G")])
def test_profession_and_prefix_give_the_same_name(profession: str, prefix: str) -> None:
    assert derive_user_name(profession, "7") == derive_user_name(prefix, "7") == f"{prefix}7"


@pytest.mark.parametrize(
    ("authority", "value", "message", "remedy"),
    [
        ("oth", "M655", "NEAK code", "six-character id"),
        ("ogyei", "M655", "NEAK code", "six-character id"),
        ("oth", "001293696", "code of an organisational unit", "operating licence"),
        ("oth", "01620k", "lower-case letter", 'write "01620K"'),
        ("oth", "O1620K", "letter O where a zero", 'write "01620K"'),
        ("oth", "E01620K", "already has a prefix", 'write "01620K"'),
        ("oth", "1620K", "has 5 characters", "a zero on its left may have been lost"),
        ("ogyei", "9900200", "has 7 characters", "or five (then one zero"),
        ("oth", "", "it is empty", "as text"),
        ("oth", " 01620K", "has a blank", 'without: "01620K"'),
        ("oth", "01620K\u00a0", "has a blank", 'without: "01620K"'),
        ("oth", "016\u200b20K", "invisible character", "type it again"),
        ("oth", "0162０K", "full-width digit", "write the ordinary 0"),
        ("oth", "01620Ｋ", "full-width letter", "write the ordinary K"),
        ("oth", "01620К", "only looks like K (U+041A CYRILLIC CAPITAL LETTER KA)", "type the Latin K"),
        ("oth", "01620Κ", "only looks like K (U+039A GREEK CAPITAL LETTER KAPPA)", "type the Latin K"),
        ("oth", "01620Á", "a character that no id has", "A-Z"),
        ("oth", "01620-", "other characters than letters and digits", "six characters"),
        ("neak", "01620K", '"neak" is no authority', "oth or ogyei"),
    ],
)
def test_an_institution_id_is_refused_by_its_name(authority: str, value: str, message: str, remedy: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        derive_institution_id(authority, value)
    assert message in refused.value.message
    assert remedy in refused.value.remedy


def test_a_number_is_refused_and_nobody_pretends_to_know_what_it_was() -> None:
    with pytest.raises(IdentifierError) as refused:
        derive_institution_id("oth", 193)
    assert refused.value.message == "it is the number 193, not text"
    assert '"000301" (YAML takes a leading zero for octal)' in refused.value.remedy
    assert '"000193" (zeros dropped)' in refused.value.remedy
    assert "cannot be restored" in refused.value.remedy


def test_a_number_of_six_digits_was_most_likely_itself() -> None:
    with pytest.raises(IdentifierError, match='most likely "101200"'):
        derive_institution_id("oth", 101200)


@pytest.mark.parametrize("value", [1.5, True, None, b"01620K", ["01620K"]])
def test_whatever_is_not_text_is_refused(value: object) -> None:
    with pytest.raises(IdentifierError, match="not text"):
        derive_institution_id("oth", value)


@pytest.mark.parametrize(
    ("profession", "value", "message", "remedy"),
    [
        ("o", "50123", "lower case; EESZT user names are case-sensitive", 'write "O"'),
        ("0", "50123", 'the digit zero "0"', 'capital letter "O"'),
        ("nurse", "50123", "neither a profession nor a prefix", "doctor"),
        ("other", "50123", "cannot be derived", "give it as user_name"),
        ("doctor", "O50123", "begins with a prefix", 'write "50123"'),
        ("doctor", "5O123", "letter O where a zero", "digit 0"),
        ("doctor", "50-123", "not a base registry number", "digits only"),
        ("doctor", "５0123", "full-width digit", "ordinary 5"),
        ("doctor", "50 123", "has a blank", '"50123"'),
        ("doctor", 50123, "it is the number 50123", 'most likely "50123"'),
        ("doctor", "", "it is empty", "as text"),
    ],
)
def test_a_user_name_is_refused_by_its_name(profession: str, value: object, message: str, remedy: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        derive_user_name(profession, value)
    assert message in refused.value.message
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("050123", 'write the capital letter O: "O50123"'),
        ("50123", "has no prefix"),
        ("o50123", "lower case"),
        ("О50123", "only looks like O"),
        ("O5O123", "letter O after its prefix"),
        ("O", "not a user name"),
        ("O501A", "not a user name"),
        ("X", "write X and the letters and digits"),
        ("Q50123", "neither a profession nor a prefix"),
    ],
)
def test_a_typed_user_name_is_looked_at_too(value: str, message: str) -> None:
    with pytest.raises(IdentifierError, match=message):
        check_user_name(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("01620K", 'the id of an authority, not of EESZT – .*"E01620K" when OTH gave it, "P01620K" when OGYÉI'),
        ("99002", '"P099002" when OGYÉI gave it'),
        ("e01620K", "the prefix of .* is lower case"),
        ("E01620k", "lower-case letter"),
        ("EO1620K", "letter O where a zero"),
        ("M655", "NEAK code"),
        ("001293696", "organisational unit"),
        ("Q01620K", "not an EESZT institution id"),
    ],
)
def test_a_typed_institution_id_is_looked_at_too(value: str, message: str) -> None:
    with pytest.raises(IdentifierError, match=message):
        check_institution_id(value)


def test_what_is_possible_but_unlike_all_known_ids_is_only_doubted() -> None:
    assert doubts_about_institution_id("E01620K") is None
    assert "does not look like the known ids" in str(
        doubts_about_institution_id(derive_institution_id("oth", "0A620K"))
    )
    assert doubts_about_user_name("O50123") is None
    assert "longer than 10" in str(doubts_about_user_name(derive_user_name("doctor", "1234567890")))


@given(KNOWN_SHAPE)
def test_every_id_of_the_known_shape_is_taken_and_passes_its_own_check(six: str) -> None:
    institution_id = derive_institution_id("oth", six)
    assert institution_id == check_institution_id(institution_id) == f"E{six}"
    assert doubts_about_institution_id(institution_id) is None


@given(st.from_regex(r"[0-9]{4}[0-9A-Z]", fullmatch=True))
def test_padding_adds_exactly_one_zero(five: str) -> None:
    assert derive_institution_id("ogyei", five) == f"P0{five}" == derive_institution_id("ogyei", f"0{five}")


@given(st.sampled_from(["doctor", "healthcare_worker", "pharmacist", "clinical_psychologist"]), DIGITS)
def test_every_user_name_that_is_made_passes_its_own_check(profession: str, number: str) -> None:
    user_name = derive_user_name(profession, number)
    assert check_user_name(user_name) == user_name
    assert user_name == PREFIX_OF_PROFESSION[profession] + number


@given(ANYTHING)
def test_whatever_comes_the_answer_is_an_id_or_a_reason(value: object) -> None:
    for derive in (
        lambda: derive_institution_id("oth", value),
        lambda: derive_institution_id("ogyei", value),
        lambda: derive_user_name("doctor", value),
        lambda: check_user_name(value),
        lambda: check_institution_id(value),
    ):
        try:
            answer = derive()
        except IdentifierError as refused:
            answer = "reason" if refused.message and refused.remedy else ""
        assert answer.isascii()
        assert answer.isalnum()


@given(KNOWN_SHAPE, st.integers(0, 5), st.sampled_from("０１２３ＡКОЕ éő\u200b\t"))
def test_one_strange_character_anywhere_is_noticed(six: str, place: int, strange: str) -> None:
    with pytest.raises(IdentifierError):
        derive_institution_id("oth", six[:place] + strange + six[place + 1 :])
