"""The WinRM double of a host as the lab sees it: does it answer, and what is it told to do wrong?"""

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from lab.errors import LabError
from lab.windows.wsman.trouble import KINDS

HTTP, HTTPS = 5985, 5986
PORTS = (HTTP, HTTPS)
UNIT = "eeszt-winrm.service"
Trouble = Mapping[str, Any]
# Which key of the control file the word after a kind is, on the command line.
_WORD = {
    "refuse": "variant",
    "fault": "name",
    "certificate": "name",
    "drop": "when",
    "slow": "delay",
    "proxy": "status",
}
IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
)


def identifies(address: str) -> bool:
    """Whether WinRM says over HTTPS who it is; for a thread in the fleet's namespace."""
    # Whose certificate it shows is a question of tests, not of readiness.
    context = ssl._create_unverified_context()
    headers = {"Content-Type": "application/soap+xml;charset=UTF-8", "WSMANIDENTIFY": "unauthenticated"}
    talk = http.client.HTTPSConnection(address, HTTPS, timeout=3, context=context)
    try:
        talk.request("POST", "/wsman-anon/identify", IDENTIFY, headers)
        return talk.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        talk.close()


def entries(words: Sequence[str]) -> list[dict[str, Any]]:
    """Entries of the control file from `KIND[:WORD] [KEY=VALUE ...]`, several in a row; raises LabError.

    What they mean is in lab/windows/README.md; a value is JSON, or else text.
    """
    found: list[dict[str, Any]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            if not found:
                raise LabError(f"{word} stands before any fault; say first which one.")
            found[-1][key] = _value(value)
            continue
        kind, colon, rest = word.partition(":")
        if kind not in KINDS:
            raise LabError(f"WinRM cannot be told to {kind}; it knows ok, kill, start, {', '.join(sorted(KINDS))}.")
        if colon and kind not in _WORD:
            raise LabError(f"{kind} takes no word after a colon.")
        found.append({"kind": kind, **({_WORD[kind]: _value(rest)} if colon else {})})
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def control(troubles: Sequence[Trouble]) -> str:
    """The control file that orders these; raises LabError for a kind that is not known."""
    for one in troubles:
        if one.get("kind") not in KINDS:
            raise LabError(f"WinRM cannot be told to {one.get('kind')}; it knows {', '.join(sorted(KINDS))}.")
    return json.dumps({"faults": [dict(one) for one in troubles]}, indent=1)
