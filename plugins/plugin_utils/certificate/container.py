# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outer form of a PKCS#12 file (RFC 7292): what the library does not tell.

The library opens the file and gives one key; it does not say whether a refused file was one at all, whether the
password was right (the checksum agrees) and only the cipher unknown, and it hides every key but the first.
BER as older Java and Netscape wrote it (indefinite lengths, cut octet strings) is read too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x10, 0x11
_UNIVERSAL, _CONTEXT = 0, 2
_DATA = bytes.fromhex("2a864886f70d010701")  # pkcs7-data, 1.2.840.113549.1.7.1
_KEY_BAG = bytes.fromhex("2a864886f70d010c0a0101")
_SHROUDED_KEY_BAG = bytes.fromhex("2a864886f70d010c0a0102")
_DIGESTS = {
    "2b0e03021a": "sha1",
    "608648016503040204": "sha224",
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}
_DEEPEST = 32
_MOST_ITERATIONS = 10_000_000


class MalformedError(ValueError):
    """The bytes are not the structure they should be."""


@dataclass(frozen=True, slots=True)
class Node:
    """One BER element: its class and tag number, its contents, its own bytes whole, its children if constructed."""

    cls: int
    tag: int
    content: bytes
    whole: bytes
    children: tuple[Node, ...]

    def octets(self) -> bytes:
        """The bytes of an octet string, also of one that was cut in pieces."""
        return b"".join(child.octets() for child in self.children) if self.children else self.content


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    """Return (length or None if indefinite, where the contents begin)."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count == 0:
        return None, at + 1
    if count > 4:
        raise MalformedError("a length of more than four bytes")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _node(data: bytes, start: int, depth: int) -> tuple[Node, int]:
    """Read the element at ``start``; return it and where the next one begins. Raises MalformedError or IndexError."""
    if depth > _DEEPEST:
        raise MalformedError("nested too deep")
    head = data[start]
    cls, constructed, tag = head >> 6, bool(head & 0x20), head & 0x1F
    if tag == 0x1F:
        raise MalformedError("a tag of more than one byte")
    length, begin = _length(data, start + 1)
    children: list[Node] = []
    at = begin
    if length is None:
        while data[at : at + 2] != b"\0\0":
            child, at = _node(data, at, depth + 1)
            children.append(child)
        end, after = at, at + 2
    else:
        end = after = begin + length
        if end > len(data):
            raise MalformedError("cut short")
        while constructed and at < end:
            child, at = _node(data[:end], at, depth + 1)
            children.append(child)
    return Node(cls, tag, data[begin:end], data[start:after], tuple(children)), after


def parse(data: bytes) -> Node:
    """Read one element. Raises MalformedError."""
    try:
        return _node(data, 0, 0)[0]
    except IndexError as error:
        raise MalformedError("cut short") from error


def _is(node: Node, tag: int, cls: int = _UNIVERSAL) -> bool:
    return node.cls == cls and node.tag == tag


def _pfx(data: bytes) -> Node:
    """PFX ::= SEQUENCE { version 3, authSafe ContentInfo, macData OPTIONAL }."""
    pfx = parse(data)
    if not _is(pfx, _SEQUENCE) or len(pfx.children) < 2:
        raise MalformedError("no PFX")
    version, safe = pfx.children[:2]
    if not _is(version, _INTEGER) or version.content != b"\x03" or not _is(safe, _SEQUENCE):
        raise MalformedError("no PFX of version 3")
    return pfx


def is_pkcs12(data: bytes) -> bool:
    """Whether the bytes have the outer form of a PKCS#12 file, whatever is inside."""
    try:
        _pfx(data)
    except MalformedError:
        return False
    return True


def _data_of(info: Node) -> bytes | None:
    """The octets of a ContentInfo of type data; None for an encrypted one."""
    if len(info.children) < 2 or info.children[0].content != _DATA or not info.children[1].children:
        return None
    return info.children[1].children[0].octets()


def key_bags(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield (encrypted, DER of PKCS#8) of each key that lies in a plain safe, as all common writers store them.

    Raises MalformedError.
    """
    safes = _data_of(_pfx(data).children[1])
    for info in parse(safes).children if safes is not None else ():
        bags = _data_of(info)
        for bag in parse(bags).children if bags is not None else ():
            kind = bag.children[0].content if len(bag.children) > 1 else b""
            if kind in (_KEY_BAG, _SHROUDED_KEY_BAG) and bag.children[1].children:
                yield kind == _SHROUDED_KEY_BAG, bag.children[1].children[0].whole


def derive_mac_key(password: str, salt: bytes, iterations: int, digest: str) -> bytes:
    """RFC 7292, appendix B.2, for the checksum (ID 3); one round of hashing is enough for its length."""
    block = hashlib.new(digest).block_size
    encoded = (password + "\0").encode("utf-16-be")

    def stretch(piece: bytes) -> bytes:
        size = block * -(-len(piece) // block)
        return (piece * (size // len(piece) + 1))[:size] if piece else b""

    key = b"\x03" * block + stretch(salt) + stretch(encoded)
    for _round in range(iterations):
        key = hashlib.new(digest, key).digest()
    return key


def mac_agrees(data: bytes, password: str) -> bool | None:
    """Whether the file's checksum agrees with the password; None when there is none or it is of an unknown kind."""
    try:
        pfx = _pfx(data)
        safes = _data_of(pfx.children[1])
        info, salt, *rest = pfx.children[2].children
        algorithm, expected = info.children
        digest = _DIGESTS[algorithm.children[0].content.hex()]
        iterations = int.from_bytes(rest[0].content, "big") if rest else 1
    except (MalformedError, IndexError, KeyError, ValueError):
        return None
    if safes is None or not 0 < iterations <= _MOST_ITERATIONS:
        return None
    key = derive_mac_key(password, salt.octets(), iterations, digest)
    return hmac.compare_digest(hmac.new(key, safes, digest).digest(), expected.octets())
