"""The chart: linted and rendered by Helm's own library where it is there, and what it promises."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tierwatch.config import load_config
from tierwatch.settings import read_settings

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "tierwatch"
VALUES: dict[str, Any] = {
    "existingSecret": "secret",
    "ownerSecret": "owner",
    "intake": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "settings": {"TIERWATCH_LOG_LEVEL": "warning", "TIERWATCH_SPOOL_MAX_MB": 512},
}
PARTS = {"gateway", "intake", "worker", "beat", "dashboard"}


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object that the chart makes."""
    chart = pytest.importorskip("helm_python.chart", reason="pip install helm-python-sdk")
    files = chart.Chart.load(str(CHART)).render(values=values, name="tw", namespace="here")
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Pod template by component."""
    found = {}
    for one in objects:
        template = one["spec"].get("template") if "spec" in one else None
        if template:
            found[template["metadata"]["labels"]["app.kubernetes.io/component"]] = template["spec"]
    return found


def test_the_default_configuration_is_accepted(tmp_path: Path) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    path = tmp_path / "tierwatch.yaml"
    path.write_text(values["config"])
    assert load_config(path).missing_providers == ()


def test_each_value_stands_in_the_schema_and_none_else() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(values) == set(schema["properties"]) - {"global"}
    assert schema["additionalProperties"] is False


def test_helm_lints_it() -> None:
    chart = pytest.importorskip("helm_python.chart", reason="pip install helm-python-sdk")
    found = chart.lint(str(CHART), values=VALUES)
    assert [one for one in found["messages"] if one["severity"] > 1] == []
    assert found["errors"] == []


def test_without_a_secret_it_says_which() -> None:
    chart = pytest.importorskip("helm_python.chart", reason="pip install helm-python-sdk")
    with pytest.raises(Exception, match="existingSecret: name the secret"):
        chart.Chart.load(str(CHART)).render(values={}, name="tw")


def test_what_is_no_value_is_refused() -> None:
    chart = pytest.importorskip("helm_python.chart", reason="pip install helm-python-sdk")
    with pytest.raises(Exception, match="gatway"):
        chart.Chart.load(str(CHART)).validate_schema(values=VALUES | {"gatway": {}})


def test_nobody_is_root_and_all_get_settings_that_there_are() -> None:
    found = pods(rendered(VALUES))
    assert set(found) == PARTS | {"migrate"}
    for part, pod in found.items():
        assert pod["securityContext"]["runAsNonRoot"], part
        assert pod["enableServiceLinks"] is False
        assert pod["automountServiceAccountToken"] is False
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"], part
            assert own["capabilities"] == {"drop": ["ALL"]}
            env = {one["name"]: one["value"] for one in container["env"]}
            settings = read_settings({key: value for key, value in env.items() if value})
            assert settings.spool_max_mb == 512
        assert container["args"][0] in {part, "check"}


def test_whoever_serves_is_probed_and_may_end_in_peace() -> None:
    found = pods(rendered(VALUES))
    for part in ("gateway", "intake", "dashboard"):
        container = found[part]["containers"][0]
        assert {"readinessProbe", "livenessProbe", "startupProbe"} <= set(container)
    for part in ("gateway", "intake", "worker"):
        assert found[part]["terminationGracePeriodSeconds"] >= 55


def test_there_is_one_beat_and_it_is_never_two() -> None:
    objects = rendered(VALUES)
    (beat,) = [
        one
        for one in objects
        if one["metadata"]["name"].endswith("-beat") and one["kind"] == "Deployment"
    ]
    assert (beat["spec"]["replicas"], beat["spec"]["strategy"]) == (1, {"type": "Recreate"})


def _by_hook(objects: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What Helm makes before the release, and the release."""
    hooks = [one for one in objects if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    return hooks, [one for one in objects if one not in hooks]


def _named(objects: list[dict[str, Any]], kind: str) -> set[str]:
    return {one["metadata"]["name"] for one in objects if one["kind"] == kind}


def test_the_migration_ends_before_any_process_of_the_release_begins() -> None:
    hooks, release = _by_hook(rendered(VALUES))
    assert set(pods(hooks)) == {"migrate"}
    assert set(pods(release)) == PARTS
    weights = {}
    for one in hooks:
        annotations = one["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
        # Else the second release finds the first one's, and fails.
        assert "before-hook-creation" in annotations["helm.sh/hook-delete-policy"].split(",")
        weights[one["kind"]] = int(annotations["helm.sh/hook-weight"])
    assert weights["ConfigMap"] < weights["Job"]
    assert weights["ServiceAccount"] < weights["Job"]
    # Whoever asks why it failed finds its pods.
    assert pods(hooks)["migrate"]["restartPolicy"] == "Never"


def test_what_the_migration_needs_is_there_before_the_release() -> None:
    hooks, release = _by_hook(rendered(VALUES))
    for objects in (hooks, release):
        maps, accounts = _named(objects, "ConfigMap"), _named(objects, "ServiceAccount")
        for part, pod in pods(objects).items():
            (config,) = [one["configMap"] for one in pod["volumes"] if one["name"] == "config"]
            assert config["name"] in maps, part
            assert pod["serviceAccountName"] in accounts, part
    texts = [one["data"] for one in (*hooks, *release) if one["kind"] == "ConfigMap"]
    assert len(texts) == 2
    assert texts[0] == texts[1]


def test_an_account_of_ones_own_is_everybodys() -> None:
    objects = rendered(VALUES | {"serviceAccount": {"name": "mine", "annotations": {}}})
    assert _named(objects, "ServiceAccount") == set()
    assert {pod["serviceAccountName"] for pod in pods(objects).values()} == {"mine"}


def test_an_accounts_annotations_stand_beside_those_of_the_hook() -> None:
    hooks, release = _by_hook(
        rendered(VALUES | {"serviceAccount": {"annotations": {"example.com/role": "reader"}}})
    )
    for objects in (hooks, release):
        (account,) = [one for one in objects if one["kind"] == "ServiceAccount"]
        assert account["metadata"]["annotations"]["example.com/role"] == "reader"


def test_only_the_migration_has_the_owner_of_the_tables() -> None:
    for part, pod in pods(rendered(VALUES)).items():
        secrets = [one["secretRef"]["name"] for one in pod["containers"][0]["envFrom"]]
        assert secrets == (["secret", "owner"] if part == "migrate" else ["secret"])


def test_what_is_not_asked_for_is_not_made() -> None:
    objects = rendered({"existingSecret": "secret"})
    kinds = {one["kind"] for one in objects}
    assert "NetworkPolicy" not in kinds
    assert "intake" not in pods(objects)


def test_a_policy_closes_what_nobody_calls() -> None:
    policies = [one for one in rendered(VALUES) if one["kind"] == "NetworkPolicy"]
    assert len(policies) == len(PARTS) + 1
    closed = {one["metadata"]["name"] for one in policies if not one["spec"]["ingress"]}
    assert closed == {"tw-tierwatch-beat", "tw-tierwatch-migrate"}
