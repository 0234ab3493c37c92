"""The index of vectors: hnswlib, its files, and one index for each account."""
