# Copyright: the eeszt.connect maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""EESZT user names and institution ids: made from what the registers give, and refused with the right reason.

The rules are the operator's page on joining: a user name is prefix + base registry number (O50123), an
institution id is prefix + the six characters of OTH or OGYÉI (E01620K), an OGYÉI id of five characters gets
one zero on its left. The page also says that case matters. Nothing is repaired here: a wrong id that was
silently mended would be somebody else's. What the page leaves open (lengths, which letters) is doubted, not
refused: see ``doubts_*``.
"""

from __future__ import annotations

import re
import unicodedata

PREFIX_OF_PROFESSION = {
    "doctor": "O",
    "healthcare_worker": "S",
    "pharmacist": "G",
    "clinical_psychologist": "C",
    "other": "X",
}
PROFESSION_OF_PREFIX = {prefix: profession for profession, prefix in PREFIX_OF_PROFESSION.items()}
PREFIX_OF_AUTHORITY = {"oth": "E", "ogyei": "P"}

_LONGEST_USER_NAME = 10  # seen as a field width in one public system; longer ones are doubted, not refused
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_LOOK_ALIKES = dict(
    zip(
        "АВСЕНІЈКМОРЅТХУаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABCEHIJKMOPSTXYaeopcyxijsABEZHIKMNOPTYXo",
        strict=True,
    )
)


class IdentifierError(ValueError):
    """An identifier that cannot be right; ``message`` says why, ``remedy`` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} – {remedy}")


