"""Where every figure about speed, memory and quality comes from: ``python -m bench``.

``reference`` is what we compare with; ``time_to_loss``, ``evaluation``, ``quality`` and ``resolution`` measure one
thing each; ``pictures`` and ``report`` are where pictures come from and results go to.
"""
