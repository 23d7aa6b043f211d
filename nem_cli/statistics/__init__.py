"""Statistics of trials: Run, the one shape of a finished run; bootstrap, summary, optimum."""
