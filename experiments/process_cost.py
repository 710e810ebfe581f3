"""Run a command and print its seconds and peak memory as JSON.

python -m experiments.process_cost COMMAND...

It imports next to nothing, since on Linux a program also counts the peak memory of the
one that started it.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """Pass the command's own output on to standard error."""
    begin = time.perf_counter()
    status = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(json.dumps({"status": status, "seconds": seconds, "peak_gb": peak}))


if __name__ == "__main__":
    main()
