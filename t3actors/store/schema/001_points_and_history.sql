-- Schema 1. Written once, never edited after a release: a change is a new numbered file.
-- Times: *_at are Unix UTC milliseconds, logging_time is whole Unix seconds. Units are engineering units.

CREATE TABLE GATEWAY (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  clock_trusted INTEGER NOT NULL,
  schema INTEGER NOT NULL,
  clean_stop INTEGER NOT NULL,
  writer_epoch INTEGER NOT NULL  -- each writer that opens the file counts it up: an older one can no longer commit
);

-- Which batches are stored: a resend is acknowledged, not written. One row per detector incarnation, the newest few.
CREATE TABLE stored_batches (
  incarnation INTEGER PRIMARY KEY,
  batch_no INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  dropped TEXT
);

CREATE TABLE DEVICES (
  device_id INTEGER PRIMARY KEY,
  serial_number INTEGER NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  enabled INTEGER NOT NULL DEFAULT 1,
  protocol TEXT NOT NULL DEFAULT '',
  panel_id INTEGER,
  panel_name TEXT,
  building_name TEXT,
  address TEXT NOT NULL DEFAULT '',
  ip_address TEXT,
  port INTEGER,
  modbus_address INTEGER,
  bacnet_network INTEGER,
  bacnet_mstp_mac_id INTEGER,
  object_instance INTEGER,
  vendor_id INTEGER,
  model TEXT,
  firmware TEXT,
  status TEXT NOT NULL DEFAULT 'unknown'
    CHECK (status IN ('unknown', 'connecting', 'online', 'offline', 'disabled', 'conflict')),
  status_reason TEXT NOT NULL DEFAULT '',
  status_at INTEGER,
  last_ok_at INTEGER,
  poll_interval_s REAL,
  achieved_interval_s REAL,
  polls_ok INTEGER NOT NULL DEFAULT 0,
  polls_failed INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER
);

-- The three point tables. `value` has no declared type on purpose: REAL would round integers beyond 2^53.
-- A whole number beyond 2^63 - 1 is the nearest REAL in `value` and exact in `text`; a string point has only `text`.
-- `source` says where the value comes from (register, type, order, scale): with units, range and states, what it means.

CREATE TABLE INPUT_POINTS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  value CHECK (typeof(value) IN ('real', 'integer', 'null')),
  text TEXT,
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
  sampled_at INTEGER,
  changed_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  calibration REAL,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

CREATE TABLE OUTPUT_POINTS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  value CHECK (typeof(value) IN ('real', 'integer', 'null')),
  text TEXT,
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
  sampled_at INTEGER,
  changed_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  low_voltage REAL,
  high_voltage REAL,
  hw_switch_status INTEGER,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

CREATE TABLE VARIABLE_POINTS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  point_index INTEGER NOT NULL,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  point_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  full_label TEXT NOT NULL DEFAULT '',
  value CHECK (typeof(value) IN ('real', 'integer', 'null')),
  text TEXT,
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
  sampled_at INTEGER,
  changed_at INTEGER,
  mode TEXT NOT NULL DEFAULT 'poll',
  object_type INTEGER,
  object_instance INTEGER,
  updated_at INTEGER,
  unused INTEGER,
  PRIMARY KEY (serial_number, point_index)
) WITHOUT ROWID;

-- The less used tables: T3000's own columns in snake_case.

CREATE TABLE PROGRAMS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  program_index INTEGER NOT NULL,
  program_id TEXT,
  switch_node TEXT,
  program_label TEXT,
  program_list TEXT,
  program_size INTEGER,
  program_pointer TEXT,
  program_status TEXT,
  auto_manual INTEGER,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, program_index)
) WITHOUT ROWID;

CREATE TABLE SCHEDULES (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  schedule_index INTEGER NOT NULL,
  schedule_id TEXT,
  auto_manual INTEGER,
  output_field TEXT,
  variable_field TEXT,
  holiday1 TEXT,
  status1 TEXT,
  holiday2 TEXT,
  status2 TEXT,
  interval_field TEXT,
  schedule_time TEXT,
  monday_time TEXT,
  tuesday_time TEXT,
  wednesday_time TEXT,
  thursday_time TEXT,
  friday_time TEXT,
  saturday_time TEXT,
  sunday_time TEXT,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, schedule_index)
) WITHOUT ROWID;

CREATE TABLE HOLIDAYS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  holiday_index INTEGER NOT NULL,
  holiday_id TEXT,
  auto_manual INTEGER,
  holiday_value TEXT,
  status TEXT,
  month_field INTEGER,
  day_field INTEGER,
  year_field INTEGER,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, holiday_index)
) WITHOUT ROWID;

