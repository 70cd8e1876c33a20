"""The worker: takes a job, has it rendered by a child process that owns the device, and tells the store.

Read ``worker`` first: it is the loop. ``child`` is the loop's handle on the process, ``renderer`` is what runs in it,
and ``messages`` is what the two say to each other.
"""
