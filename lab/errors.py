"""The one exception that users see as a sentence."""


class LabError(Exception):
    """A fault that the user can act on; its text is one whole sentence."""
