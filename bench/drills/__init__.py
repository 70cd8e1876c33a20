"""Break one part of the distributed service after the other, and say whether it kept its promises.

``python -m bench.drills`` lists the drills; ``python -m bench.drills kills`` runs one, prints what was seen and a
verdict, and ends with status 1 where a promise was broken. Each starts servers of its own: Kafka, Redis, an API and
workers whose engine sleeps.
"""
