"""The archive viewer: what an archive holds, and whether it holds together."""
