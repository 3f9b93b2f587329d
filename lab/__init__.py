"""The embedded fleet: Linux hosts, a gateway and virtual cards on one machine.

Importing the package loads nothing but the standard library, because `lab preflight` runs before
the project's virtual environment exists.  `lab.Fleet` is loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.errors import LabError
    from lab.fleet import Fleet

__all__ = ["Fleet", "LabError"]


def __getattr__(name: str) -> Any:
    """Load the public names lazily (see the package's docstring)."""
    if name == "Fleet":
        from lab.fleet import Fleet

        return Fleet
    if name == "LabError":
        from lab.errors import LabError

        return LabError
    raise AttributeError(name)
