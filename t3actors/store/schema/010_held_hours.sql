-- Schema 10: whether a value held on. Written once, never edited after a release: a change is a new numbered file.

-- Of which rows of the block the value did not hold on into the span behind: a JSON array of their places, '' for none. NULL in what was
-- packed before: there it is taken to have held on where the next span has a row, or where it was known to the end of its own.
ALTER TABLE aggregate_blocks ADD COLUMN ends TEXT;
