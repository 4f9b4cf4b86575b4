-- Schema 3: history that stays small. Written once, never edited after a release: a change is a new numbered file.
--
--   samples        the last `recent` days as rows in time order, as before: TRENDLOG_DATA
--   parts          each hour is packed by series soon after it is over, each day once more: what the gateway itself reads
--                  for one point. Once its rows are older than `recent` they go, and the part is the archive: TRENDLOG_ARCHIVE
--   late_samples   what came for hours that are packed already, until that is packed as well
--   hours          aggregates by the hour, of a day or two; then they are packed too, by the day and by the month: TRENDLOG_HOURLY
--
-- Every change of what is shown is one transaction: at each commit, each sample is shown exactly once.

-- All times in whole Unix seconds. Hours before `packed_until` are packed; what comes for a time before `sealed_until` is
-- late; rows of `samples` before `recent_from` are no longer shown (and deleted); of `hours` likewise before the hour `hours_from`.
CREATE TABLE history (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  packed_until INTEGER NOT NULL,
  sealed_until INTEGER NOT NULL,
  recent_from INTEGER NOT NULL,
  hours_from INTEGER NOT NULL
);
INSERT INTO history VALUES (1, 0, 0, 0, 0);

-- How long a point's history is kept, in seconds: NULL is the default of [store].
ALTER TABLE series ADD COLUMN raw_s INTEGER;
ALTER TABLE series ADD COLUMN minutes_s INTEGER;
ALTER TABLE series ADD COLUMN hours_s INTEGER;

-- As `samples`. Bit 3 (8) of a status: the clock was not trusted; from bit 4 on, the number of its stretch in CLOCK_STRETCHES.
CREATE TABLE late_samples (
  logging_time INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  value,
  status INTEGER NOT NULL,
  PRIMARY KEY (logging_time, series_id, ms)
) WITHOUT ROWID;

-- A part is what was packed together, of one UTC day (of hours: a day or a month), never changed, deleted as a whole.
-- kind: 0 samples, 1 minutes, 2 hours. state: 0 being made, 1 its rows still stand as well, 2 it stands alone, 9 being deleted.
-- level: 1 an hour or what came late, 2 a whole day or month. `keep_s` NULL: the default of [store].
CREATE TABLE parts (
  part INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  level INTEGER NOT NULL,
  day INTEGER NOT NULL,
  from_s INTEGER NOT NULL,
  until_s INTEGER NOT NULL,
  keep_s INTEGER,
  first_block INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  made_at INTEGER NOT NULL
);
CREATE INDEX parts_by_day ON parts (kind, state, day);

-- Where in a part a series lies: `blocks` rows from id parts.first_block + first on.
CREATE TABLE runs (
  part INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  first INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  PRIMARY KEY (part, series_id)
) WITHOUT ROWID;

-- What the columns mean: t3actors/store/history/block.py. 984 bytes of d make four rows to a page.
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,
  t0 INTEGER NOT NULL,
  tq INTEGER NOT NULL,
  tw INTEGER NOT NULL,
  v0 INTEGER NOT NULL,
  vd INTEGER NOT NULL,
  vw INTEGER NOT NULL,
  d BLOB NOT NULL,
  q,
  x TEXT
);

CREATE TABLE hours (
  hour INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  n INTEGER NOT NULL,
  least REAL NOT NULL,
  most REAL NOT NULL,
  mean REAL NOT NULL,
  last REAL NOT NULL,
  time_mean REAL NOT NULL,
  known_s INTEGER NOT NULL,
  held INTEGER NOT NULL,
  shares TEXT,
  PRIMARY KEY (hour, series_id)
) WITHOUT ROWID;

