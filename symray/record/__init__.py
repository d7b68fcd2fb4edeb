"""What survives a kill: a study's file, its events, its trials, the folders of its tasks."""
