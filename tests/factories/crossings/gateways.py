"""One gateway whose tiers are the models of a vendor, each on its wire, each pinned by name."""

from fakes.vendor.server import Vendor

# tier -> (provider, model). The cheap and older model of a wire, and the newest that reasons.
TIERS = {
    "chat-plain": ("chat", "gpt-4o"),
    "chat-reasons": ("chat", "gpt-5"),
    "responses-plain": ("both", "gpt-4o-mini"),
    "responses-reasons": ("both", "gpt-5-mini"),
    "messages-plain": ("claude", "claude-haiku-4-5"),
    "messages-reasons": ("claude", "claude-opus-4-8"),
}
# The providers of the matrix's columns.
PROVIDERS = {"openai": "chat", "anthropic": "messages", "responses": "responses"}


def config(vendor: Vendor) -> str:
    """The tierwatch.yaml of a gateway before a vendor."""
    tiers = "".join(
        f"    {tier}: {{model: {model}, cost: {place + 1}, provider: {provider}}}\n"
        for place, (tier, (provider, model)) in enumerate(TIERS.items())
    )
    url = f"base_url: '{vendor.openai_url}', api_key: env:PROVIDER_KEY"
    return (
        "routing:\n  classifier: {kind: static, label: chat-plain}\n  tiers:\n"
        + tiers
        + "  retry: {wait: 0.01}\nproviders:\n"
        f"  chat: {{kind: openai, responses: false, {url}}}\n"
        f"  both: {{kind: openai, responses: true, {url}}}\n"
        f"  claude: {{kind: anthropic, base_url: '{vendor.url}', api_key: env:PROVIDER_KEY}}\n"
        "gateway: {}\n"
    )