CREATE TABLE TRENDLOGS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  trendlog_index INTEGER NOT NULL,
  panel_id INTEGER,
  trendlog_id TEXT,
  switch_node TEXT,
  trendlog_label TEXT,
  interval_seconds INTEGER,
  buffer_size INTEGER,
  data_size_kb TEXT,
  auto_manual INTEGER,
  status TEXT,
  ffi_synced INTEGER NOT NULL DEFAULT 0,
  last_ffi_sync INTEGER,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, trendlog_index)
) WITHOUT ROWID;

CREATE TABLE PID_CONTROLLERS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  pid_controller_index INTEGER NOT NULL,
  loop_field TEXT,
  switch_node TEXT,
  input_field TEXT,
  input_value REAL,
  auto_manual INTEGER,
  output_field TEXT,
  output_value REAL,
  set_value REAL,
  units TEXT,
  action_field TEXT,
  proportional REAL,
  reset_field REAL,
  rate REAL,
  bias REAL,
  status TEXT,
  type_field TEXT,
  setpoint_high REAL,
  setpoint_low REAL,
  units_state TEXT,
  variable_state TEXT,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, pid_controller_index)
) WITHOUT ROWID;

CREATE TABLE GRAPHICS (
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  graphic_index INTEGER NOT NULL,
  graphic_id TEXT,
  switch_node TEXT,
  graphic_label TEXT,
  graphic_full_label TEXT,
  graphic_picture_file TEXT,
  graphic_total_point INTEGER,
  updated_at INTEGER,
  PRIMARY KEY (serial_number, graphic_index)
) WITHOUT ROWID;

CREATE TABLE ALARMS (
  id INTEGER PRIMARY KEY,
  serial_number INTEGER NOT NULL REFERENCES DEVICES (serial_number) ON UPDATE CASCADE,
  alarm_id TEXT,
  panel TEXT,
  message TEXT,
  status TEXT,
  priority INTEGER,
  notification_id INTEGER,
  alarm_state TEXT,
  alarm_type TEXT,
  source TEXT,
  description TEXT,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  action_field TEXT,
  low_limit REAL,
  high_limit REAL,
  raised_at INTEGER NOT NULL,
  cleared_at INTEGER,
  acked_at INTEGER
);
CREATE INDEX alarms_by_device ON ALARMS (serial_number, raised_at);

CREATE TABLE EVENTS (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  device_id INTEGER REFERENCES DEVICES (device_id),
  point TEXT,
  event TEXT NOT NULL,
  from_status TEXT NOT NULL DEFAULT '',
  to_status TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT ''
);
-- When the gateway itself came and went: few rows. TRENDLOG_SPANS seeks here.
CREATE INDEX events_of_the_gateway ON EVENTS (event, at) WHERE device_id IS NULL;

-- History. A series is a point under one description; a group is all series of one device, kind and data source.
-- group_id = device_id * 16 + kind * 4 + data_source - 1 (kind: 0 input, 1 output, 2 variable)
-- series_id = group_id * 65536 + 1, 2, ...: the series of a device, and of a group, are one range of numbers.

CREATE TABLE series_groups (
  group_id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  data_source INTEGER NOT NULL CHECK (data_source BETWEEN 1 AND 4),
  point_type TEXT NOT NULL CHECK (point_type IN ('INPUT', 'OUTPUT', 'VARIABLE')),
  UNIQUE (device_id, data_source, point_type)
);

CREATE TABLE series (
  series_id INTEGER PRIMARY KEY,
  point_index INTEGER NOT NULL,
  point_id TEXT NOT NULL,
  units TEXT NOT NULL DEFAULT '',
  range INTEGER,
  states TEXT,
  source TEXT NOT NULL DEFAULT '',
  sync_interval NUMERIC NOT NULL DEFAULT 30,
  created_by TEXT NOT NULL,
  started_at INTEGER NOT NULL
);

-- Clustered by time, then series: a batch appends at the end of one b-tree. No index, or every batch would touch a leaf
-- per series. `status`: 0 ok, 1 unknown, 2 stale, 3 fault, 4 down, 5 disabled; `value` is NULL unless 0. Text is text;
-- a whole number beyond 2^63 - 1 is a blob of its digits.
CREATE TABLE samples (
  logging_time INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  value,
  status INTEGER NOT NULL,
  PRIMARY KEY (logging_time, series_id, ms)
) WITHOUT ROWID;

-- The seconds that have samples: from second to second the view seeks one device's range instead of reading all rows.
CREATE TABLE sample_seconds (logging_time INTEGER PRIMARY KEY);

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
  CASE x.status
    WHEN 0 THEN 'ok' WHEN 1 THEN 'unknown' WHEN 2 THEN 'stale' WHEN 3 THEN 'fault' WHEN 4 THEN 'down' ELSE 'disabled'
  END AS status,
  g.data_source AS data_source,
  s.sync_interval AS sync_interval,
  s.created_by AS created_by,
  x.logging_time * 1000 + x.ms AS sampled_at,
  d.device_id AS device_id,
  d.name AS name,
  CASE WHEN typeof(x.value) IN ('text', 'blob') THEN CAST(x.value AS TEXT) END AS text
