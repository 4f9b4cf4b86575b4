// What a curve says: which piece holds when, its least and most, in words of numbers alone. Pure.
//
// A curve: `pieces` [{at, low, high, last, status}], oldest first, each of what came within `stepMs`; `absences` [{from_at, until_at}],
// `restarts` [{at}], `states` or null.

export const none = () => ({ pieces: [], absences: [], restarts: [], states: null, stepMs: 0, leftOut: 0, aggregatedUntil: null });

// The answer of /trend.
export function curveOf(told, states) {
  return {
    pieces: told.at.map((at, i) => ({ at, low: told.low[i], high: told.high[i], last: told.last[i], status: told.status[i] })),
    absences: told.absences, restarts: told.restarts, states,
    stepMs: told.step_ms, leftOut: told.left_out, aggregatedUntil: told.aggregated_until,
  };
}

// Put a change that was just stored at its end. False: it is there already.
export function append({ pieces }, change) {
  const isOk = change.status === "ok" && typeof change.value === "number";
  const at = isOk ? change.sampled_at : change.at;
  if (pieces.length && pieces.at(-1).at >= at) return false;
  const value = isOk ? change.value : null;
  pieces.push({ at, low: value, high: value, last: value, status: change.status });
  return true;
}

// Which pieces hold at some time in view, with the moment at which each ends.
export function inView(curve, view, now) {
  const { pieces, absences } = curve;
  const found = [];
  for (let place = firstAt(pieces, view.from); place < pieces.length && pieces[place].at <= view.to; place += 1) {
    const piece = pieces[place];
    let end = place + 1 < pieces.length ? pieces[place + 1].at : Math.max(now, piece.at);
    let isCut = false;
    for (const absence of absences) {
      if (absence.from_at < end && absence.until_at > piece.at && absence.until_at > absence.from_at) {
        end = Math.max(piece.at, absence.from_at);
        isCut = true;
        break;
      }
    }
    found.push({ piece, end, isCut });
  }
  return found;
}

// What holds at a moment; null where nothing does.
export function pieceAt(curve, at, now) {
  if (at > now) return null;
  const found = inView(curve, { from: at, to: at }, now).at(-1);
  return found && found.piece.at <= at && (!found.isCut || at < found.end) ? found.piece : null;
}

// The moment of the next piece in view, after or before one; of the last or first where there is none beyond.
export function nextPiece(curve, view, at, direction) {
  const inSight = curve.pieces.filter((piece) => piece.at >= view.from && piece.at <= view.to);
  if (!inSight.length) return null;
  const here = at ?? (direction < 0 ? Infinity : -Infinity);
  const next = direction > 0 ? inSight.find((piece) => piece.at > here) : inSight.findLast((piece) => piece.at < here);
  return (next || (direction > 0 ? inSight.at(-1) : inSight[0])).at;
}

function firstAt(pieces, at) {
  let low = 0, high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

// `least` and `most` of what is in view; `low` and `high` with a margin, for an axis. The states of a point with words lie apart and all in it.
export function rangeOf(curve, view, now) {
  let low = Infinity, high = -Infinity;
  for (const { piece, end } of inView(curve, view, now)) {
    if (piece.low === null || end < view.from) continue;
    low = Math.min(low, piece.low);
    high = Math.max(high, piece.high);
  }
  if (low > high) return { low: 0, high: 1, isEmpty: true };
  if (curve.states) {
    const most = Math.max(high, Math.min(curve.states.length - 1, Math.max(high, 1)));
    return { low: Math.min(low, 0) - 0.3, high: most + 0.3, least: low, most: high, isEmpty: false };
  }
  const spread = high - low;
  const margin = spread > 0 ? spread * 0.08 : Math.max(Math.abs(high) * 0.02, 0.5);
  return { low: low - margin, high: high + margin, least: low, most: high, isEmpty: false };
}
