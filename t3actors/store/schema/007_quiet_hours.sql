-- Schema 7: a value holds over any number of hours. Written once, never edited after a release: a change is a new numbered file.

-- How many spans a row of aggregates stands for, one after the other: 1, but where a value held through more of them and no sample
-- lies in them (count 0). What was written before has rows only where there are samples.
ALTER TABLE aggregate_blocks ADD COLUMN r0 INTEGER NOT NULL DEFAULT 1;
ALTER TABLE aggregate_blocks ADD COLUMN rw INTEGER NOT NULL DEFAULT 0;

-- `hours` has no row for an hour without a sample: its point's row before it says in `last` what held, if `held`. So that there is one,
-- the hour before `hours_from` has a row of each point that something held of into `hours_from`. A row with n 0 and known_s 0 only
-- says that from its hour on nothing is known.

DROP VIEW TRENDLOG_HOURLY;
DROP VIEW TRENDLOG_MINUTELY;
DROP VIEW GATEWAY_ENDS;

-- When nobody was listening any more: the gateway's last word before it was started again, which is the event before that of the
-- start, whatever their times: who died at once was last heard when it started. (A lost one's last heartbeat may be older than its
-- last samples: hence by way of the start.)
CREATE VIEW GATEWAY_ENDS AS
SELECT
  s.at AS started_at,
  MIN(s.at, COALESCE(
    (
      SELECT e.at FROM EVENTS e NOT INDEXED
      WHERE e.id < s.id AND e.device_id IS NULL AND e.event IN ('gateway.stopped', 'gateway.lost') ORDER BY e.id DESC LIMIT 1
    ),
    0
  )) AS ended_at
FROM EVENTS s
WHERE s.device_id IS NULL AND s.event = 'gateway.started';

-- An hour of a point as one row, of each hour in which a value of it was known. `minimum` and `maximum` of all values it had, also the
-- one it came into the hour with; `mean` of its samples, `time_mean` weighed by how long each held, which of a 0 or 1 is the share of 1;
-- `known_s`: for how long it was known; `shares`: the share of time of each state; `count` 0: it came in with a value, which held.
-- The mean over more hours is SUM(time_mean * known_s) / SUM(known_s). logging_time is when the hour began. Means of packed hours are
-- rounded to 1/131070 of the way from minimum to maximum.
CREATE VIEW TRENDLOG_HOURLY AS
SELECT
  z.serial_number AS serial_number,
  z.panel_id AS panel_id,
  z.point_id AS point_id,
  z.point_type AS point_type,
  z.point_index AS point_index,
  z.day * 86400 + z.offset + m.i * 3600 AS logging_time,
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
  (z.day * 86400 + z.offset + m.i * 3600) / 86400 AS logging_day
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
    END AS known,
    b.r0 + CASE b.rw
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i + 1, 1)) - 1)
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS spans
  FROM octets k CROSS JOIN DEVICES d CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN parts p CROSS JOIN runs r
    CROSS JOIN aggregate_blocks b CROSS JOIN numbered n
  WHERE s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
    AND g.group_id = s.series_id >> 16
    AND p.kind = 2 AND p.state IN (1, 2)
    AND r.part = p.part AND r.series_id = s.series_id
    AND b.id BETWEEN p.first_block + r.first AND p.first_block + r.first + r.blocks - 1
    AND n.i < b.n
) z CROSS JOIN numbered m WHERE m.i < z.spans
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
  AND n.i < (SELECT packed_until / 3600 - hours_from FROM history)
  AND (a.n > 0 OR a.known_s > 0)
  AND a.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
  AND s.series_id = a.series_id
  AND g.group_id = a.series_id >> 16
UNION ALL
SELECT
  d.serial_number AS serial_number,
  d.panel_id AS panel_id,
  s.point_id AS point_id,
  g.point_type AS point_type,
  s.point_index AS point_index,
  (a.hour + 1 + m.i) * 3600 AS logging_time,
  a.last AS minimum,
  a.last AS maximum,
  a.last AS mean,
  a.last AS last,
  0 AS count,
  a.last AS time_mean,
  3600 AS known_s,
  CASE WHEN CASE WHEN json_valid(s.states) THEN json_array_length(s.states) > 2 END AND a.last = CAST(a.last AS INTEGER)
    THEN '{"' || CAST(a.last AS INTEGER) || '":1.0}' END AS shares,
  s.range AS range,
  s.units AS units,
  g.data_source AS data_source,
  d.device_id AS device_id,
  d.name AS name,
  (a.hour + 1 + m.i) / 24 AS logging_day
FROM DEVICES d CROSS JOIN numbered n CROSS JOIN hours a CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN numbered m
WHERE n.i <= (SELECT packed_until / 3600 - hours_from FROM history)
  AND a.hour = (SELECT hours_from FROM history) - 1 + n.i
  AND a.held
  AND a.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
  AND s.series_id = a.series_id
  AND g.group_id = a.series_id >> 16
  AND m.i < (SELECT packed_until / 3600 - hours_from FROM history) - n.i
  AND NOT EXISTS (
    SELECT 1 FROM numbered q CROSS JOIN hours b
    WHERE q.i <= m.i AND b.hour = a.hour + 1 + q.i AND b.series_id = a.series_id
  );

-- Likewise by the minute: only of points with `minutes` set.
CREATE VIEW TRENDLOG_MINUTELY AS
SELECT
  z.serial_number AS serial_number,
  z.panel_id AS panel_id,
  z.point_id AS point_id,
  z.point_type AS point_type,
  z.point_index AS point_index,
  z.day * 86400 + z.offset + m.i * 60 AS logging_time,
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
  (z.day * 86400 + z.offset + m.i * 60) / 86400 AS logging_day
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
    END AS known,
    b.r0 + CASE b.rw
      WHEN 1 THEN (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i + 1, 1)) - 1)
      WHEN 2 THEN ((instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i * 2 + 1, 1)) - 1) << 8)
        | (instr(k.octets, substr(b.d, b.n * (b.tw + b.vw + b.xw + b.lw + 2 * b.fw + b.cw + b.kw) + n.i * 2 + 2, 1)) - 1)
      ELSE 0
    END AS spans
  FROM octets k CROSS JOIN DEVICES d CROSS JOIN series s CROSS JOIN series_groups g CROSS JOIN parts p CROSS JOIN runs r
    CROSS JOIN aggregate_blocks b CROSS JOIN numbered n
  WHERE s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575
    AND g.group_id = s.series_id >> 16
    AND p.kind = 1 AND p.state IN (1, 2)
    AND r.part = p.part AND r.series_id = s.series_id
    AND b.id BETWEEN p.first_block + r.first AND p.first_block + r.first + r.blocks - 1
    AND n.i < b.n
) z CROSS JOIN numbered m WHERE m.i < z.spans;
