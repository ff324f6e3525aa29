"""What the worker can do, one kind of job a file; `app/compose.py` lists those that run."""
