"""The command line.  Imports what each command needs only when it runs (see the package's docstring)."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.run import Progress

if TYPE_CHECKING:
    from lab.fleet import Fleet

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(argv)
    command: Command = options.command
    try:
        return command(options)
    except LabError as fault:
        print(f"lab: {fault}", file=sys.stderr)
        return 1
    except PermissionError as fault:
        print(f"lab: {fault.filename} is not accessible: the lab needs root.", file=sys.stderr)
        return 1
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        print(f"lab: {where}{fault.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; the next `lab up` or `lab down` finishes what was begun.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="The embedded fleet of eeszt.connect.")
    parser.set_defaults(fleet=None)
    shared = argparse.ArgumentParser(add_help=False)
    # Before or after the command; SUPPRESS keeps the second parser from undoing what the first one read.
    for place in (parser, shared):
        place.add_argument(
            "--fleet", default=argparse.SUPPRESS, metavar="NAME", help="name of the fleet (default: demo)"
        )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str, *more: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[shared, *more], help=text, description=text)
        made.set_defaults(command=command)
        return made

    add("preflight", _preflight, "Tell whether the lab can run on this machine.")
    add("windows", _windows, "Tell whether Windows doubles can be made here; exit status 1 if not.")
    packages = add("packages", _packages, "Print the Debian packages that are missing.")
    packages.add_argument("--install", action="store_true", help="install them")
    made_of = argparse.ArgumentParser(add_help=False)
    made_of.add_argument("--file", metavar="NAME", help="fleet file in lab/fleets (default: the fleet's name)")
    made_of.add_argument("--hosts", type=int, metavar="N", help="make up N workstations instead")
    made_of.add_argument("--kind", metavar="KIND", help="their kind: linux (default), windows, windows_light")
    add("up", _up, "Start or repair the fleet.", made_of)
    down = add("down", _down, "Remove the fleet; the base images stay.")
    down.add_argument("--all", action="store_true", help="every fleet of this checkout")
    down.add_argument("--images", action="store_true", help="remove the base images as well")
    add("status", _status, "Tell what runs.").add_argument("--json", action="store_true")
    add("inventory", _inventory, "Print a minimal Ansible inventory.", made_of)
    add(
        "clean-check",
        _clean_check,
        "Print what is left of the lab (or of --fleet); exit status 1 if anything is.",
    )
    ssh = add("ssh", _ssh, "Log in to a host, or run a command there.")
    ssh.add_argument("host")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="command")
    controller = add("run", _run, "Run a command of the controller, so that `down` ends what it may leave.")
    controller.add_argument("words", nargs=argparse.REMAINDER, metavar="command")
    host = add("host", _host, "Act on one host.")
    host.add_argument("action", choices=["stop", "start", "reboot", "freeze", "thaw"])
    host.add_argument("host")
    card = add("card", _card, "Insert or remove a host's card.")
    card.add_argument("action", choices=["insert", "remove"])
    card.add_argument("host")
    for name, text in (("block", "Close a port upstream of a host."), ("unblock", "Open it again.")):
        block = add(name, _block, text)
        block.set_defaults(on=name == "block")
        block.add_argument("host")
        block.add_argument("port", type=int)
    gateway = add("gateway", _gateway, "Set the TLS versions that the gateway offers, or let the centre be down.")
    gateway.add_argument("what", choices=["tls", "centre"])
    gateway.add_argument("how", metavar="1.2|1.3|both or up|down")
    winrm = add("winrm", _winrm, "Make the WinRM double of a Windows host misbehave, end it, or start it.")
    winrm.add_argument("host")
    winrm.add_argument("words", nargs="+", metavar="FAULT", help="ok, kill, start, or KIND[:WORD] [KEY=VALUE ...] ...")
    return parser


def _name(options: argparse.Namespace) -> str:
    return str(options.fleet or "demo")


def _fleet(options: argparse.Namespace) -> "Fleet":
    try:
        from lab.fleet import Fleet
    except ModuleNotFoundError as fault:
        raise LabError(f"The Python module {fault.name} is missing; run the lab with the project's .venv.") from fault
    said = {key: getattr(options, key, None) for key in ("hosts", "file", "kind")}
    return Fleet(_name(options), progress=Progress(), **said)


def _preflight(options: argparse.Namespace) -> int:
    from lab.preflight import check

    findings = check(_name(options))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.answer}")
    bad = [finding for finding in findings if not finding.ok]
    if bad:
        print(f"lab: {' '.join(finding.answer for finding in bad)}", file=sys.stderr)
    return 1 if bad else 0


def _windows(_options: argparse.Namespace) -> int:
    from lab import powershell

    why = powershell.absent()
    print(why or f"Windows doubles can be made, with {powershell.windows()}")
    return 1 if why else 0


def _packages(options: argparse.Namespace) -> int:
    from lab import debian

    names = debian.missing()
    for name in names:
        print(name)
    if options.install and names:
        say = Progress()
        say(f"installing {', '.join(names)} ...")
        debian.install(names)
        say("installed")
    return 0


def _up(options: argparse.Namespace) -> int:
    _fleet(options).up()
    return 0


def _down(options: argparse.Namespace) -> int:
    from lab import clean, record

    fleet = _fleet(options)
    if not options.all:
        fleet.down()
    for name in clean.fleet_names() if options.all else []:
        options.fleet = name
        one = _fleet(options)
        owner = record.foreign_owner(one.paths)
        if owner:
            print(f"fleet {name} belongs to the checkout {owner}: left alone")
        else:
            one.down()
    if options.images:
        from lab import images

        others = clean.fleet_names()
        if others:
            raise LabError(f"The images are in use by {', '.join(others)}; take those down first.")
        images.remove_all()
        print("the base images are removed")
    return 0


def _status(options: argparse.Namespace) -> int:
    status = _fleet(options).status()
    if options.json:
        print(json.dumps(status, indent=1))
        return 0
    print(f"fleet {status['fleet']}: {'up, TLS ' + status['tls'] if status['up'] else 'not up'}")
    for host in status["hosts"]:
        blocked = f"  blocked upstream: {', '.join(map(str, host['blocked']))}" if host["blocked"] else ""
        system = host["release"] if host["kind"] == "linux" else host["kind"]
        line = "{name:<14}{address:<13}{system:<14}{state:<9}card {card}".format(**host, system=system)
        print(f"  {line}{blocked}")
    if status["left_out"]:
        names = ", ".join(status["left_out"])
        print(f"  left out {len(status['left_out'])} Windows doubles ({names}): {status['why_left_out']}")
    return 0


def _inventory(options: argparse.Namespace) -> int:
    from lab.inventory import inventory

    print(inventory(_fleet(options)), end="")
    return 0


def _clean_check(options: argparse.Namespace) -> int:
    from lab.clean import left_over

    lines = left_over(options.fleet)
    for line in lines:
        print(line)
    if not lines:
        print("clean: nothing of the lab is left")
    return 1 if lines else 0


def _ssh(options: argparse.Namespace) -> int:
    argv = _fleet(options).ssh_command(options.host, options.words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)


def _run(options: argparse.Namespace) -> int:
    if not options.words:
        raise LabError("Say which command is to run.")
    argv = _fleet(options).controller_command(options.words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)


def _host(options: argparse.Namespace) -> int:
    fleet = _fleet(options)
    fleet.host_action(options.action, options.host)
    fleet.progress(f"{options.action} {options.host}: done")
    return 0


def _card(options: argparse.Namespace) -> int:
    fleet = _fleet(options)
    changed = fleet.card_action(options.action, options.host)
    fleet.progress(f"card {options.action} {options.host}: {'done' if changed else 'nothing to do'}")
    return 0


def _block(options: argparse.Namespace) -> int:
    fleet = _fleet(options)
    changed = fleet.block(options.host, options.port, options.on)
    state = "blocked upstream" if options.on else "not blocked upstream"
    fleet.progress(f"{options.host} port {options.port} {state}{'' if changed else ' already'}")
    return 0


def _gateway(options: argparse.Namespace) -> int:
    fleet = _fleet(options)
    if options.what == "tls":
        changed = fleet.gateway_tls(options.how)
    elif options.how in ("up", "down"):
        changed = fleet.centre(up=options.how == "up")
    else:
        raise LabError(f"The centre is up or down, not {options.how}.")
    fleet.progress(f"gateway {options.what} {options.how}: {'done' if changed else 'nothing to do'}")
    return 0


def _winrm(options: argparse.Namespace) -> int:
    from lab.windows.winrm import entries

    fleet = _fleet(options)
    host, words = options.host, options.words
    if words == ["kill"]:
        fleet.winrm_kill(host)
    elif words == ["start"]:
        fleet.winrm_start(host)
    else:
        fleet.winrm_fault(host, *([] if words == ["ok"] else entries(words)))
    fleet.progress(f"winrm {host} {' '.join(words)}: done")
    return 0
