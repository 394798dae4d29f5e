"""How long a trivial job takes from its POST to its 303, polling without delay, against a running service.

Run it as ``python bench/walk.py http://127.0.0.1:8000 --analysis double --body '{"params": {"number": 1}}'``.
"""

import argparse
import json
import statistics
import time

import httpx


def main() -> None:
    """Prints the percentiles of as many walks as asked for, one after the other."""
    arguments = _arguments()
    with httpx.Client(base_url=arguments.url, timeout=30) as client:
        taken = [_walk(client, arguments.analysis, json.loads(arguments.body)) for _ in range(arguments.times)]
    cuts = statistics.quantiles(taken[len(taken) // 10 :], n=100)
    print(f"POST to 303 over {len(taken)} walks, ms: p50 {cuts[49]:.1f}, p95 {cuts[94]:.1f}, p99 {cuts[98]:.1f}")


def _walk(client: httpx.Client, analysis: str, body: object) -> float:
    """Milliseconds from the POST to the 303."""
    began = time.perf_counter()
    accepted = client.post(f"/analysis/{analysis}/run", json=body)
    accepted.raise_for_status()
    while client.get(accepted.headers["Location"]).status_code == 202:
        continue
    return (time.perf_counter() - began) * 1000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--analysis", default="double")
    parser.add_argument("--body", default='{"params": {"number": 1}}')
    parser.add_argument("--times", type=int, default=300)
    return parser.parse_args()


if __name__ == "__main__":
    main()
