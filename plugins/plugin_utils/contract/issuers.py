# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who issued a certificate, by the words of a policy; apart from it, so that the delivery needs no schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable


def is_test_authority(common_name: str, words: Iterable[str]) -> bool:
    """Whether an issuer's common name holds one of a policy's ``test_issuer_words``, in capitals or not.

    Whole words only: an issuer called "Devecser" is no DEV.
    """
    return any(re.search(rf"(?i)(?<![^\W_]){re.escape(word)}(?![^\W_])", common_name) for word in words)
