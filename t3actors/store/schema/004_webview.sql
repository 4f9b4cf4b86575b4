-- Schema 4: what is on its way into T3000's own database ([store.webview]). Empty where none is configured.
-- Written once, never edited after a release: a change is a new numbered file.

-- One row per batch, written in the batch's transaction, deleted once T3000's file has it. `id` goes up by one: a number that
-- is missing was let go. `stream`: which opening of this file wrote it. `content`: t3actors/store/webview/posting.py.
-- The newest row is never deleted, so that the numbers go on.
CREATE TABLE webview_outbox (
  id INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  content BLOB NOT NULL
);

-- Who we are in T3000's file: a name of this database that no other has.
CREATE TABLE webview_identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  identity TEXT NOT NULL
);
INSERT INTO webview_identity (id, identity) VALUES (1, lower(hex(randomblob(8))));

-- The keys of devices that have none which T3000's reader can hold: 2,000,000,000 + device_id, for good.
CREATE TABLE webview_surrogates (
  device_id INTEGER PRIMARY KEY REFERENCES DEVICES (device_id),
  serial_number INTEGER NOT NULL UNIQUE
);

-- The n of "IN<n>", "OUT<n>", "VAR<n>" in T3000's tables, for good. `kind`: 0 input, 1 output, 2 variable.
CREATE TABLE webview_numbers (
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
  point_index INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (device_id, kind, point_index),
  UNIQUE (device_id, kind, number)
) WITHOUT ROWID;
