"""The virtual card: framing of the vpcd protocol and what the card answers."""

import socket
import threading

import pytest

from lab import card

SELECT_EID = bytes.fromhex("00A4040C09E80704007F00070302")


def test_frame_and_split_are_each_others_reverse() -> None:
    bodies = [b"\x04", b"", SELECT_EID, b"x" * 0xFFFF]
    stream = b"".join(card.frame(body) for body in bodies)
    assert card.split_frames(stream) == (bodies, b"")


@pytest.mark.parametrize("cut", range(len(SELECT_EID) + 2))
def test_a_cut_message_waits_for_the_rest(cut: int) -> None:
    stream = card.frame(SELECT_EID)
    assert card.split_frames(stream[:cut]) == ([], stream[:cut])


def test_a_body_that_the_length_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        card.frame(b"x" * 0x10000)


@pytest.mark.parametrize(
    ("apdu", "word"),
    [
        (SELECT_EID.hex(), "9000"),
        ("00A4040C000009E80704007F00070302", "9000"),
        ("00A4040C07A0000002471001", "6a82"),
        ("00A4020C02011C", "6a82"),
        ("00A4040C", "6a82"),
        ("00B0000000", "6d00"),
        ("00C0", "6700"),
    ],
)
def test_answers(apdu: str, word: str) -> None:
    assert card.EidCard().answer(bytes.fromhex(apdu)).hex() == word


def test_reset_forgets_the_selection() -> None:
    eid = card.EidCard()
    eid.answer(SELECT_EID)
    assert eid.selected == card.EID_AID
    eid.reset()
    assert eid.selected is None


def test_a_conversation_with_a_reader() -> None:
    reader, side = socket.socketpair()
    powered = threading.Event()
    talk = threading.Thread(target=card.serve, args=(side, card.EidCard(), card.ATR_HU_2016, powered.set))
    talk.start()
    with reader:
        reader.settimeout(5)
        # Power on has no answer; the ATR and the APDU come in one segment and are answered in order.
        reader.sendall(card.frame(b"\x01") + card.frame(b"\x04") + card.frame(SELECT_EID))
        expected = card.frame(card.ATR_HU_2016) + card.frame(b"\x90\x00")
        received = b""
        while len(received) < len(expected):
            received += reader.recv(64)
        assert received == expected
        assert powered.is_set()
    talk.join(5)
    assert not talk.is_alive()
    side.close()
