"""How the tables came to be, step by step (Alembic); run whenever a store is opened."""