-- What the columns mean: t3actors/store/history/aggregate_block.py.
CREATE TABLE aggregate_blocks (
  id INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,
  t0 INTEGER NOT NULL,
  tq INTEGER NOT NULL,
  tw INTEGER NOT NULL,
  vd INTEGER NOT NULL,
  v0 INTEGER NOT NULL,
  vw INTEGER NOT NULL,
  xw INTEGER NOT NULL,
  lw INTEGER NOT NULL,
  fw INTEGER NOT NULL,
  c0 INTEGER NOT NULL,
  cw INTEGER NOT NULL,
  k0 INTEGER NOT NULL,
  kw INTEGER NOT NULL,
  d BLOB NOT NULL,
  x TEXT
);

-- What the views count and reckon with: a byte's value is its place in `octets`; 0 to 1023; the powers of two that a 64-bit
-- float can have (a halving is exact).
CREATE TABLE octets (octets BLOB NOT NULL);
INSERT INTO octets VALUES (x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
CREATE TABLE numbered (i INTEGER PRIMARY KEY);
WITH RECURSIVE counted (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM counted WHERE i < 1023)
INSERT INTO numbered SELECT i FROM counted;
CREATE TABLE powers_of_two (exponent INTEGER PRIMARY KEY, power REAL NOT NULL);
WITH RECURSIVE
down (exponent, power) AS (SELECT 0, 1.0 UNION ALL SELECT exponent - 1, power / 2 FROM down WHERE exponent > -1074),
up (exponent, power) AS (SELECT 1, 2.0 UNION ALL SELECT exponent + 1, power * 2 FROM up WHERE exponent < 971)
INSERT INTO powers_of_two SELECT exponent, power FROM down UNION ALL SELECT exponent, power FROM up;

DROP VIEW TRENDLOG_DATA;

-- How this is joined is part of the layout. The unary + keeps SQLite from reading samples before seconds, and series before
-- samples; devices and groups stay free, so that a query for one device begins there, and none that is ordered by
-- logging_time sorts. (CROSS JOIN says the same to SQLite 3.40, and too much to 3.54: measured.)
CREATE VIEW TRENDLOG_DATA AS
SELECT
  d.serial_number AS serial_number,
  d.panel_id AS panel_id,
  s.point_id AS point_id,
  g.point_type AS point_type,
  s.point_index AS point_index,
  t.logging_time AS logging_time,
  CASE typeof(x.value) WHEN 'text' THEN NULL WHEN 'blob' THEN CAST(CAST(x.value AS TEXT) AS REAL) ELSE x.value END AS value,
  s.range AS range,
  s.units AS units,
  CASE x.status & 7
    WHEN 0 THEN 'ok' WHEN 1 THEN 'unknown' WHEN 2 THEN 'stale' WHEN 3 THEN 'fault' WHEN 4 THEN 'down' ELSE 'disabled'
  END AS status,
  g.data_source AS data_source,
  s.sync_interval AS sync_interval,
  s.created_by AS created_by,
  x.logging_time * 1000 + x.ms AS sampled_at,
  d.device_id AS device_id,
  d.name AS name,
  CASE WHEN typeof(x.value) IN ('text', 'blob') THEN CAST(x.value AS TEXT) END AS text,
  (x.status & 8) = 0 AS clock_trusted
FROM DEVICES d, series_groups g, sample_seconds t, samples x, series s
WHERE x.logging_time = +t.logging_time
  AND x.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
  AND s.series_id = +x.series_id
  AND g.group_id = x.series_id >> 16
  AND d.device_id = g.device_id;

-- A row by hand: `INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value) VALUES (...)`.
CREATE TRIGGER trendlog_data_by_hand INSTEAD OF INSERT ON TRENDLOG_DATA
BEGIN
  SELECT RAISE(ABORT, 'TRENDLOG_DATA: no device in DEVICES has this serial_number')
  WHERE NOT EXISTS (SELECT 1 FROM DEVICES WHERE serial_number = NEW.serial_number);
  SELECT RAISE(ABORT, 'TRENDLOG_DATA: point_type is one of INPUT, OUTPUT, VARIABLE')
  WHERE NEW.point_type IS NULL OR NEW.point_type NOT IN ('INPUT', 'OUTPUT', 'VARIABLE');
  SELECT RAISE(ABORT, 'TRENDLOG_DATA: point_id is missing') WHERE NEW.point_id IS NULL;
  SELECT RAISE(ABORT, 'TRENDLOG_DATA: logging_time is whole Unix seconds, UTC')
  WHERE typeof(NEW.logging_time) <> 'integer' OR NEW.logging_time NOT BETWEEN 0 AND 99999999999;
  SELECT RAISE(ABORT, 'TRENDLOG_DATA: status is one of ok, unknown, stale, fault, down, disabled')
  WHERE NEW.status NOT IN ('ok', 'unknown', 'stale', 'fault', 'down', 'disabled');

  INSERT OR IGNORE INTO series_groups (group_id, device_id, data_source, point_type)
  SELECT
    device_id * 16 + CASE NEW.point_type WHEN 'INPUT' THEN 0 WHEN 'OUTPUT' THEN 4 ELSE 8 END + 1,
    device_id, 2, NEW.point_type
  FROM DEVICES WHERE serial_number = NEW.serial_number;

  INSERT INTO series (series_id, point_index, point_id, units, range, sync_interval, created_by, started_at)
  SELECT
    1 + COALESCE(
      (SELECT MAX(series_id) FROM series WHERE series_id BETWEEN g.group_id << 16 AND (g.group_id << 16) + 65535),
      g.group_id << 16
    ),
    COALESCE(
      NEW.point_index,
      (
        SELECT point_index FROM POINT_NAMES p
        WHERE p.serial_number = NEW.serial_number AND p.point_type = NEW.point_type AND p.point_id = NEW.point_id
      ),
      0
    ),
    NEW.point_id, COALESCE(NEW.units, ''), NEW.range, COALESCE(NEW.sync_interval, 30), 'manual_entry',
    NEW.logging_time * 1000
  FROM DEVICES d JOIN series_groups g ON g.device_id = d.device_id AND g.data_source = 2 AND g.point_type = NEW.point_type
  WHERE d.serial_number = NEW.serial_number
    AND NOT EXISTS (
      SELECT 1 FROM series s
      WHERE s.series_id BETWEEN g.group_id << 16 AND (g.group_id << 16) + 65535
        AND s.point_id = NEW.point_id AND s.units = COALESCE(NEW.units, '') AND s.range IS NEW.range
        AND s.sync_interval = COALESCE(NEW.sync_interval, 30)
    );

  -- What is older than the hours that are packed goes where it waits to be packed as well, and there alone where rows are gone.
  INSERT INTO late_samples (logging_time, series_id, ms, value, status)
  SELECT
    NEW.logging_time, s.series_id,
    MAX(
      COALESCE((SELECT MAX(ms) + 1 FROM samples x WHERE x.logging_time = NEW.logging_time AND x.series_id = s.series_id), 0),
      COALESCE((SELECT MAX(ms) + 1 FROM late_samples x WHERE x.logging_time = NEW.logging_time AND x.series_id = s.series_id), 0)
    ),
    CASE WHEN COALESCE(NEW.status, 'ok') = 'ok' THEN COALESCE(NEW.value, NEW.text) END,
    CASE COALESCE(NEW.status, 'ok')
      WHEN 'ok' THEN 0 WHEN 'unknown' THEN 1 WHEN 'stale' THEN 2 WHEN 'fault' THEN 3 WHEN 'down' THEN 4 ELSE 5
    END
  FROM DEVICES d
    JOIN series_groups g ON g.device_id = d.device_id AND g.data_source = 2 AND g.point_type = NEW.point_type
    JOIN series s ON s.series_id BETWEEN g.group_id << 16 AND (g.group_id << 16) + 65535
  WHERE d.serial_number = NEW.serial_number AND s.point_id = NEW.point_id AND s.units = COALESCE(NEW.units, '')
    AND s.range IS NEW.range AND s.sync_interval = COALESCE(NEW.sync_interval, 30)
    AND NEW.logging_time < (SELECT sealed_until FROM history)
  LIMIT 1;

  INSERT OR IGNORE INTO sample_seconds (logging_time)
  SELECT NEW.logging_time WHERE NEW.logging_time >= (SELECT recent_from FROM history);

  INSERT INTO samples (logging_time, series_id, ms, value, status)
  SELECT
    NEW.logging_time, s.series_id,
    CASE WHEN NEW.logging_time < (SELECT sealed_until FROM history)
      THEN (SELECT MAX(ms) FROM late_samples x WHERE x.logging_time = NEW.logging_time AND x.series_id = s.series_id)
      ELSE COALESCE((SELECT MAX(ms) + 1 FROM samples x WHERE x.logging_time = NEW.logging_time AND x.series_id = s.series_id), 0)
    END,
    CASE WHEN COALESCE(NEW.status, 'ok') = 'ok' THEN COALESCE(NEW.value, NEW.text) END,
    CASE COALESCE(NEW.status, 'ok')
      WHEN 'ok' THEN 0 WHEN 'unknown' THEN 1 WHEN 'stale' THEN 2 WHEN 'fault' THEN 3 WHEN 'down' THEN 4 ELSE 5
    END
  FROM DEVICES d
    JOIN series_groups g ON g.device_id = d.device_id AND g.data_source = 2 AND g.point_type = NEW.point_type
    JOIN series s ON s.series_id BETWEEN g.group_id << 16 AND (g.group_id << 16) + 65535
  WHERE d.serial_number = NEW.serial_number AND s.point_id = NEW.point_id AND s.units = COALESCE(NEW.units, '')
    AND s.range IS NEW.range AND s.sync_interval = COALESCE(NEW.sync_interval, 30)
    AND NEW.logging_time >= (SELECT recent_from FROM history)
  LIMIT 1;
END;

-- What is older than `recent`. A query should have logging_day (whole days since 1970, UTC): days are what is sought by; a time
-- alone makes SQLite unpack all there is of the point.
CREATE VIEW TRENDLOG_ARCHIVE AS
SELECT
  z.serial_number AS serial_number,
  z.panel_id AS panel_id,
  z.point_id AS point_id,
  z.point_type AS point_type,
  z.point_index AS point_index,
  z.day * 86400 + z.offset / 1000 AS logging_time,
  CASE
    WHEN z.mark & 1 OR z.vd = -2 THEN NULL
    WHEN z.vd > 0 THEN (z.v0 + z.number) * 1.0 / z.vd
    WHEN z.vd = 0 THEN z.v0 + z.number
    WHEN z.vd = -1 THEN z.float_at
    ELSE CAST(z.text_at AS REAL)
  END AS value,
  z.range AS range,
  z.units AS units,
  CASE z.mark >> 1 & 7
    WHEN 0 THEN 'ok' WHEN 1 THEN 'unknown' WHEN 2 THEN 'stale' WHEN 3 THEN 'fault' WHEN 4 THEN 'down' ELSE 'disabled'
  END AS status,
  z.data_source AS data_source,
  z.sync_interval AS sync_interval,
  z.created_by AS created_by,
  z.day * 86400000 + z.offset AS sampled_at,
  z.device_id AS device_id,
  z.name AS name,
  CASE WHEN z.vd < -1 AND NOT z.mark & 1 THEN z.text_at END AS text,
  (z.mark & 16) = 0 AS clock_trusted,
  z.day AS logging_day
FROM (
  SELECT
    d.serial_number, d.panel_id, d.device_id, d.name, g.point_type, g.data_source, s.point_id, s.point_index, s.range, s.units,
    s.states, s.sync_interval, s.created_by, p.day, b.*, n.i,
    b.t0 + CASE b.tw
        WHEN 0 THEN n.i * b.tq
        ELSE b.tq * (CASE b.tw
          WHEN 3 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 1, 1)) - 1) << 16)
            | ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 2, 1)) - 1) << 8)
            | (instr(k.octets, substr(b.d, 0 + n.i * 3 + 3, 1)) - 1)
          WHEN 2 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 2 + 1, 1)) - 1) << 8)
            | (instr(k.octets, substr(b.d, 0 + n.i * 2 + 2, 1)) - 1)
          WHEN 1 THEN (instr(k.octets, substr(b.d, 0 + n.i + 1, 1)) - 1)
          WHEN 4 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 4 + 1, 1)) - 1) << 24)
            | ((instr(k.octets, substr(b.d, 0 + n.i * 4 + 2, 1)) - 1) << 16)
            | ((instr(k.octets, substr(b.d, 0 + n.i * 4 + 3, 1)) - 1) << 8)
            | (instr(k.octets, substr(b.d, 0 + n.i * 4 + 4, 1)) - 1)
          ELSE 0
        END)
      END AS offset,
    CASE b.vw
            WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 1, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 2, 1)) - 1)
            WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * b.tw + n.i + 1, 1)) - 1)
            WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 1, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 2, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 3, 1)) - 1)
            WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 1, 1)) - 1) << 24)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 2, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 3, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 4, 1)) - 1)
            WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 1, 1)) - 1) << 32)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 2, 1)) - 1) << 24)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 3, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 4, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 5, 1)) - 1)
            WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 1, 1)) - 1) << 40)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 2, 1)) - 1) << 32)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 3, 1)) - 1) << 24)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 4, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 5, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 6, 1)) - 1)
            WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 1, 1)) - 1) << 48)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 2, 1)) - 1) << 40)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 3, 1)) - 1) << 32)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 4, 1)) - 1) << 24)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 5, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 6, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 7, 1)) - 1)
            WHEN 8 THEN (((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) + 128) & 255) - 128) << 56)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) << 48)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
              | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
              | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)
            ELSE 0
          END AS number,
    (CASE (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS float_at,
    COALESCE(CAST(substr(b.d, b.n * b.tw + 1 + json_extract(b.x, '$[' || n.i || '][0]'), json_extract(b.x, '$[' || n.i || '][1]')) AS TEXT), '') AS text_at,
    CASE typeof(b.q)
      WHEN 'null' THEN 0
      WHEN 'text' THEN (
        SELECT json_extract(j.value, '$[1]') FROM json_each(b.q) j WHERE json_extract(j.value, '$[0]') <= n.i ORDER BY j.key DESC LIMIT 1
      )
      ELSE CASE length(b.q) / b.n
        WHEN 1 THEN (instr(k.octets, substr(b.q, n.i + 1, 1)) - 1)
        WHEN 2 THEN ((instr(k.octets, substr(b.q, n.i * 2 + 1, 1)) - 1) << 8) | (instr(k.octets, substr(b.q, n.i * 2 + 2, 1)) - 1)
        WHEN 3 THEN ((instr(k.octets, substr(b.q, n.i * 3 + 1, 1)) - 1) << 16) | ((instr(k.octets, substr(b.q, n.i * 3 + 2, 1)) - 1) << 8) | (instr(k.octets, substr(b.q, n.i * 3 + 3, 1)) - 1)
        ELSE ((instr(k.octets, substr(b.q, n.i * 4 + 1, 1)) - 1) << 24) | ((instr(k.octets, substr(b.q, n.i * 4 + 2, 1)) - 1) << 16) | ((instr(k.octets, substr(b.q, n.i * 4 + 3, 1)) - 1) << 8) | (instr(k.octets, substr(b.q, n.i * 4 + 4, 1)) - 1)
      END
    END AS mark
  FROM octets k CROSS JOIN DEVICES d CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN parts p CROSS JOIN runs r
    CROSS JOIN blocks b CROSS JOIN numbered n
  WHERE s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
    AND g.group_id = s.series_id >> 16
    AND p.kind = 0 AND p.state = 2
    AND r.part = p.part AND r.series_id = s.series_id
    AND b.id BETWEEN p.first_block + r.first AND p.first_block + r.first + r.blocks - 1
    AND n.i < b.n
) z
UNION ALL
SELECT
  d.serial_number AS serial_number,
  d.panel_id AS panel_id,
  s.point_id AS point_id,
  g.point_type AS point_type,
  s.point_index AS point_index,
  x.logging_time AS logging_time,
  CASE typeof(x.value) WHEN 'text' THEN NULL WHEN 'blob' THEN CAST(CAST(x.value AS TEXT) AS REAL) ELSE x.value END AS value,
  s.range AS range,
  s.units AS units,
  CASE x.status & 7
    WHEN 0 THEN 'ok' WHEN 1 THEN 'unknown' WHEN 2 THEN 'stale' WHEN 3 THEN 'fault' WHEN 4 THEN 'down' ELSE 'disabled'
  END AS status,
  g.data_source AS data_source,
  s.sync_interval AS sync_interval,
  s.created_by AS created_by,
  x.logging_time * 1000 + x.ms AS sampled_at,
  d.device_id AS device_id,
  d.name AS name,
  CASE WHEN typeof(x.value) IN ('text', 'blob') THEN CAST(x.value AS TEXT) END AS text,
  (x.status & 8) = 0 AS clock_trusted,
  x.logging_time / 86400 AS logging_day
FROM late_samples x CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN DEVICES d
WHERE s.series_id = x.series_id AND g.group_id = x.series_id >> 16 AND d.device_id = g.device_id
  AND x.logging_time < (SELECT recent_from FROM history);

CREATE VIEW TRENDLOG_ALL AS
SELECT
  serial_number, panel_id, point_id, point_type, point_index, logging_time, value, range, units, status, data_source,
  sync_interval, created_by, sampled_at, device_id, name, text, clock_trusted, logging_day
FROM TRENDLOG_ARCHIVE
UNION ALL
SELECT
  serial_number, panel_id, point_id, point_type, point_index, logging_time, value, range, units, status, data_source,
  sync_interval, created_by, sampled_at, device_id, name, text, clock_trusted, logging_time / 86400 AS logging_day
FROM TRENDLOG_DATA;

-- An hour of a point as one row. `minimum` and `maximum` of all values it had, also the one it came into the hour with; `mean`
-- of its samples, `time_mean` weighed by how long each held, which of a 0 or 1 is the share of 1; `known_s`: for how long it
-- was known; `shares`: the share of time of each state. logging_time is when the hour began. Means of packed hours are rounded
-- to 1/131070 of the way from minimum to maximum.
CREATE VIEW TRENDLOG_HOURLY AS
SELECT
  z.serial_number AS serial_number,
  z.panel_id AS panel_id,
  z.point_id AS point_id,
  z.point_type AS point_type,
  z.point_index AS point_index,
  z.day * 86400 + z.offset AS logging_time,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END AS minimum,
  CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END AS maximum,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END * (1 - z.middle / 65535.0)
    + CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END * (z.middle / 65535.0) AS mean,
  CASE z.vd WHEN -1 THEN z.raw_last ELSE (z.v0 + z.low + z.final) * 1.0 / z.vd END AS last,
  z.c0 + z.counted AS count,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END * (1 - z.time_middle / 65535.0)
    + CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END * (z.time_middle / 65535.0) AS time_mean,
  z.k0 + z.known AS known_s,
  json_extract(z.x, '$."' || z.i || '"') AS shares,
  z.range AS range,
  z.units AS units,
  z.data_source AS data_source,
  z.device_id AS device_id,
  z.name AS name,
  (z.day * 86400 + z.offset) / 86400 AS logging_day
FROM (
  SELECT
    d.serial_number, d.panel_id, d.device_id, d.name, g.point_type, g.data_source, s.point_id, s.point_index, s.range, s.units,
    s.states, s.sync_interval, s.created_by, p.day, b.*, n.i,
    b.t0 + CASE b.tw
      WHEN 0 THEN n.i * b.tq
      ELSE b.tq * (CASE b.tw
        WHEN 2 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 2 + 1, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, 0 + n.i * 2 + 2, 1)) - 1)
        WHEN 1 THEN (instr(k.octets, substr(b.d, 0 + n.i + 1, 1)) - 1)
        WHEN 3 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 1, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 2, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, 0 + n.i * 3 + 3, 1)) - 1)
        ELSE 0
      END)
    END AS offset,
    CASE b.vw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * b.tw + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS low,
    CASE b.xw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS high,
    CASE b.lw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS final,
    (CASE (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_low,
    (CASE (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_high,
    (CASE (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_last,
    CASE b.fw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS middle,
    CASE b.fw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + b.fw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + b.fw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS time_middle,
    CASE b.cw
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i + 1, 1)) - 1)
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 2 + 2, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 4, 1)) - 1)
      ELSE 0
    END AS counted,
    CASE b.kw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 3, 1)) - 1)
      ELSE 0
    END AS known
  FROM octets k CROSS JOIN DEVICES d CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN parts p CROSS JOIN runs r
    CROSS JOIN aggregate_blocks b CROSS JOIN numbered n
  WHERE s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
    AND g.group_id = s.series_id >> 16
    AND p.kind = 2 AND p.state IN (1, 2)
    AND r.part = p.part AND r.series_id = s.series_id
    AND b.id BETWEEN p.first_block + r.first AND p.first_block + r.first + r.blocks - 1
    AND n.i < b.n
) z
UNION ALL
SELECT
  d.serial_number AS serial_number,
  d.panel_id AS panel_id,
  s.point_id AS point_id,
  g.point_type AS point_type,
  s.point_index AS point_index,
  a.hour * 3600 AS logging_time,
  a.least AS minimum,
  a.most AS maximum,
  a.mean AS mean,
  a.last AS last,
  a.n AS count,
  a.time_mean AS time_mean,
  a.known_s AS known_s,
  a.shares AS shares,
  s.range AS range,
  s.units AS units,
  g.data_source AS data_source,
  d.device_id AS device_id,
  d.name AS name,
  a.hour / 24 AS logging_day
