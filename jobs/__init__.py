"""The contract between the API and the workers: what a job is, how it travels, where its state and pictures live.

Read ``model`` first, then ``ports``.
"""
