"""The plan of ``same_plan/plan.yml`` as tables, and the making of its other forms: run it to write them anew.

The workbook is saved by LibreOffice, so that its parts are what a spreadsheet program writes, not what a library does.
"""

from __future__ import annotations

import csv
import datetime
import io
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import openpyxl

FOLDER = Path(__file__).parent / "same_plan"
DAY = datetime.date.fromisoformat
TABLES: dict[str, list[list[Any]]] = {
    "intézmények": [
        [
            "Név",
            "Nyilvántartó",
            "Hatósági azonosító",
            "Adminisztrátor neve",
            "Adminisztrátor felhasználóneve",
            "Adminisztrátor e-mail",
            "Nyilatkozat elfogadva",
            "Adminisztrátor regisztrálva",
            "Visszaigazolás",
            "Tanúsítvány helye",
        ],
        [
            "Árvíztűrő Szakrendelő Kft.",
            "oth",
            "99901A",
            "Dr. Őszi Űrhajós",
            "O91001",
            "oszi@arvizturo.example",
            DAY("2026-02-02"),
            DAY("2026-02-09"),
            "2026. 03. 01.",
            "pem_files:/etc/his/{institution}.pem|/etc/his/{institution}.key (owner=his mode=0640)",
        ],
        ["Tükörfúrógép Patika Bt.", "ogyei", "99002"],
        ["Dr. Zárójel, „Idéző” és „Pontosvessző; Vessző” Bt.", "oth", "000301"],
    ],
    "telephelyek": [
        [
            "Azonosító",
            "Név",
            "Cím",
            "Gyűrű",
            "Proxy",
            "Ugródeszka gép",
            "Kapcsolat",
            "Hitelesítés",
            "Kapcsolat proxyja",
        ],
        ["buda", "Budai rendelő", "1111 Budapest, Példa utca 1.", "canary"],
        ["győr", "Győri patika", "9021 Győr, Minta tér 2.", "early", "proxy.gyor.example:3128"],
        [
            "falu",
            "Falusi rendelő",
            None,
            4,
            None,
            "support@jump.vendor.example:22",
            "psrp",
            "ntlm",
            "socks5h://127.0.0.1:1080",
        ],
    ],
    "hosts": [
        [
            "name",
            "IP address",
            "site",
            "system",
            "purpose",
            "connection",
            "connection port",
            "authentication",
            "login methods",
            "reader",
            "serves",
            "certificate targets",
            "vars.note",
            "Olvasót használó fiókok",
            "services to notify",
        ],
        [
            "ws-1",
            "192.0.2.11",
            "buda",
            "linux",
            None,
            None,
            None,
            None,
            "eid_card; mobile_token",
            "REINER SCT cyberJack RFID standard",
            "E99901A, E000301",
            None,
            "Rendelő, 2. emelet",
            "ügyelet; PELDA\\his$",
        ],
        [
            "his-1",
            "his-1.buda.example",
            "buda",
            "linux",
            "server",
            None,
            None,
            None,
            None,
            None,
            "E99901A\nP099002\nE000301",
            None,
            None,
            None,
            "postgresql: reload\nhis@a:b:restart",
        ],
        [
            "patika-1",
            "patika-1.gyor.example",
            "győr",
            "windows",
            None,
            "winrm",
            45986,
            "kerberos",
            None,
            None,
            "P099002",
            "windows_store:LocalMachine\\WebHosting (accounts=HIS|Backup)\nwindows_store:LocalMachine\\My",
            None,
            None,
            "Pelda HIS",
        ],
        [
            "falu-ts",
            "203.0.113.30",
            "falu",
            "windows",
            "terminal_server",
            None,
            None,
            None,
            None,
            None,
            "E000301; P099002",
        ],
    ],
    "felhasználók": [
        [
            "Név",
            "Foglalkozás",
            "Előtag",
            "Pecsétszám",
            "Felhasználónév",
            "Intézmények",
            "Gépek",
            "Belépés módja",
            "Regisztrálva",
            "Aktiválva",
            "Kártya érvényessége",
        ],
        [
            "Dr. Őszi Űrhajós",
            "doctor",
            None,
            "91001",
            None,
            "E99901A",
            "ws-1",
            "eid_card",
            DAY("2026-02-09"),
            DAY("2026-02-12"),
            DAY("2031-06-30"),
        ],
        ["Gyógyító Gábor", None, "G", "00123", None, "P099002, E000301"],
        ["Ügyfeles Anna", "other", None, None, "X910041", "E99901A", "ws-1", "mobile_token"],
    ],
}


def csv_as_hungarian_excel_saves_it(rows: list[list[Any]]) -> bytes:
    """Semicolons, Windows-1250, days as Hungarian Windows shows them, and as many cells in each row."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    for row in rows:
        full = [*row, *[None] * (len(rows[0]) - len(row))]
        writer.writerow([f"{cell:%Y. %m. %d.}" if isinstance(cell, datetime.date) else cell for cell in full])
    return stream.getvalue().encode("cp1250")


def office() -> str | None:
    """The path of LibreOffice, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def saved_by_libreoffice(program: str, folder: Path, way: tuple[str, ...] = ("xlsx",)) -> bytes:
    """Let LibreOffice open the tables and save them, through each format of ``way``; ``folder`` is for its files."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in TABLES.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = folder / "plan.xlsx"
    book.save(path)
    for number, suffix in enumerate(way):
        out = folder / str(number)
        profile = f"-env:UserInstallation=file://{folder / 'profile'}"
        words = [program, profile, "--headless", "--convert-to", suffix, "--outdir", str(out), str(path)]
        subprocess.run(words, check=True, capture_output=True, timeout=300)
        path = out / f"plan.{suffix}"
    return path.read_bytes()


def main() -> None:
    """Write the forms that are kept."""
    for title, rows in TABLES.items():
        (FOLDER / "csv" / f"{title}.csv").write_bytes(csv_as_hungarian_excel_saves_it(rows))
    program = office()
    if program is None:
        raise SystemExit("LibreOffice is not on this machine; plan.xlsx stays as it is")
    with tempfile.TemporaryDirectory() as folder:
        (FOLDER / "plan.xlsx").write_bytes(saved_by_libreoffice(program, Path(folder)))


if __name__ == "__main__":
    main()
