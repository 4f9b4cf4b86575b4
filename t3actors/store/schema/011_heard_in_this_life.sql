-- Schema 11: what stands here of an earlier life of the gateway is never shown as live. Written once, never edited after a release: a change
-- is a new numbered file.

-- 1 from each start of the gateway until the device has answered: what stands of it and its points was read in an earlier life.
ALTER TABLE DEVICES ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
-- Its status at the end of the gateway's earlier life, until somebody has spoken for it in this one: `status` is 'unknown' for as long.
ALTER TABLE DEVICES ADD COLUMN status_before TEXT;

-- Every device as it is known now: DEVICES, in which no status reads live once the gateway does not run (see POINTS).
CREATE VIEW DEVICES_NOW AS
WITH
gateway_now AS (
  SELECT
    (SELECT heartbeat_at FROM GATEWAY) AS heartbeat_at,
    (
      SELECT heartbeat_at FROM GATEWAY
      WHERE NOT clean_stop
        AND ABS(heartbeat_at - CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) <= 35000
    ) IS NOT NULL AS lives
)
SELECT
  d.device_id, d.serial_number, d.name, d.enabled, d.protocol, d.panel_id, d.panel_name, d.building_name, d.address,
  d.ip_address, d.port, d.modbus_address, d.bacnet_network, d.bacnet_mstp_mac_id, d.object_instance, d.vendor_id, d.model,
  d.firmware,
  CASE WHEN n.lives THEN d.status ELSE 'unknown' END AS status,
  CASE
    WHEN n.lives THEN d.status_reason
    ELSE 'the gateway does not run: it was ' || d.status || ', last heard '
      || COALESCE(datetime(n.heartbeat_at / 1000, 'unixepoch') || ' UTC', 'never')
  END AS status_reason,
  d.status_at, d.last_ok_at, d.poll_interval_s, d.achieved_interval_s, d.polls_ok, d.polls_failed, d.updated_at, d.discovered,
  d.claimed_serial, d.unheard, d.status_before
FROM DEVICES d CROSS JOIN gateway_now n;

-- The first thing to query: every point as it is known now. Nothing here reads live once the gateway was stopped, or its
-- heartbeat, written every 10 to 20 s, is older than 35 s; or as far in the future: it died before its clock was set right.
-- Nor does a point before its device has answered since the gateway was started.
DROP VIEW POINTS;
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
  CASE WHEN n.lives AND NOT (d.unheard AND p.status = 'ok') THEN p.status ELSE 'unknown' END AS status,
  CASE
    WHEN NOT n.lives THEN 'the gateway does not run: it was ' || p.status || ', last heard '
      || COALESCE(datetime(n.heartbeat_at / 1000, 'unixepoch') || ' UTC', 'never')
    WHEN d.unheard AND p.status = 'ok' THEN 'not read since the gateway was started: it was ok'
    ELSE p.status_reason
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
