"""What the demo's report must say: the change was found, nothing before it, nothing was lost.

check_report.py REPORT            a demo as a person runs it
check_report.py REPORT whole      one that evaluated every request
"""

import json
import sys
from pathlib import Path

# The line of evalsets/demo/items.jsonl from which tier `standard` is silently weaker.
CHANGED_AT = 541

report = json.loads(Path(sys.argv[1]).read_text())
whole = sys.argv[2:] == ["whole"]
alerts = [alert for alert in report["alerts"] if alert["kind"] == "misroute"]
ended = report["shadowed"] + report["failed"] + report["dropped"]
found = {
    "an alert was opened on standard": any(a["tier"] == "standard" for a in alerts),
    "no alert was opened before the change": all(
        alert["opened_at_request"] >= CHANGED_AT for alert in alerts
    ),
    "an alert says that the model has changed": any(
        alert["attribution"] == "model" for alert in alerts
    ),
    "a proposal lowers simple": any(
        proposal["tier"] == "simple" and proposal["direction"] == "lower"
        for proposal in report["proposals"]
    ),
    "a proposal raises standard": any(
        proposal["tier"] == "standard" and proposal["direction"] == "raise"
        for proposal in report["proposals"]
    ),
    "nothing is pending": report["pending"] == 0,
    "the funnel sums": report["captured"] == ended + report["pending"],
    "every request was counted": report["requests"] == 900,
    "nothing failed or was dropped": report["failed"] + report["dropped"] == 0,
}
if whole:
    found["every request was evaluated"] = report["captured"] == report["requests"]
else:
    found["watching costs less than routing saves"] = report["saving_net_of_evaluation"] > 0
problems = [sentence for sentence, holds in found.items() if not holds]
for sentence in problems:
    print(f"does not hold: {sentence}")
sys.exit(bool(problems))
