"""Stage 3: write it down. The only folder that knows SQLite and apsw."""
