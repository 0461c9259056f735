"""What the demo's report must say: the change was found, nothing before it, nothing was lost."""

import json
import sys
from pathlib import Path

# The line of evalsets/demo/items.jsonl from which tier `standard` is silently weaker.
CHANGED_AT = 541

report = json.loads(Path(sys.argv[1]).read_text())
alerts = [alert for alert in report["alerts"] if alert["kind"] == "misroute"]
ended = report["shadowed"] + report["failed"] + report["dropped"]
problems = [
    sentence
    for sentence, holds in {
        "an alert was opened on standard": any(a["tier"] == "standard" for a in alerts),
        "no alert was opened before the change": all(
            alert["opened_at_request"] >= CHANGED_AT for alert in alerts
        ),
        "a proposal was made": bool(report["proposals"]),
        "nothing is pending": report["pending"] == 0,
        "the funnel sums": report["captured"] == ended + report["pending"],
        "every request was counted": report["requests"] == 900,
        "nothing failed or was dropped": report["failed"] + report["dropped"] == 0,
    }.items()
    if not holds
]
for sentence in problems:
    print(f"does not hold: {sentence}")
sys.exit(bool(problems))
