-- Schema 8: what changes with each sample, apart from what hardly ever does. Written once, never edited after a release: a change is a
-- new numbered file.
--
--   input_rows, output_rows, variable_rows   what a point is, and how well: written when that changes
--   newest_values                            its newest value: a short row, so that many lie in a page
--   fresh_values                             what is newer still, in the order it came: a batch that changes few points adds to its
--                                            end instead of writing a page for each; ever again it is folded into newest_values
--   INPUT_POINTS, OUTPUT_POINTS, VARIABLE_POINTS   all of it, at each commit, as before: views now
--
-- point_no = device_id << 34 | kind << 32 | point_index (kind: 0 input, 1 output, 2 variable). Times are written as differences, most of
-- them 0: changed_at = sampled_at - changed_before, updated_at = sampled_at + written_after (sampled_at NULL: reckon with 0).

DROP VIEW POINTS;
DROP VIEW POINT_NAMES;

CREATE TABLE input_rows (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  units TEXT NOT NULL DEFAULT '',
  units_code INTEGER,
  range INTEGER,
  states TEXT,
  source TEXT NOT NULL DEFAULT '',
  digital_analog INTEGER NOT NULL DEFAULT 1,
  auto_manual INTEGER,
  flags INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'unknown' CHECK (status IN ('ok', 'unknown', 'stale', 'fault', 'down', 'disabled')),
  status_reason TEXT NOT NULL DEFAULT '',
  status_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  calibration REAL,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

INSERT INTO input_rows (serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  calibration)
SELECT
  serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  calibration
FROM INPUT_POINTS;

CREATE TABLE output_rows (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  units TEXT NOT NULL DEFAULT '',
  units_code INTEGER,
  range INTEGER,
  states TEXT,
  source TEXT NOT NULL DEFAULT '',
  digital_analog INTEGER NOT NULL DEFAULT 1,
  auto_manual INTEGER,
  flags INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'unknown' CHECK (status IN ('ok', 'unknown', 'stale', 'fault', 'down', 'disabled')),
  status_reason TEXT NOT NULL DEFAULT '',
  status_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  low_voltage REAL,
  high_voltage REAL,
  hw_switch_status INTEGER,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

INSERT INTO output_rows (serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  low_voltage, high_voltage, hw_switch_status)
SELECT
  serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  low_voltage, high_voltage, hw_switch_status
FROM OUTPUT_POINTS;

CREATE TABLE variable_rows (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  units TEXT NOT NULL DEFAULT '',
  units_code INTEGER,
  range INTEGER,
  states TEXT,
  source TEXT NOT NULL DEFAULT '',
  digital_analog INTEGER NOT NULL DEFAULT 1,
  auto_manual INTEGER,
  flags INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'unknown' CHECK (status IN ('ok', 'unknown', 'stale', 'fault', 'down', 'disabled')),
  status_reason TEXT NOT NULL DEFAULT '',
  status_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  unused INTEGER,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

INSERT INTO variable_rows (serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  unused)
SELECT
  serial_number, point_index, device_id, point_id, label, full_label, units, units_code, range, states, source,
  digital_analog, auto_manual, flags, status, status_reason, status_at, mode, object_type, object_instance, updated_at,
  unused
FROM VARIABLE_POINTS;

CREATE TABLE newest_values (
  point_no INTEGER PRIMARY KEY,
  value CHECK (typeof(value) IN ('real', 'integer', 'null')),
  text TEXT,
  sampled_at INTEGER,
  changed_before INTEGER,
  written_after INTEGER
);

CREATE TABLE fresh_values (
  seq INTEGER PRIMARY KEY,
  point_no INTEGER NOT NULL,
  value CHECK (typeof(value) IN ('real', 'integer', 'null')),
  text TEXT,
  sampled_at INTEGER,
  changed_before INTEGER,
  written_after INTEGER
);

INSERT INTO newest_values (point_no, value, text, sampled_at, changed_before, written_after)
SELECT (device_id << 34) + (0 << 32) + point_index, value, text, sampled_at, COALESCE(sampled_at, 0) - changed_at,
  COALESCE(updated_at, 0) - COALESCE(sampled_at, 0)
FROM INPUT_POINTS WHERE value IS NOT NULL OR text IS NOT NULL OR sampled_at IS NOT NULL OR changed_at IS NOT NULL;

INSERT INTO newest_values (point_no, value, text, sampled_at, changed_before, written_after)
SELECT (device_id << 34) + (1 << 32) + point_index, value, text, sampled_at, COALESCE(sampled_at, 0) - changed_at,
  COALESCE(updated_at, 0) - COALESCE(sampled_at, 0)
FROM OUTPUT_POINTS WHERE value IS NOT NULL OR text IS NOT NULL OR sampled_at IS NOT NULL OR changed_at IS NOT NULL;

INSERT INTO newest_values (point_no, value, text, sampled_at, changed_before, written_after)
SELECT (device_id << 34) + (2 << 32) + point_index, value, text, sampled_at, COALESCE(sampled_at, 0) - changed_at,
  COALESCE(updated_at, 0) - COALESCE(sampled_at, 0)
FROM VARIABLE_POINTS WHERE value IS NOT NULL OR text IS NOT NULL OR sampled_at IS NOT NULL OR changed_at IS NOT NULL;

DROP TABLE INPUT_POINTS;
CREATE VIEW INPUT_POINTS AS
SELECT r.serial_number, r.point_index, r.device_id, r.point_id, r.label, r.full_label,
  CASE WHEN f.point_no IS NULL THEN n.value ELSE f.value END AS value,
  CASE WHEN f.point_no IS NULL THEN n.text ELSE f.text END AS text,
  r.units, r.units_code, r.range, r.states, r.source, r.digital_analog, r.auto_manual, r.flags, r.status, r.status_reason,
  r.status_at,
  CASE WHEN f.point_no IS NULL THEN n.sampled_at ELSE f.sampled_at END AS sampled_at,
  CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) - n.changed_before
    ELSE COALESCE(f.sampled_at, 0) - f.changed_before END AS changed_at,
  r.mode, r.object_type, r.object_instance,
  MAX(
    COALESCE(r.updated_at, 0),
    CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) + COALESCE(n.written_after, 0)
      ELSE COALESCE(f.sampled_at, 0) + f.written_after END
  ) AS updated_at,
  r.calibration
FROM input_rows r
LEFT JOIN newest_values n ON n.point_no = (r.device_id << 34) + (0 << 32) + r.point_index
LEFT JOIN (
  SELECT point_no, value, text, sampled_at, changed_before, written_after, MAX(seq) AS seq FROM fresh_values
  WHERE point_no >> 32 & 3 = 0 GROUP BY point_no  -- of a point the row that has the greatest seq
) f ON f.point_no = (r.device_id << 34) + (0 << 32) + r.point_index;

DROP TABLE OUTPUT_POINTS;
CREATE VIEW OUTPUT_POINTS AS
SELECT r.serial_number, r.point_index, r.device_id, r.point_id, r.label, r.full_label,
  CASE WHEN f.point_no IS NULL THEN n.value ELSE f.value END AS value,
  CASE WHEN f.point_no IS NULL THEN n.text ELSE f.text END AS text,
  r.units, r.units_code, r.range, r.states, r.source, r.digital_analog, r.auto_manual, r.flags, r.status, r.status_reason,
  r.status_at,
  CASE WHEN f.point_no IS NULL THEN n.sampled_at ELSE f.sampled_at END AS sampled_at,
  CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) - n.changed_before
    ELSE COALESCE(f.sampled_at, 0) - f.changed_before END AS changed_at,
  r.mode, r.object_type, r.object_instance,
  MAX(
    COALESCE(r.updated_at, 0),
    CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) + COALESCE(n.written_after, 0)
      ELSE COALESCE(f.sampled_at, 0) + f.written_after END
  ) AS updated_at,
  r.low_voltage, r.high_voltage, r.hw_switch_status
