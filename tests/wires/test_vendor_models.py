"""The fake vendor's models and the table of what models take say the same limits.

Where they differed, the vendor's own page has decided: Claude Sonnet 4.6 and Opus 4.6 read a
million tokens and write 128,000 (platform.claude.com, models, November 2026).
"""

import pytest
from fakes.vendor.models import ANTHROPIC, FAMILIES, Model

from tierwatch.fit.table import facts_of


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.begins)
def test_both_know_the_same_limits(family: Model) -> None:
    facts = facts_of(family.begins, "anthropic" if family.vendor == ANTHROPIC else "openai")
    assert facts.output in {None, family.output}
    # OpenAI counts the answer within the window: what is left of it can be read.
    assert facts.context in {None, family.context, family.context - family.output}
