// Which points are wanted, and fetching them: all, page by page; or as many of those that the gateway finds as are wanted.

const A_PAGE = 1000;
export const NOT_OK = ["down", "fault", "stale", "unknown"];

export class Part {
  constructor(gateway) {
    this._gateway = gateway;
    this.device = "";
    this.search = "";
    this.status = ""; // "not ok": any of NOT_OK
    this.most = A_PAGE;
    this.hasMore = false; // the gateway finds more than are here
  }

  // Whether anything else is wanted than before.
  want(changes) {
    if (Object.entries(changes).every(([name, value]) => this[name] === value)) return false;
    Object.assign(this, { most: A_PAGE }, changes);
    return true;
  }

  // Whether a change of a point that is not here may be of one that is wanted. What words it has is not told.
  wants({ device, status }) {
    return (!this.device || this.device === device) && this.status !== "" && this.hasStatus(status);
  }

  hasStatus(status) {
    return !this.status || (this.status === "not ok" ? NOT_OK.includes(status) : this.status === status);
  }

  get words() {
    return this.search.toLowerCase().split(/\s+/).filter(Boolean);
  }

  // Whether a row is wanted.
  has(row) {
    return (!this.device || row.name === this.device) && this.hasStatus(row.status) && this.words.every((word) => row.words.includes(word));
  }

  async all(most) {
    const { rows, isCut } = await this._pages({}, most);
    this.hasMore = isCut;
    return { rows, isWhole: !isCut };
  }

  async found() {
    const wanted = {};
    if (this.device) wanted.device = this.device;
    const words = this.search.split(/\s+/).filter(Boolean); // as they are written: the gateway's own case is that of ASCII alone
    if (words.length) wanted.search = words.slice(0, 8).join(" ").slice(0, 200);
    const statuses = this.status === "not ok" ? NOT_OK : this.status ? [this.status] : [null];
    const found = [];
    let hasMore = false;
    for (const status of statuses) {
      if (found.length >= this.most) {
        hasMore = true;
        break;
      }
      const { rows, isCut } = await this._pages(status ? { ...wanted, status } : wanted, this.most - found.length);
      found.push(...rows);
      hasMore ||= isCut;
    }
    this.hasMore = hasMore;
    return { rows: found, isWhole: false };
  }

  // The first of this status, whatever is wanted.
  async some(status, most) {
    return (await this._pages({ status }, most)).rows;
  }

  async _pages(wanted, most) {
    const rows = [];
    let offset = 0;
    while (offset !== null && rows.length < most) {
      const page = await this._gateway.ask("points", { ...wanted, limit: Math.min(A_PAGE, most - rows.length), offset });
      rows.push(...page.points.map(asKept));
      offset = page.next_offset;
    }
    return { rows, isCut: offset !== null };
  }
}

// A point's row with what the page needs of it: its key, when it was last known to change, the words by which it is found.
export function asKept(row) {
  row.key = `${row.name}/${row.point_id}`;
  row.known = Math.max(row.sampled_at || 0, row.changed_at || 0, row.status_at || 0);
  row.words = `${row.key} ${row.label} ${row.full_label} ${row.units}`.toLowerCase();
  return row;
}
