-- Schema 2: discovered devices, what drivers learned of theirs, and all that BACnet says of the less used objects.
-- Written once, never edited after a release: a change is a new numbered file.

-- `discovered`: found on the network, not configured; it is polled again after a restart, until it is forgotten.
ALTER TABLE DEVICES ADD COLUMN discovered INTEGER NOT NULL DEFAULT 0;
-- `claimed_serial`: the serial number it reports, where that is another's: its status is `conflict` for as long.
-- A conflict without one was found by discovery, which also ends it.
ALTER TABLE DEVICES ADD COLUMN claimed_serial INTEGER;
-- Schema 1 knew no other conflict, and said the number only in words: "serial number N is already that of ...".
UPDATE DEVICES SET claimed_serial = CAST(substr(status_reason, length('serial number ') + 1) AS INTEGER)
WHERE status = 'conflict' AND status_reason LIKE 'serial number %';

-- What a driver wishes to know again after a restart. The keys and the values are its own.
CREATE TABLE device_memory (
  device_id INTEGER NOT NULL REFERENCES DEVICES (device_id),
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, key)
) WITHOUT ROWID;

ALTER TABLE PROGRAMS ADD COLUMN description TEXT;
ALTER TABLE PROGRAMS ADD COLUMN reliability TEXT;

ALTER TABLE SCHEDULES ADD COLUMN schedule_label TEXT;
ALTER TABLE SCHEDULES ADD COLUMN description TEXT;
ALTER TABLE SCHEDULES ADD COLUMN present_value TEXT;
ALTER TABLE SCHEDULES ADD COLUMN default_value TEXT;
ALTER TABLE SCHEDULES ADD COLUMN effective_period TEXT;
ALTER TABLE SCHEDULES ADD COLUMN exceptions TEXT;
ALTER TABLE SCHEDULES ADD COLUMN controls TEXT;
ALTER TABLE SCHEDULES ADD COLUMN reliability TEXT;

ALTER TABLE HOLIDAYS ADD COLUMN holiday_label TEXT;
ALTER TABLE HOLIDAYS ADD COLUMN description TEXT;

ALTER TABLE TRENDLOGS ADD COLUMN description TEXT;
ALTER TABLE TRENDLOGS ADD COLUMN record_count INTEGER;
ALTER TABLE TRENDLOGS ADD COLUMN total_record_count INTEGER;
ALTER TABLE TRENDLOGS ADD COLUMN logs TEXT;
ALTER TABLE TRENDLOGS ADD COLUMN logging_type TEXT;
ALTER TABLE TRENDLOGS ADD COLUMN reliability TEXT;

ALTER TABLE PID_CONTROLLERS ADD COLUMN pid_label TEXT;
ALTER TABLE PID_CONTROLLERS ADD COLUMN description TEXT;
ALTER TABLE PID_CONTROLLERS ADD COLUMN setpoint_field TEXT;

-- The alarms that stand now: few, among all that ever stood.
CREATE INDEX open_alarms ON ALARMS (serial_number) WHERE cleared_at IS NULL;

-- The first thing to query: every point as it is known now. Nothing here reads live once the gateway was stopped, or its
-- heartbeat, written every 10 to 20 s, is older than 35 s; or as far in the future: it died before its clock was set right.
DROP VIEW IF EXISTS POINTS;
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
