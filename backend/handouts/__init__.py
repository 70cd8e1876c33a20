"""What a job has made, handed out: pictures, films, archives. Read ``downloads`` first."""
