"""Our engine beside three others on the same task, and beside the machine's limit.

One module a competitor, each loaded by its name into a process of its own, so that the
peak memory of one holds no library of another.
"""
