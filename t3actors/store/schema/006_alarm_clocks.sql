-- Schema 6: alarms of devices whose clock is wrong. Written once, never edited after a release: a change is a new numbered file.

-- By how much the device's own clock was ahead of ours (seconds, behind: negative) when it said since when the alarm stands: raised_at is
-- corrected by that, as if it had been so then. NULL: it was right to a minute, or it did not say; then raised_at is as it says.
ALTER TABLE ALARMS ADD COLUMN clock_off_s INTEGER;
