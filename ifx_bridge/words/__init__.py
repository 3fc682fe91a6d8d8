"""What words mean: a lexicon, crowd statistics, and a vocabulary that reaches the rest."""