def derive_user_name(profession: str, base_number: object) -> str:
    """Return the EESZT user name, e.g. ``O50123``.

    ``profession`` is a key of ``PREFIX_OF_PROFESSION`` or a prefix; ``base_number`` the text of the base
    registry number. Raises ``IdentifierError``; so it does for prefix X, whose names the operator gives.
    """
    prefix = PREFIX_OF_PROFESSION.get(profession) or check_prefix(profession)
    if prefix == "X":
        raise IdentifierError(
            "the user name of somebody without a health profession (prefix X) cannot be derived",
            "ask the operator of EESZT for the name and give it as user_name",
        )
    text = _as_text(base_number, width=0)
    _refuse_odd_characters(text)
    if text[:1].upper() in PROFESSION_OF_PREFIX:
        raise IdentifierError(
            f'"{text}" begins with a prefix; a base registry number has digits only',
            f'write "{text[1:]}"; the prefix comes from the profession',
        )
    if "O" in text.upper():
        raise IdentifierError(f'"{text}" has the letter O where a zero must be', "write the digit 0")
    if not text.isdigit():
        raise IdentifierError(f'"{text}" is not a base registry number', "write its digits only")
    return prefix + text


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` when it is one of O, S, G, C, X; raises ``IdentifierError``."""
    if prefix in PROFESSION_OF_PREFIX:
        return prefix
    if prefix == "0":
        raise IdentifierError('the prefix is the digit zero "0"', 'write the capital letter "O"')
    if prefix.upper() in PROFESSION_OF_PREFIX:
        raise IdentifierError(
            f'the prefix "{prefix}" is lower case; EESZT user names are case-sensitive',
            f'write "{prefix.upper()}"',
        )
    raise IdentifierError(
        f'"{prefix}" is neither a profession nor a prefix',
        f"use one of {', '.join(PREFIX_OF_PROFESSION)}, or a prefix of {', '.join(PROFESSION_OF_PREFIX)}",
    )


def check_user_name(value: object) -> str:
    """Return ``value`` when it can be an EESZT user name; raises ``IdentifierError``."""
    text = _as_text(value, width=0)
    _refuse_odd_characters(text)
    if text[0] == "0":
        raise IdentifierError(f'"{text}" begins with the digit zero', f'write the capital letter O: "O{text[1:]}"')
    if text[0].isdigit():
        raise IdentifierError(
            f'"{text}" has no prefix', "put O, S, G, C or X before the number, according to the profession"
        )
    check_prefix(text[0])
    rest = text[1:]
    if text[0] == "X":
        if not rest.isalnum():
            raise IdentifierError(f'"{text}" is not a user name', "write X and the letters and digits given with it")
    elif "O" in rest.upper():
        raise IdentifierError(f'"{text}" has the letter O after its prefix', "write the digit 0 there")
    elif not rest.isdigit():
        raise IdentifierError(f'"{text}" is not a user name', "write the prefix and the digits of the base number")
    return text


def derive_institution_id(authority: str, authority_id: object) -> str:
    """Return the EESZT institution id.

    ``authority`` is ``oth`` or ``ogyei``. For example ``oth`` and ``01620K`` give ``E01620K``, ``ogyei`` and
    ``99002`` give ``P099002``. Raises ``IdentifierError``.
    """
    if authority not in PREFIX_OF_AUTHORITY:
        raise IdentifierError(f'"{authority}" is no authority', "use oth or ogyei")
    text = _as_text(authority_id, width=6)
    _refuse_odd_characters(text)
    _refuse_other_codes(text)
    padded = text.rjust(6, "0") if authority == "ogyei" and len(text) == 5 else text
    _refuse_wrong_six(padded, text, authority)
    return PREFIX_OF_AUTHORITY[authority] + padded


def check_institution_id(value: object) -> str:
    """Return ``value`` when it can be an EESZT institution id; raises ``IdentifierError``."""
    text = _as_text(value, width=6)
    _refuse_odd_characters(text)
    if text[0] in "ep" and len(text) == 7:
        raise IdentifierError(
            f'the prefix of "{text}" is lower case; EESZT ids are case-sensitive', f'write "{text.upper()}"'
        )
    if len(text) == 7 and text[0] in "EP":
        _refuse_wrong_six(text[1:], text[1:], "oth" if text[0] == "E" else "ogyei")
        return text
    _refuse_other_codes(text)
    if len(text) in (5, 6):
        by_ogyei = f'"P{text.rjust(6, "0")}" when OGYÉI gave it'
        choice = by_ogyei if len(text) == 5 else f'"E{text}" when OTH gave it, {by_ogyei}'
        raise IdentifierError(
            f'"{text}" is the id of an authority, not of EESZT', f"write the EESZT institution id: {choice}"
        )
    raise IdentifierError(f'"{text}" is not an EESZT institution id', "write E or P and six characters, e.g. E01620K")


def doubts_about_institution_id(institution_id: str) -> tuple[str, str] | None:
    """Return (message, remedy) when an id is possible but unlike all the known ones."""
    if re.fullmatch(r"[EP][0-9]{5}[0-9A-Z]", institution_id):
        return None
    return (
        f"{institution_id} does not look like the known ids (five digits, then a digit or a letter)",
        "compare it with the operating licence",
    )


def doubts_about_user_name(user_name: str) -> tuple[str, str] | None:
    """Return (message, remedy) when a user name is possible but longer than those known."""
    if len(user_name) <= _LONGEST_USER_NAME:
        return None
    return f"{user_name} is longer than {_LONGEST_USER_NAME} characters", "compare it with the register"


def _as_text(value: object, width: int) -> str:
    if isinstance(value, str):
        if not value:
            raise IdentifierError("it is empty", "give the id as text")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise IdentifierError(f"it is the number {value}, not text", _what_it_was(value, width))
    raise IdentifierError(
        f"it is {type(value).__name__.lstrip('_')} {value!s}, not text", "give the id as text, in quotes"
    )


def _what_it_was(number: int, width: int) -> str:
    """Tell what an id may have been before something took it for a number."""
    octal = f"{number:o}" if number > 0 else ""
    guesses = []
    if width and octal and len(octal) < width:
        guesses.append(f'"{octal.zfill(width)}" (YAML takes a leading zero for octal)')
    if width and len(str(number)) < width:
        guesses.append(f'"{str(number).zfill(width)}" (zeros dropped)')
    if len(str(number)) >= width:
        guesses.append(f'"{number}"')
    most_likely = "most likely " if len(guesses) == 1 else "perhaps "
    was = f"it was {most_likely}{' or '.join(guesses)}"
    return f"{was}; this cannot be restored, so copy it again from its source, in quotes"


def _refuse_odd_characters(text: str) -> None:
    for character in text:
        if character.isspace():
            raise IdentifierError(f'"{text}" has a blank', f'write it without: "{"".join(text.split())}"')
        if character in _ZERO_WIDTH:
            raise IdentifierError(f"{text!a} has an invisible character", "type it again instead of pasting it")
        if character.isascii():
            continue
        code = f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"
        narrow = unicodedata.normalize("NFKC", character)
        if narrow.isascii() and narrow.isalnum() and unicodedata.east_asian_width(character) == "F":
            what = "digit" if narrow.isdigit() else "letter"
            raise IdentifierError(f'"{text}" has a full-width {what} ({code})', f"write the ordinary {narrow}")
        if character in _LOOK_ALIKES:
            twin = _LOOK_ALIKES[character]
            raise IdentifierError(
                f'"{text}" has a character that only looks like {twin} ({code})', f"type the Latin {twin}"
            )
        raise IdentifierError(
            f'"{text}" has a character that no id has ({code})', "use the letters A-Z and the digits 0-9"
        )


def _refuse_other_codes(text: str) -> None:
    if re.fullmatch(r"[0-9]{9}", text):
        raise IdentifierError(
            f'"{text}" has nine digits: it is the code of an organisational unit',
            "give the six-character id of the provider, from the first page of the operating licence",
        )
    if re.fullmatch(r"[A-Za-z0-9]{4}", text):
        raise IdentifierError(
            f'"{text}" has four characters: it is a NEAK code',
            "give the six-character id of the provider, from the first page of the operating licence",
        )


def _refuse_wrong_six(six: str, typed: str, authority: str) -> None:
    """Refuse what cannot be the six characters; ``typed`` is how the user wrote them."""
    lengths = "six characters, or five (then one zero is put before them)" if authority == "ogyei" else "six characters"
    if len(six) == 7 and six[0] in "EPep":
        raise IdentifierError(
            f'"{typed}" already has a prefix', f'write "{typed[1:]}"; the EESZT id is derived from it'
        )
    if not six.isalnum():
        raise IdentifierError(f'"{typed}" has other characters than letters and digits', f"the id has {lengths}")
    if len(six) != 6:
        lost = "; a zero on its left may have been lost" if len(six) < 6 else ""
        raise IdentifierError(f'"{typed}" has {len(typed)} characters', f"the id has {lengths}{lost}")
    if six != six.upper():
        raise IdentifierError(
            f'"{typed}" has a lower-case letter; EESZT ids are case-sensitive', f'write "{typed.upper()}"'
        )
    if "O" in six[:5]:
        raise IdentifierError(f'"{typed}" has the letter O where a zero must be', f'write "{typed.replace("O", "0")}"')
