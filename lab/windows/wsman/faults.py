"""The SOAP faults of WinRM: their codes, subcodes and texts.

Codes are those of wsmerror.h and winerror.h; the form of each is what Windows sends ([MS-WSMV] 2.2.4.43 and 3.1.4.1,
and recorded answers in the test suites of pywinrm and WinRb).  Hungarian texts are translations of ours, not
Microsoft's: nothing may decide by them.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from . import soap

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
_WMI = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

ENGLISH, HUNGARIAN = "en-US", "hu-HU"


@dataclass(frozen=True)
class Fault:
    """One fault.  `wmi`: its code stands in an MSFT_WmiError, as the quota of operations does since Windows 8."""

    code: int
    role: str
    subcode: str
    english: str
    hungarian: str
    detail: str = ""
    wmi: bool = False

    def envelope(self, relates_to: str, machine: str, language: str = ENGLISH) -> bytes:
        """The SOAP message, with its text in `language`."""
        text = escape(self.hungarian if language == HUNGARIAN else self.english)
        detail = f"<w:FaultDetail>{_DETAIL}/{self.detail}</w:FaultDetail>" if self.detail else ""
        inner = self._wmi(text) if self.wmi else self._wsman(text, machine)
        body = (
            f"<s:Fault><s:Code><s:Value>s:{self.role}</s:Value>"
            f"<s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="{language}">{text} </s:Text></s:Reason>'
            f"<s:Detail>{detail}{inner}</s:Detail></s:Fault>"
        )
        return soap.answer(ACTION, relates_to, body)

    def _wsman(self, text: str, machine: str) -> str:
        return (
            f'<f:WSManFault xmlns:f="{soap.FAULT}" Code="{self.code}" Machine={quoteattr(machine)}>'
            f"<f:Message>{text} </f:Message></f:WSManFault>"
        )

    def _wmi(self, text: str) -> str:
        return (
            f'<e:MSFT_WmiError xmlns:e="{_WMI}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            ' xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xsi:type="e:MSFT_WmiError_Type">'
            f'<e:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</e:CIMStatusCode>'
            f'<e:Message xsi:type="cim:cimString">{text} </e:Message>'
            f'<e:MessageID xsi:type="cim:cimString">HRESULT 0x{self.code:08x}</e:MessageID>'
            f'<e:error_Category xsi:type="cim:cimUnsignedInt">30</e:error_Category>'
            f'<e:error_Code xsi:type="cim:cimUnsignedInt">{self.code}</e:error_Code>'
            f'<e:error_Type xsi:type="cim:cimString">HRESULT</e:error_Type>'
            f'<e:error_WindowsErrorMessage xsi:type="cim:cimString">{text} </e:error_WindowsErrorMessage>'
            "</e:MSFT_WmiError>"
        )


class Refused(Exception):
    """A request that is answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.english)
        self.fault = fault


_SERVICE = "The WS-Management service cannot process the request."
_SZOLGALTATAS = "A WS-Management szolgáltatás nem tudja feldolgozni a kérést."

TIMED_OUT = Fault(
    2150858793,
    "Receiver",
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
    "A WS-Management szolgáltatás nem tudja végrehajtani a műveletet az OperationTimeout értékben megadott időn belül.",
    detail="OperationTimeout",
)
NO_SHELL = Fault(
    2150858843,
    "Sender",
    "w:InvalidSelectors",
    f"{_SERVICE} The request contained invalid selectors for the resource.",
    f"{_SZOLGALTATAS} A kérés az erőforráshoz érvénytelen választókat tartalmazott.",
    detail="UnexpectedSelectors",
)
BUSY = Fault(
    170, "Receiver", "w:InternalError", "The requested resource is in use.", "A kért erőforrás használatban van."
)
ACCESS_DENIED = Fault(5, "Sender", "w:AccessDenied", "Access is denied.", "A hozzáférés megtagadva.")
MAX_SHELLS = Fault(
    2150859173,
    "Sender",
    "w:QuotaLimit",
    f"{_SERVICE} The maximum number of concurrent shells for this user has been exceeded. "
    "Close existing shells or raise the quota for this user.",
    f"{_SZOLGALTATAS} A felhasználó túllépte az egyidejű felületek megengedett legnagyobb számát. "
    "Zárja be a meglévő felületeket, vagy növelje a felhasználó kvótáját.",
)
MAX_OPERATIONS = Fault(
    2150859174,
    "Receiver",
    "w:InternalError",
    f"{_SERVICE} The maximum number of concurrent operations for this user has been exceeded. "
    "Close existing operations for this user, or raise the quota for this user.",
    f"{_SZOLGALTATAS} A felhasználó túllépte az egyidejű műveletek megengedett legnagyobb számát. "
    "Zárja be a felhasználó meglévő műveleteit, vagy növelje a felhasználó kvótáját.",
    wmi=True,
)
MAX_COMMANDS = Fault(
    2150859241,
    "Receiver",
    "w:InternalError",
    f"{_SERVICE} The maximum number of concurrent commands per shell has been exceeded. "
    "Retry the request later or raise the Maximum Commands per Shell quota.",
    f"{_SZOLGALTATAS} A felületenként egyidejűleg futtatható parancsok száma elérte a megengedett legnagyobb értéket.",
)
TIME_SKEW = Fault(
    2148074276,
    "Receiver",
    "w:InternalError",
    "The clocks on the client and server machines are skewed.",
    "Az ügyfél és a kiszolgáló órája eltér egymástól.",
)
NOT_SUPPORTED = Fault(
    2150858753,
    "Sender",
    "a:ActionNotSupported",
    f"{_SERVICE} It does not support the action specified in the message.",
    f"{_SZOLGALTATAS} Nem támogatja az üzenetben megadott műveletet.",
)
BAD_MESSAGE = Fault(
    2150858817,
    "Sender",
    "w:SchemaValidationError",
    f"{_SERVICE} The SOAP packet did not match the corresponding XML schema definition.",
    f"{_SZOLGALTATAS} A SOAP-csomag nem felel meg a hozzá tartozó XML-sémának.",
)
NOT_FOUND = Fault(
    2,
    "Receiver",
    "w:InternalError",
    "The system cannot find the file specified.",
    "A rendszer nem találja a megadott fájlt.",
)

NAMED = {
    "timed_out": TIMED_OUT,
    "no_shell": NO_SHELL,
    "busy": BUSY,
    "access_denied": ACCESS_DENIED,
    "max_shells": MAX_SHELLS,
    "max_operations": MAX_OPERATIONS,
    "max_commands": MAX_COMMANDS,
    "clock_skew": TIME_SKEW,
}
