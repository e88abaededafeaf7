// One text on a phone: its words, its pictures, and what became of it.

import { pictureOf } from "./api.js";
import { h } from "./dom.js";
import { time } from "./moments.js";
import { tick } from "./ticks.js";

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

export class Bubble {
  /** `select` is called with what the inside panel knows the text by. */
  constructor(message, select) {
    this.status = null;
    this.id = message.mine ? message.sid : message.ledger_id;
    this.fate = h("button", { class: "fate", type: "button", tabindex: "-1" });
    this.fate.addEventListener("click", () => this.id && select(this.id));
    const words = message.body ? h("span", {}, message.body) : null;
    this.body = h("div", { class: "body", dir: "auto" }, this.pictures(message), words);
    this.body.addEventListener("click", () => this.id && select(this.id));
    this.element = h("li", { class: `text ${message.mine ? "mine" : "theirs"}` }, this.body, this.fate);
    this.update(message);
  }

  pictures(message) {
    return Array.from({ length: message.pictures }, (_, place) =>
      h("img", { src: pictureOf(message.sid, place), alt: `Picture ${place + 1} of this text`, loading: "lazy" }));
  }

  /** Show the status it has now; true when that is new. */
  update(message) {
    if (message.status === this.status) return false;
    this.status = message.status;
    const [word, sign, kind] = tick(message.status);
    // A picture message has no segments.
    const segments = message.pictures ? counted(message.pictures, "picture") : counted(message.segments, "segment");
    const code = message.error_code ? ` ${message.error_code}` : "";
    this.fate.replaceChildren(sign, h("span", {}, `${word}${code}`),
      h("span", { class: "segments" }, segments), h("time", {}, time(message.at)));
    this.fate.title = time(message.at);
    this.fate.setAttribute("aria-label", `${word}${code}, ${segments}, ${time(message.at)}. Show its life`);
    this.element.dataset.kind = kind;
    this.element.dataset.status = message.status;
    return true;
  }

  /** Mark it as the one that the inside panel shows. */
  mark(selected) {
    this.element.classList.toggle("selected", this.id === selected);
  }
}
