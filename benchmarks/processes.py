"""What a second gateway process adds where there is a core for it.

    python benchmarks/processes.py [--share .3] [--rounds N] [--seconds N]

On a small machine the caller and the stub provider take the core that a second process would need.
So every process of the gateway gets the same fixed share of a core by a control group of its own
(Linux, as root), as if each ran on a core that is that much slower, and the rest of the machine is
left to caller and provider. Runs `tierwatch gateway --processes 1` and `--processes 2`, in turn,
with everything a gateway has in production, under wrk with 32 connections. Prints JSON: requests/s
of both and their ratio, and the share of the machine that was busy. Needs nginx and wrk.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psutil
from gateway import PATH, ROOT, running_gateway
from speed import START_S, WHOLE, process, whole_answers, wrk_script
from stand_ins import nginx_config

GROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 20_000
CONNECTIONS = 32


@contextmanager
def share_of_a_core(pid: int, share: float) -> Iterator[None]:
    """Give a process a share of one core, in a control group of its own (version 1 or 2)."""
    old = (GROUPS / "cpu").is_dir()
    group = (GROUPS / "cpu" if old else GROUPS) / f"tierwatch-benchmark-{pid}"
    group.mkdir()
    quota_us = int(share * PERIOD_US)
    if old:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
    else:
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        (group.parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def serving(port: int) -> list[int]:
    """The processes that accept connections on a port."""
    return sorted(
        {
            one.pid
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
        }
    )


def wait_for_all(port: int, count: int) -> list[int]:
    """The processes of a gateway, of which the first to serve answers before the others do."""
    end = time.monotonic() + START_S
    while len(found := serving(port)) != count:
        if time.monotonic() > end:
            sys.exit(f"{len(found)} processes serve on port {port}, not {count}")
        time.sleep(0.1)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--share", type=float, default=0.3, help="of a core, for each process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="for each measurement")
    parser.add_argument("--port", type=int, default=8560)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {1: [], 2: []}
    busy: dict[int, list[float]] = {1: [], 2: []}
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        (folder / "nginx").mkdir()
        for name in ("body", "proxy", "fcgi", "uwsgi", "scgi"):
            (folder / "nginx" / name).mkdir()
        (folder / "nginx" / "nginx.conf").write_text(nginx_config(WHOLE, None))
        nginx = ["nginx", "-p", str(folder / "nginx"), "-c", "nginx.conf"]
        opened.enter_context(process(nginx, WHOLE))
        provider = f"http://127.0.0.1:{WHOLE}"
        script = folder / "wrk.lua"
        script.write_text(wrk_script(provider))
        urls = {}
        for count in (1, 2):
            port = options.port + count
            urls[count] = opened.enter_context(
                running_gateway(
                    ROOT,
                    port,
                    folder / str(count),
                    provider=f"{provider}/v1",
                    processes=count,
                )
            )[0]
            found = wait_for_all(port, count)
            for pid in found:
                opened.enter_context(share_of_a_core(pid, options.share))
        for _ in range(options.rounds):
            for count, url in urls.items():
                psutil.cpu_percent()
                one = whole_answers(url + PATH, script, CONNECTIONS, options.seconds)
                busy[count].append(psutil.cpu_percent())
                if one["errors"]:
                    sys.exit(f"{count} processes: answers with errors")
                rates[count].append(one["requests_per_s"])
                print(f"{count} processes: {one}", file=sys.stderr)
    single, double = median(rates[1]), median(rates[2])
    print(
        json.dumps(
            {
                "share_of_a_core": options.share,
                "requests_per_s": {"1": single, "2": double},
                "times_one_process": round(double / single, 2),
                "machine_busy_percent": {str(count): median(all_) for count, all_ in busy.items()},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
