"""What is shown of a job, and what its owner may do with it. Read ``api`` first."""