FROM output_rows r
LEFT JOIN newest_values n ON n.point_no = (r.device_id << 34) + (1 << 32) + r.point_index
LEFT JOIN (
  SELECT point_no, value, text, sampled_at, changed_before, written_after, MAX(seq) AS seq FROM fresh_values
  WHERE point_no >> 32 & 3 = 1 GROUP BY point_no  -- of a point the row that has the greatest seq
) f ON f.point_no = (r.device_id << 34) + (1 << 32) + r.point_index;

DROP TABLE VARIABLE_POINTS;
CREATE VIEW VARIABLE_POINTS AS
SELECT r.serial_number, r.point_index, r.device_id, r.point_id, r.label, r.full_label,
  CASE WHEN f.point_no IS NULL THEN n.value ELSE f.value END AS value,
  CASE WHEN f.point_no IS NULL THEN n.text ELSE f.text END AS text,
  r.units, r.units_code, r.range, r.states, r.source, r.digital_analog, r.auto_manual, r.flags, r.status, r.status_reason,
  r.status_at,
  CASE WHEN f.point_no IS NULL THEN n.sampled_at ELSE f.sampled_at END AS sampled_at,
  CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) - n.changed_before
    ELSE COALESCE(f.sampled_at, 0) - f.changed_before END AS changed_at,
  r.mode, r.object_type, r.object_instance,
  MAX(
    COALESCE(r.updated_at, 0),
    CASE WHEN f.point_no IS NULL THEN COALESCE(n.sampled_at, 0) + COALESCE(n.written_after, 0)
      ELSE COALESCE(f.sampled_at, 0) + f.written_after END
  ) AS updated_at,
  r.unused
