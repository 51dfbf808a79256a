"""The record: one append-only Merkle log per case, its files, its archive and its verification."""
