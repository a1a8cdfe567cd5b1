"""Dead letters: what they are, how they are found, and how they leave."""
