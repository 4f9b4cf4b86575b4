// A list of things that are wrong, written in place: what did not change is not touched, so that nobody loses the focus or is read to again.

import { write } from "./rows.js";
import { element } from "./words.js";

export class Items {
  // `go(kind, key)` opens what an item names.
  constructor(list, go) {
    this._list = list;
    this._made = new Map();
    list.addEventListener("click", (event) => {
      const { kind, key } = event.target.dataset;
      if (kind) go(kind, key);
    });
  }

  // Items: {key, kind, title, go, word, since, sinceText, reason, look, names: [[name, go]]}.
  show(items) {
    const keys = new Set(items.map((each) => each.key));
    for (const [key, li] of this._made) {
      if (keys.has(key)) continue;
      li.remove();
      this._made.delete(key);
    }
    items.forEach((item, place) => {
      const li = this._made.get(item.key) || this._make(item);
      this._fill(li, item);
      if (this._list.children[place] !== li) this._list.insertBefore(li, this._list.children[place] || null);
    });
  }

  // Write how long each has lasted.
  tick(say) {
    for (const li of this._made.values()) {
      const since = Number(li.dataset.since);
      write(li.querySelector(".lasts"), since ? say(since) : "");
    }
  }

  _make(item) {
    const li = element("li");
    const head = element("p", "", "head"), look = element("p", "", "look");
    head.append(item.go ? button("", item.go) : element("strong"), " ", element("span", "", "word"), " ", element("span", "", "lasts"), " ", element("span", "", "since age"));
    look.append(element("strong", "Look at:"), " ", element("span"));
    li.append(head, element("p", "", "names"), element("p", "", "reason"), look);
    this._made.set(item.key, li);
    return li;
  }

  _fill(li, item) {
    const [head, names, reason, look] = li.children;
    li.className = item.kind === "bad" ? "" : "warn-edge";
    li.dataset.since = item.since || "";
    write(head.firstChild, item.title);
    write(head.querySelector(".word"), item.word || "");
    head.querySelector(".word").className = `word ${item.tone || item.kind}`;
    write(head.querySelector(".since"), item.sinceText || "");
    const told = JSON.stringify(item.names || []);
    if (names.dataset.told !== told) {
      names.dataset.told = told;
      names.replaceChildren(...(item.names || []).flatMap(([name, go]) => [go ? button(name, go) : element("span", name), " "]));
    }
    names.hidden = !item.names;
    write(reason, item.reason || "");
    reason.hidden = !item.reason;
    write(look.lastChild, item.look || "");
    look.hidden = !item.look;
  }
}

function button(text, [kind, key]) {
  const made = element("button", text, "link");
  made.type = "button";
  made.dataset.kind = kind;
  made.dataset.key = key;
  return made;
}
