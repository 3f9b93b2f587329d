"""One connection: HTTP/1.1 as Windows' HTTP.sys and WinRM answer it, and the trouble that was ordered."""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from . import auth, faults, soap, trouble
from .auth import Accounts
from .config import Config
from .faults import Fault, Refused
from .service import Caller, ClientGone, Service
from .soap import Message
from .trouble import Control, Trouble

_IDLE = 900.0
_HANG_LOOK = 0.1
_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_PROXY_PAGE = b"<html><head><title>Proxy</title></head><body><h1>The page cannot be displayed</h1></body></html>\r\n"


@dataclass(frozen=True)
class Host:
    """What the connections of one host share."""

    config: Config
    service: Service
    accounts: Accounts
    control: Control
    stopping: threading.Event


class _Drop(Exception):
    """Close the connection without (the rest of) an answer."""


class Connection(BaseHTTPRequestHandler):
    """Serves all requests of one connection, in its constructor as BaseHTTPRequestHandler does."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    timeout = _IDLE

    def __init__(self, connection: socket.socket, peer: tuple[str, int], host: Host, number: int) -> None:
        self._host = host
        self._number = number
        self._trouble: dict[str, Trouble] = {}
        with contextlib.suppress(_Drop):
            super().__init__(connection, peer, None)  # type: ignore[arg-type]

    def setup(self) -> None:
        """Answer at once: the header and the body are two writes."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the requests hold scripts and their secrets."""

    def do_GET(self) -> None:
        """WinRM answers POST alone."""
        self._reply(405, b"")

    def do_POST(self) -> None:
        """One WS-Management request."""
        size = self.headers.get("Content-Length", "0")
        if not size.isdigit() or int(size) > self._host.config.envelope:
            self.close_connection = True
            self._reply(413, b"")
            return
        body = self.rfile.read(int(size))
        message, problem = _parsed(body)
        self._trouble = self._host.control.pick(self._host.service.host, message.verb if message else "")
        if self._stopped_short():
            return
        if message is not None and message.action == soap.IDENTIFY and self._may_ask_unknown():
            self._reply(200, soap.identity("0.0.0"))
            return
        account = self._account()
        if account is None:
            self._refuse(self._offers())
        elif self.path.partition("?")[0].lower() not in ("/wsman", "/wsman/"):
            self._reply(404, b"")
        elif not body:
            self._reply(200, b"")
        elif message is None:
            self._fault(faults.BAD_MESSAGE, "", problem)
        elif message.action == soap.IDENTIFY:
            self._reply(200, soap.identity(self._host.config.version))
        else:
            self._serve(message, account)

    def _serve(self, message: Message, account: str) -> None:
        ordered = self._trouble.get("fault")
        if ordered is not None:
            self._fault(trouble.fault_of(ordered), message.message_id)
            return
        caller = Caller(account, self._number, f"http://{self.headers.get('Host', '')}/wsman", self._alive)
        try:
            answer = self._host.service.answer(message, caller)
        except Refused as refused:
            self._fault(refused.fault, message.message_id)
        except soap.BadMessage as bad:
            self._fault(faults.BAD_MESSAGE, message.message_id, str(bad))
        except ClientGone as gone:
            raise _Drop from gone
        else:
            self._reply(200, answer)

    def _may_ask_unknown(self) -> bool:
        asked = self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated"
        return asked or self.path.lower().startswith("/wsman-anon/identify")

    def _account(self) -> str | None:
        header = self.headers.get("Authorization", "")
        if isinstance(self.connection, ssl.SSLSocket):
            peer = self.connection.getpeercert()
            named = self._host.accounts.certificate(header, peer)
            if named is not None:
                return named
        elif not self._host.config.unencrypted:
            return None
        return self._host.accounts.basic(header)

    def _offers(self) -> Sequence[str]:
        """What a refusal offers: Basic is not offered where it may not be used."""
        secure = isinstance(self.connection, ssl.SSLSocket)
        allowed = secure or self._host.config.unencrypted
        return [each for each in self._host.config.offers if allowed or each != auth.BASIC]

    def _stopped_short(self) -> bool:
        """Trouble that comes before anything is done; True: answered."""
        ordered = self._trouble
        if "hang" in ordered:
            self._hang(ordered["hang"])
        if "slow" in ordered:
            time.sleep(float(ordered["slow"].details.get("delay", 0)))
        if "drop" in ordered and ordered["drop"].details.get("when", "request") == "request":
            raise _Drop
        if "proxy" in ordered:
            self._proxy(int(ordered["proxy"].details.get("status", 200)))
            return True
        if "refuse" in ordered:
            offers = trouble.REFUSALS.get(str(ordered["refuse"].details.get("variant", "")))
            self._refuse(self._offers() if offers is None else offers)
            return True
        return False

    def _hang(self, ordered: Trouble) -> None:
        """Wait until the control file says otherwise."""
        while self._host.control.stands(ordered):
            if self._host.stopping.wait(_HANG_LOOK) or not self._alive():
                raise _Drop

    def _proxy(self, status: int) -> None:
        self.close_connection = True
        body = b"" if status == 407 else _PROXY_PAGE
        headers = [("Content-Type", "text/html"), ("Via", "1.1 proxy")]
        if status == 407:
            headers.append(("Proxy-Authenticate", 'Basic realm="proxy"'))
        self._reply(status, body, headers)

    def _refuse(self, offers: Sequence[str]) -> None:
        self.close_connection = True
        self._reply(401, b"", [("WWW-Authenticate", each) for each in offers])

    def _fault(self, fault: Fault, relates_to: str, _problem: str = "") -> None:
        config = self._host.config
        self._reply(500, fault.envelope(relates_to, self._host.service.host, config.language))

    def _reply(self, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> None:
        drop = self._trouble.get("drop")
        if drop is not None and drop.details.get("when") == "answer":
            raise _Drop
        self.send_response(status)
        kinds = [name for name, _ in headers]
        if "Content-Type" not in kinds and body:
            self.send_header("Content-Type", _SOAP_TYPE)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if drop is not None and drop.details.get("when") == "middle":
            self.wfile.write(body[: len(body) // 2])
            raise _Drop
        self._write(body)

    def _write(self, body: bytes) -> None:
        slow = self._trouble.get("slow")
        rate = float(slow.details.get("bytes_per_second", 0)) if slow else 0.0
        if not rate:
            self.wfile.write(body)
            return
        step = max(1, int(rate / 10))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if self._host.stopping.wait(step / rate):
                raise _Drop

    def _alive(self) -> bool:
        """Has the client left its side of the connection open?"""
        poll = select.poll()
        poll.register(self.connection.fileno(), _GONE)
        return not any(event & _GONE for _, event in poll.poll(0)) and not self._host.stopping.is_set()


def _parsed(body: bytes) -> tuple[Message | None, str]:
    try:
        return soap.parse(body), ""
    except soap.BadMessage as bad:
        return None, str(bad)