FROM DEVICES d CROSS JOIN numbered n CROSS JOIN hours a CROSS JOIN series s CROSS JOIN series_groups g
WHERE a.hour = (SELECT hours_from FROM history) + n.i
  AND a.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
  AND s.series_id = a.series_id
  AND g.group_id = a.series_id >> 16;

-- Likewise by the minute: only of points with `minutes` set.
CREATE VIEW TRENDLOG_MINUTELY AS
SELECT
  z.serial_number AS serial_number,
  z.panel_id AS panel_id,
  z.point_id AS point_id,
  z.point_type AS point_type,
  z.point_index AS point_index,
  z.day * 86400 + z.offset AS logging_time,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END AS minimum,
  CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END AS maximum,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END * (1 - z.middle / 65535.0)
    + CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END * (z.middle / 65535.0) AS mean,
  CASE z.vd WHEN -1 THEN z.raw_last ELSE (z.v0 + z.low + z.final) * 1.0 / z.vd END AS last,
  z.c0 + z.counted AS count,
  CASE z.vd WHEN -1 THEN z.raw_low ELSE (z.v0 + z.low) * 1.0 / z.vd END * (1 - z.time_middle / 65535.0)
    + CASE z.vd WHEN -1 THEN z.raw_high ELSE (z.v0 + z.low + z.high) * 1.0 / z.vd END * (z.time_middle / 65535.0) AS time_mean,
  z.k0 + z.known AS known_s,
  json_extract(z.x, '$."' || z.i || '"') AS shares,
  z.range AS range,
  z.units AS units,
  z.data_source AS data_source,
  z.device_id AS device_id,
  z.name AS name,
  (z.day * 86400 + z.offset) / 86400 AS logging_day
