-- Schema 9: no value holds over a step of the clock. Written once, never edited after a release: a change is a new numbered file.

-- Where the clock is put forward, EVENTS has two rows, one after the other: clock.left, when it was left, and clock.stepped, what it was
-- put to. Put back to before that, they are taken away: that time will be lived through.

DROP VIEW GATEWAY_ENDS;

-- When nobody was listening: the gateway's last word before it was started again, which is the event before that of the start,
-- whatever their times: who died at once was last heard when it started. (A lost one's last heartbeat may be older than its last
-- samples: hence by way of the start.) And the times that the clock was put forward over, which nobody lived through.
CREATE VIEW GATEWAY_ENDS AS
SELECT
  s.at AS started_at,
  MIN(s.at, COALESCE(
    (
      SELECT e.at FROM EVENTS e NOT INDEXED
      WHERE e.id < s.id AND e.device_id IS NULL AND e.event IN ('gateway.stopped', 'gateway.lost', 'clock.left')
      ORDER BY e.id DESC LIMIT 1
    ),
    0
  )) AS ended_at
FROM EVENTS s
WHERE s.device_id IS NULL AND s.event IN ('gateway.started', 'clock.stepped');
