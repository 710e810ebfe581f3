"""The benchmark: the stacked MLP, three other implementations, and the sgemm rate.

There is one module per competitor. Each is imported by name in a process of its own, so
that its peak memory includes no library of another. Experiments belong elsewhere.
"""
