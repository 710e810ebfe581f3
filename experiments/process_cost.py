"""Run a command and print its seconds and peak memory as JSON (Linux only).

python -m experiments.process_cost COMMAND...

It imports very little, since the peak memory of a process includes that of its parent.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """Run the command, with its output on standard error."""
    begin = time.perf_counter()
    status = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(json.dumps({"status": status, "seconds": seconds, "peak_gb": peak}))


if __name__ == "__main__":
    main()
