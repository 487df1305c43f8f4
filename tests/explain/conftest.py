"""One recording of all derivative rules, made once: torch itself is the oracle."""

import pytest

from tests.explain.rule_cases import program
from tests.support_record import record_source


@pytest.fixture(scope="session")
def rules_recording():
    """The recording of every case, and which case stands on each line."""
    text, where = program()
    return record_source(text), where
