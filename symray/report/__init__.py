"""What a study's page is made of: the leaderboard as a table, plots, figures, comparisons."""
