"""Studies as one page, or as the table of a paper: every number from the record."""
