"""Text as an adapter needs it: tokens' characters, words, names, clauses and what they ask."""
