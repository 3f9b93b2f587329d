"""Kernel limits that many hosts on one machine run into."""

from pathlib import Path

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
# Counted: 5 of systemd, 2 of polkit, 1 of dbus; a session adds some.
INOTIFY_EACH = 16
INOTIFY_OTHERS = 128


def ensure(hosts: int) -> str:
    """Raise what is too low for so many hosts; returns what was done, "" for nothing.

    All hosts' roots are one user to the kernel, so Debian's 128 inotify instances end at some 16 hosts:
    the seventeenth systemd stops at its first unit.  The limit stays raised until the machine restarts.
    """
    needed = hosts * INOTIFY_EACH + INOTIFY_OTHERS
    now = int(INOTIFY.read_text())
    if now >= needed:
        return ""
    INOTIFY.write_text(str(needed))
    return f"fs.inotify.max_user_instances raised from {now} to {needed} (until the machine restarts)"
