-- Schema 5: whose word a time is. Written once, never edited after a release: a change is a new numbered file.

-- A stretch is a time in which the clock ran on without a step, trusted (the kernel knew it to be right) or not. A sample of one
-- that was not trusted carries its number in samples.status (schema 3); any other belongs to the stretch that it lies in.
-- boot_id: of the start of the gateway. offset_ms: wall clock less the machine's own since it was switched on.
-- restamped_ms: by how much its samples and events were moved once the clock was right; NULL when they were not (yet).
CREATE TABLE CLOCK_STRETCHES (
  number INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER,
  offset_ms INTEGER NOT NULL,
  trusted INTEGER NOT NULL,
  first_event INTEGER NOT NULL,
  restamped_ms INTEGER
);
