"""Plans: phases with a verification, an undo and a log; written in Markdown or in code, run by one engine."""