FROM (
  SELECT
    d.serial_number, d.panel_id, d.device_id, d.name, g.point_type, g.data_source, s.point_id, s.point_index, s.range, s.units,
    s.states, s.sync_interval, s.created_by, p.day, b.*, n.i,
    b.t0 + CASE b.tw
      WHEN 0 THEN n.i * b.tq
      ELSE b.tq * (CASE b.tw
        WHEN 2 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 2 + 1, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, 0 + n.i * 2 + 2, 1)) - 1)
        WHEN 1 THEN (instr(k.octets, substr(b.d, 0 + n.i + 1, 1)) - 1)
        WHEN 3 THEN ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 1, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, 0 + n.i * 3 + 2, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, 0 + n.i * 3 + 3, 1)) - 1)
        ELSE 0
      END)
    END AS offset,
    CASE b.vw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * b.tw + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS low,
    CASE b.xw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS high,
    CASE b.lw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 4 + 4, 1)) - 1)
      WHEN 5 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 1, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 2, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 3, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 4, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 5 + 5, 1)) - 1)
      WHEN 6 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 1, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 2, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 3, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 4, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 5, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 6 + 6, 1)) - 1)
      WHEN 7 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 1, 1)) - 1) << 48)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 2, 1)) - 1) << 40)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 3, 1)) - 1) << 32)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 4, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 5, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 6, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 7 + 7, 1)) - 1)
      ELSE 0
    END AS final,
    (CASE (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * b.tw + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_low,
    (CASE (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw) + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_high,
    (CASE (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) >> 7 WHEN 1 THEN -1.0 ELSE 1.0 END) * CASE ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) >> 4))
        WHEN 2047 THEN 9e999
        WHEN 0 THEN ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 8, 1)) - 1)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = -1074)
        ELSE (((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) & 15) << 48)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 3, 1)) - 1) << 40)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 4, 1)) - 1) << 32)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 5, 1)) - 1) << 24)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 6, 1)) - 1) << 16)
          | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 7, 1)) - 1) << 8)
          | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 8, 1)) - 1)) | (1 << 52)) * (SELECT p.power FROM powers_of_two p WHERE p.exponent = ((((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 1, 1)) - 1) & 127) << 4) | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw) + n.i * 8 + 2, 1)) - 1) >> 4)) - 1075)
      END AS raw_last,
    CASE b.fw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS middle,
    CASE b.fw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + b.fw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + b.fw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS time_middle,
    CASE b.cw
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i + 1, 1)) - 1)
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 2 + 2, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 3 + 3, 1)) - 1)
      WHEN 4 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 1, 1)) - 1) << 24)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 2, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 3, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw) + n.i * 4 + 4, 1)) - 1)
      ELSE 0
    END AS counted,
    CASE b.kw
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 2 + 2, 1)) - 1)
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i + 1, 1)) - 1)
      WHEN 3 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 1, 1)) - 1) << 16)
        | ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 2, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw) + n.i * 3 + 3, 1)) - 1)
      ELSE 0
    END AS known
  FROM octets k CROSS JOIN DEVICES d CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN parts p CROSS JOIN runs r
    CROSS JOIN aggregate_blocks b CROSS JOIN numbered n
  WHERE s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
    AND g.group_id = s.series_id >> 16
    AND p.kind = 1 AND p.state IN (1, 2)
    AND r.part = p.part AND r.series_id = s.series_id
    AND b.id BETWEEN p.first_block + r.first AND p.first_block + r.first + r.blocks - 1
    AND n.i < b.n
) z;
