"""What an operator, a script or the page asks about the service itself, and the janitor. Read ``ops`` first."""
