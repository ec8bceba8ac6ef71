"""The command line, a file a verb group: arguments in, calls out, and nothing else."""
