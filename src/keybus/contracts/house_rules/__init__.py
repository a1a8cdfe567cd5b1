"""House rules: naming, words and shapes of contracts, each of which a team may switch off."""
