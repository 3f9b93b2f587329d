"""SOAP messages of WS-Management: reading what a client asks, writing what the service answers.

Shapes follow [MS-WSMV] section 4 and what pywinrm and pypsrp send and read.
"""

import base64
import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"

CREATE = f"{TRANSFER}/Create"
DELETE = f"{TRANSFER}/Delete"
COMMAND = f"{SHELL}/Command"
SEND = f"{SHELL}/Send"
RECEIVE = f"{SHELL}/Receive"
SIGNAL = f"{SHELL}/Signal"
IDENTIFY = "Identify"

DEFAULT_ENVELOPE = 153600
DEFAULT_TIMEOUT = 60.0
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")


class BadMessage(Exception):
    """The body is not a SOAP message that we take."""


@dataclass(frozen=True)
class Message:
    """One request.  `timeout` in seconds, `envelope` (largest answer) in bytes; `body` is soap:Body."""

    action: str
    message_id: str
    body: ET.Element
    resource: str = ""
    selectors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    timeout: float = DEFAULT_TIMEOUT
    envelope: int = DEFAULT_ENVELOPE

    @property
    def verb(self) -> str:
        """The action's last word: Create, Command, Send, Receive, Signal, Delete, Identify."""
        return self.action.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Stream:
    """A part of a stream, as Send carries it."""

    command_id: str
    data: bytes
    end: bool


def parse(raw: bytes) -> Message:
    """Read a request.  Raises BadMessage.

    A document type is refused, and the text is decoded here, so that no declared encoding can hide one.
    """
    try:
        text = _DECLARATION.sub("", raw.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise BadMessage("the body is not UTF-8") from fault
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadMessage("a document type is not taken")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as fault:
        raise BadMessage(f"the body is not XML: {fault}") from fault
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise BadMessage("the body is not a SOAP 1.2 envelope")
    header = root.find(f"{{{SOAP}}}Header")
    if body.find(f"{{{IDENTITY}}}Identify") is not None:
        return Message(IDENTIFY, "", body)
    return _message(ET.Element("Header") if header is None else header, body)


def _message(header: ET.Element, body: ET.Element) -> Message:
    def said(namespace: str, name: str) -> str:
        return (header.findtext(f"{{{namespace}}}{name}") or "").strip()

    envelope = said(WSMAN, "MaxEnvelopeSize")
    return Message(
        action=said(ADDRESSING, "Action"),
        message_id=said(ADDRESSING, "MessageID"),
        body=body,
        resource=said(WSMAN, "ResourceURI"),
        selectors=_named(header, "SelectorSet", "Selector"),
        options=_named(header, "OptionSet", "Option"),
        timeout=seconds(said(WSMAN, "OperationTimeout"), DEFAULT_TIMEOUT),
        envelope=int(envelope) if envelope.isdigit() else DEFAULT_ENVELOPE,
    )


def _named(header: ET.Element, group: str, item: str) -> dict[str, str]:
    found = header.iterfind(f"{{{WSMAN}}}{group}/{{{WSMAN}}}{item}")
    return {each.get("Name", ""): each.text or "" for each in found}


def seconds(duration: str, default: float) -> float:
    """An xs:duration of days and less in seconds, or `default` for anything else."""
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        return default
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def in_shell(name: str) -> str:
    """A name in the shell's namespace as xml.etree writes it."""
    return f"{{{SHELL}}}{name}"


def stdin_of(message: Message) -> list[Stream]:
    """What a Send carries.  Raises BadMessage."""
    parts = []
    for part in message.body.iterfind(f"{in_shell('Send')}/{in_shell('Stream')}"):
        try:
            data = base64.b64decode(part.text or "", validate=False)
        except (binascii.Error, ValueError) as fault:
            raise BadMessage("a stream is not base64") from fault
        end = part.get("End", "").lower() in ("true", "1")
        parts.append(Stream(part.get("CommandId", ""), data, end))
    return parts


def answer(action: str, relates_to: str, body: str) -> bytes:
    """An answer's envelope around `body`, which is XML with the prefixes s, a, x, w, rsp and p."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}"'
        f' xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
        f"<s:Header><a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def created(message: Message, address: str, shell_id: str) -> bytes:
    """The answer to Create."""
    return answer(
        f"{TRANSFER}/CreateResponse",
        message.message_id,
        f"<x:ResourceCreated><a:Address>{escape(address)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(message.resource)}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{escape(shell_id)}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{escape(shell_id)}</rsp:ShellId>"
        f"<rsp:ResourceUri>{escape(message.resource)}</rsp:ResourceUri></rsp:Shell>",
    )


def started(message: Message, command_id: str) -> bytes:
    """The answer to Command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{escape(command_id)}</rsp:CommandId></rsp:CommandResponse>"
    return answer(f"{SHELL}/CommandResponse", message.message_id, body)


def done(message: Message) -> bytes:
    """The answer to Send, Signal and Delete: nothing but that it was done."""
    if message.action == DELETE:
        return answer(f"{TRANSFER}/DeleteResponse", message.message_id, "")
    return answer(f"{message.action}Response", message.message_id, f"<rsp:{message.verb}Response/>")


def received(message: Message, command_id: str, streams: Sequence[tuple[str, bytes]], exit_code: int | None) -> bytes:
    """The answer to Receive.  `exit_code` None: the command still runs."""
    own = quoteattr(command_id)
    parts = [
        f'<rsp:Stream Name="{name}" CommandId={own}>{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in streams
    ]
    if exit_code is None:
        parts.append(f'<rsp:CommandState CommandId={own} State="{SHELL}/CommandState/Running"/>')
    else:
        parts += [f'<rsp:Stream Name="{name}" CommandId={own} End="true"/>' for name in ("stdout", "stderr")]
        parts.append(
            f'<rsp:CommandState CommandId={own} State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
    return answer(f"{SHELL}/ReceiveResponse", message.message_id, body)


def identity(version: str) -> bytes:
    """The answer to wsmid:Identify; `version` is 0.0.0 for one who has not said who he is, as on Windows."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:wsmid="{IDENTITY}"><s:Header/><s:Body><wsmid:IdentifyResponse>'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {escape(version)} SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