FROM DEVICES d, series_groups g, sample_seconds t, samples x, series s
WHERE x.logging_time = +t.logging_time
  AND x.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
  AND s.series_id = +x.series_id
  AND g.group_id = x.series_id >> 16
  AND d.device_id = g.device_id;

-- When nobody was listening any more: the gateway's last word before it was started again. (A lost one's last heartbeat may
-- be older than its last samples: hence by way of the start.)
CREATE VIEW GATEWAY_ENDS AS
SELECT
  s.at AS started_at,
  MAX(
    COALESCE((SELECT MAX(e.at) FROM EVENTS e WHERE e.device_id IS NULL AND e.event = 'gateway.stopped' AND e.at <= s.at), 0),
    COALESCE((SELECT MAX(e.at) FROM EVENTS e WHERE e.device_id IS NULL AND e.event = 'gateway.lost' AND e.at <= s.at), 0)
  ) AS ended_at
FROM EVENTS s
WHERE s.device_id IS NULL AND s.event = 'gateway.started';

-- A value holds until the next one, but not beyond the end of the gateway that read it: the span after a restart begins with
-- the next sample.
CREATE VIEW TRENDLOG_SPANS AS
SELECT
  *,
  COALESCE(
    (
      SELECT MAX(x.sampled_at, g.ended_at) FROM GATEWAY_ENDS g
      WHERE g.started_at > x.sampled_at AND g.started_at <= COALESCE(x.next_at, 9e15)
      ORDER BY g.started_at LIMIT 1
    ),
    next_at,
    MAX(sampled_at, COALESCE((SELECT heartbeat_at FROM GATEWAY), 0))
  ) AS until_at
FROM (
  SELECT
    *,
    sampled_at AS from_at,
    LEAD(sampled_at) OVER (
      PARTITION BY serial_number, device_id, name, point_type, point_id, point_index, data_source ORDER BY sampled_at
    ) AS next_at
  FROM TRENDLOG_DATA
) x;

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

  INSERT OR IGNORE INTO sample_seconds (logging_time) VALUES (NEW.logging_time);

  INSERT INTO samples (logging_time, series_id, ms, value, status)
  SELECT
    NEW.logging_time, s.series_id,
    COALESCE((SELECT MAX(ms) + 1 FROM samples x WHERE x.logging_time = NEW.logging_time AND x.series_id = s.series_id), 0),
    CASE WHEN COALESCE(NEW.status, 'ok') = 'ok' THEN COALESCE(NEW.value, NEW.text) END,
    CASE COALESCE(NEW.status, 'ok')
      WHEN 'ok' THEN 0 WHEN 'unknown' THEN 1 WHEN 'stale' THEN 2 WHEN 'fault' THEN 3 WHEN 'down' THEN 4 ELSE 5
    END
  FROM DEVICES d
    JOIN series_groups g ON g.device_id = d.device_id AND g.data_source = 2 AND g.point_type = NEW.point_type
    JOIN series s ON s.series_id BETWEEN g.group_id << 16 AND (g.group_id << 16) + 65535
  WHERE d.serial_number = NEW.serial_number AND s.point_id = NEW.point_id AND s.units = COALESCE(NEW.units, '')
    AND s.range IS NEW.range AND s.sync_interval = COALESCE(NEW.sync_interval, 30)
  LIMIT 1;
END;

CREATE VIEW POINT_NAMES AS
SELECT serial_number, 'INPUT' AS point_type, point_index, point_id FROM INPUT_POINTS
UNION ALL SELECT serial_number, 'OUTPUT', point_index, point_id FROM OUTPUT_POINTS
UNION ALL SELECT serial_number, 'VARIABLE', point_index, point_id FROM VARIABLE_POINTS;

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
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at
  FROM INPUT_POINTS
  UNION ALL
  SELECT 'OUTPUT' AS point_type, serial_number, device_id, point_index, point_id, label, full_label, value, text, units,
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at
  FROM OUTPUT_POINTS
  UNION ALL
  SELECT 'VARIABLE' AS point_type, serial_number, device_id, point_index, point_id, label, full_label, value, text, units,
    range, states, digital_analog, auto_manual, flags, status, status_reason, status_at, sampled_at, changed_at
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
  CASE WHEN n.lives THEN d.status ELSE 'unknown' END AS device_status
FROM every_point p JOIN DEVICES d ON d.serial_number = p.serial_number CROSS JOIN gateway_now n;
