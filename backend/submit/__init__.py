"""The way in: a request becomes a job, or a refusal. Read ``submissions`` first."""
