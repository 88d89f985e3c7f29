"""Held-out scores that tests of tables and pictures share."""

from __future__ import annotations

import pytest
from given import score_row


@pytest.fixture
def rows():
    return [
        score_row("kriging", "APOE", 0.2, 0.1),
        score_row("kriging", "HLA-DRA", 0.5, 0.3),
        score_row("kriging", "CYP1A1", 0.2, -1.5),
        score_row("inr", "APOE", 0.3, 0.05),
        score_row("inr", "HLA-DRA", 0.4, 0.35),
        score_row("inr", "CYP1A1", 0.8, 0.5),
    ]
