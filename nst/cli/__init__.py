"""The command line, in the order in which it works.

    arguments   argv -> words, flag by flag (the options' flags are derived from ``nst.options``)
    dialects    the two older command lines, translated into ours
    command     words -> Command: what to do, checked
    render      one Command -> one picture on the disk
    batch       a folder of them
    weights     nst weights list | fetch | path

What watches a run sits beside it: ``observer`` (the interface), ``screen``, ``stream``, ``frames``, ``timelapse``,
``losses``, ``plot``; and what keeps it safe: ``checkpoints``, ``interrupts``.
Nothing here loads torch before the command is known to be good.
"""