FROM variable_rows r
LEFT JOIN newest_values n ON n.point_no = (r.device_id << 34) + (2 << 32) + r.point_index
LEFT JOIN (
  SELECT point_no, value, text, sampled_at, changed_before, written_after, MAX(seq) AS seq FROM fresh_values
  WHERE point_no >> 32 & 3 = 2 GROUP BY point_no  -- of a point the row that has the greatest seq
) f ON f.point_no = (r.device_id << 34) + (2 << 32) + r.point_index;

CREATE VIEW POINT_NAMES AS
SELECT serial_number, 'INPUT' AS point_type, point_index, point_id FROM input_rows
UNION ALL SELECT serial_number, 'OUTPUT', point_index, point_id FROM output_rows
UNION ALL SELECT serial_number, 'VARIABLE', point_index, point_id FROM variable_rows;

-- The first thing to query: every point as it is known now. Nothing here reads live once the gateway was stopped, or its
-- heartbeat, written every 10 to 20 s, is older than 35 s; or as far in the future: it died before its clock was set right.
CREATE VIEW POINTS AS
WITH
gateway_now AS (
  SELECT
    CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS now_ms,
    (SELECT heartbeat_at FROM GATEWAY) AS heartbeat_at,
    (
      SELECT heartbeat_at FROM GATEWAY
      WHERE NOT clean_stop
        AND ABS(heartbeat_at - CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) <= 35000
    ) IS NOT NULL AS lives
),
every_point AS (
  SELECT 'INPUT' AS point_type, serial_number, device_id, point_index, point_id, label, full_label, value, text, units,
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at, mode
  FROM INPUT_POINTS
  UNION ALL
  SELECT 'OUTPUT' AS point_type, serial_number, device_id, point_index, point_id, label, full_label, value, text, units,
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at, mode
  FROM OUTPUT_POINTS
  UNION ALL
  SELECT 'VARIABLE' AS point_type, serial_number, device_id, point_index, point_id, label, full_label, value, text, units,
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at, mode
  FROM VARIABLE_POINTS
)
SELECT
  d.name AS name,
  p.point_id AS point_id,
  p.label AS label,
  p.value AS value,
  CASE
    WHEN p.text IS NOT NULL THEN p.text
    WHEN p.value BETWEEN 0 AND 999 AND p.value = CAST(p.value AS INTEGER)
      THEN json_extract(p.states, '$[' || CAST(p.value AS INTEGER) || ']')
  END AS text,
  p.units AS units,
  CASE WHEN n.lives THEN p.status ELSE 'unknown' END AS status,
  CASE
    WHEN n.lives THEN p.status_reason
    ELSE 'the gateway does not run: it was ' || p.status || ', last heard '
      || COALESCE(datetime(n.heartbeat_at / 1000, 'unixepoch') || ' UTC', 'never')
  END AS status_reason,
  (n.now_ms - p.sampled_at) / 1000 AS age_s,
  p.full_label AS full_label,
  p.point_type AS point_type,
  p.point_index AS point_index,
  p.auto_manual AS auto_manual,
  p.flags AS flags,
  p.range AS range,
  p.states AS states,
  p.digital_analog AS digital_analog,
  p.sampled_at AS sampled_at,
  p.changed_at AS changed_at,
  p.status_at AS status_at,
  p.serial_number AS serial_number,
  p.device_id AS device_id,
  CASE WHEN n.lives THEN d.status ELSE 'unknown' END AS device_status,
  p.mode AS mode
FROM every_point p JOIN DEVICES d ON d.serial_number = p.serial_number CROSS JOIN gateway_now n;
