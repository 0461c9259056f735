"""Each task name the app sends is a task the workers know, and the other way round."""

import json
import os
import subprocess
import sys

from tierwatch import dispatch

SENT = {
    value
    for name, value in vars(dispatch).items()
    if name.isupper() and isinstance(value, str) and value.startswith("tierwatch.")
}
PROGRAM = """
import json
from tierwatch_workers.celery_app import celery_app
import tierwatch_workers.tasks
schedule = [entry["task"] for entry in celery_app.conf.beat_schedule.values()]
print(json.dumps([sorted(celery_app.tasks), schedule]))
"""


def test_every_name_the_app_sends_is_registered_and_scheduled_ones_exist() -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    tasks, schedule = json.loads(done.stdout)
    assert len(SENT) == 18
    assert {name for name in tasks if name.startswith("tierwatch.")} == SENT
    # Everything but the two steps of an exchange runs by the clock.
    assert set(schedule) == SENT - {dispatch.SHADOW, dispatch.JUDGE}
