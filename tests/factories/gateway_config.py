"""Configurations of gateways in front of fake providers."""

from collections.abc import Sequence

from fakes.provider import FakeProvider

NAMES = ("simple", "standard", "complex")
COSTS = (0.25, 3, 15)


def three_tiers(
    *providers: FakeProvider,
    classifier: str = "{kind: static, label: simple}",
    gateway: str = "{}",
    retry: str = "{wait: 0.01}",
    timeout_s: float = 2,
    sessions: str = "{}",
    balance: str = "{}",
    names: Sequence[str] = NAMES,
    models: str = "model",
    costs: Sequence[object] = COSTS,
) -> str:
    """A tierwatch.yaml of three tiers, each at its provider, or all at the only one."""
    by_tier = providers * 3 if len(providers) == 1 else providers
    lines = ["routing:", f"  classifier: {classifier}", "  tiers:"]
    lines += [
        f"    {name}: {{model: {models}-{name}, cost: {cost}, provider: p{provider.port}}}"
        for name, cost, provider in zip(names, costs, by_tier, strict=True)
    ]
    lines.append("  fallback: {strategy: escalate, threshold: 0.7}")
    lines += [f"  retry: {retry}", f"  sessions: {sessions}", f"  balance: {balance}"]
    lines += _providers(providers, timeout_s, key=", api_key: env:PROVIDER_KEY")
    return "\n".join([*lines, f"gateway: {gateway}"])


def balanced(
    *deployments: FakeProvider,
    above: FakeProvider,
    balance: str = "{}",
    cascade: str = "",
    retry: str = "{wait: 0.01}",
    timeout_s: float = 2,
    cost: float = 1,
    sessions: str = "{}",
    gateway: str = "{}",
) -> str:
    """A tierwatch.yaml whose tier ``simple`` is served at several providers, ``complex`` at one."""
    places = ", ".join(
        f"{{provider: p{d.port}, model: name-at-{d.port}, cost: {cost}}}" for d in deployments
    )
    lines = ["routing:", "  classifier: {kind: static, label: simple}", "  tiers:"]
    lines.append(f"    simple: {{model: model-simple, cost: 1, providers: [{places}]}}")
    lines.append(f"    complex: {{model: model-complex, cost: 15, provider: p{above.port}}}")
    lines += [f"  retry: {retry}", f"  balance: {balance}", f"  sessions: {sessions}"]
    lines += [f"  cascade: {cascade}"] if cascade else []
    lines += _providers((*deployments, above), timeout_s)
    return "\n".join([*lines, f"gateway: {gateway}"])


def _providers(providers: Sequence[FakeProvider], timeout_s: float, key: str = "") -> list[str]:
    named = {provider.port: provider for provider in providers}
    more = f"timeout: {timeout_s}{key}"
    return [
        "providers:",
        *(
            f"  p{port}: {{{_spoken(one)}, base_url: '{one.base_url}', {more}}}"
            for port, one in named.items()
        ),
    ]


def _spoken(provider: FakeProvider) -> str:
    """What a provider speaks: its kind, or Responses, which a provider of kind openai may."""
    own = provider.kind == "responses"
    return "kind: openai, responses: true" if own else f"kind: {provider.kind}"
