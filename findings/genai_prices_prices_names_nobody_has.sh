#!/usr/bin/env bash
# What:   genai-prices 0.2.3, `calc_price(usage, model_ref, provider_id=...)`.
# Guess:  a model name that a vendor does not have raises LookupError, as it does for OpenAI: better no price than
#         another model's. At most a date at the end is passed over.
# Seen:   for Anthropic's models a name matches by its beginning, so whatever follows is priced as the shorter name:
#         `claude-haiku-4-5-turbo` costs what `claude-haiku-4-5` costs, `claude-opus-4-50` what `claude-opus-4-5` does.
#         A dated name of OpenAI's that was never published raises LookupError. So one typing error or one new model is
#         priced wrongly in silence at one vendor and refused at the other.
#         What matched is in the result (`.model.match`, `.model.id`): compare it with the name before trusting a price.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check genai-prices==0.2.3
venv/bin/python - <<'PY'
from genai_prices import Usage, calc_price

USAGE = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


def priced(vendor, name):
    try:
        found = calc_price(USAGE, name, provider_id=vendor)
    except LookupError:
        return "LookupError"
    return f"{found.model.id}: {found.total_price:g} USD"


seen = {
    name: priced(vendor, name)
    for vendor, name in (
        ("anthropic", "claude-haiku-4-5"),
        ("anthropic", "claude-haiku-4-5-turbo"),
        ("anthropic", "claude-opus-4-5"),
        ("anthropic", "claude-opus-4-50"),
        ("openai", "gpt-4o"),
        ("openai", "gpt-4o-2031-01-01"),
        ("openai", "gpt-4o-turbo"),
    )
}
for name, price in seen.items():
    print(f"{name:24} {price}")
assert seen["claude-haiku-4-5-turbo"] == seen["claude-haiku-4-5"] != "LookupError"
assert seen["claude-opus-4-50"] == seen["claude-opus-4-5"] != "LookupError"
assert seen["gpt-4o"] != "LookupError"
assert seen["gpt-4o-2031-01-01"] == seen["gpt-4o-turbo"] == "LookupError"
print("as described")
PY
