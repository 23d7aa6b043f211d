"""Statistics of trials: summaries, the bootstrap, comparisons, and the NEM condition measured."""
