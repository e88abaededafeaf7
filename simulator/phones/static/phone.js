// One phone: a status bar, whose it is, its texts, what might be texted next, and where to type.

import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { date, time } from "./moments.js";
import { phoneMenu } from "./menus.js";

const LIT_MS = 2200;

export class Phone {
  /** `actions`: select(number), show(text id), sent(), and what the menu needs. */
  constructor(phone, actions) {
    this.number = phone.number;
    this.actions = actions;
    this.bubbles = new Map();
    this.lastDay = null;
    this.atEnd = true;
    this.build(phone);
    this.update(phone);
  }

  build(phone) {
    const id = `phone-${phone.number.slice(1)}`;
    this.clock = h("time", {});
    this.name = h("h2", { id: `${id}-name` }, phone.name);
    this.language = h("span", { class: "language" });
    this.standing = h("p", { class: "standing" });
    this.faults = h("p", { class: "faults" });
    this.log = h("ol", { class: "log", tabindex: "0", "aria-label": `Texts on ${phone.name}'s phone` });
    this.log.addEventListener("keydown", (event) => this.walk(event));
    this.log.addEventListener("scroll", () => { this.atEnd = this.isAtEnd(); });
    this.log.addEventListener("load", () => this.stay(), true); // a picture has come and made its text longer
    new ResizeObserver(() => this.stay()).observe(this.log);
    this.empty = h("li", { class: "empty" }, "No texts yet");
    this.log.append(this.empty);
    this.quick = h("div", { class: "quick", role: "group", "aria-label": "Suggested texts" });
    this.composer = new Composer(phone, this.actions);
    this.menu = phoneMenu(phone, this.actions);
    this.element = h("article", { class: "phone", id, "aria-labelledby": `${id}-name`, role: "region" },
      h("div", { class: "statusbar" }, this.clock, h("span", { class: "island", "aria-hidden": "true" }),
        h("span", { class: "battery", "aria-hidden": "true" })),
      h("header", {},
        h("span", { class: "avatar", "aria-hidden": "true" }, [...phone.name][0]),
        h("div", { class: "who" }, h("p", { class: "line" }, this.name, this.language),
          h("p", { class: "number" }, phone.shown), this.standing),
        this.menu.button),
      this.faults, this.log, this.quick, this.composer.element, this.menu.element);
    this.element.addEventListener("focusin", () => this.actions.select(this.number));
    this.element.addEventListener("pointerdown", () => this.actions.select(this.number));
  }

  /** Show what Nudges knows of this phone by now. */
  update(phone) {
    this.standing.textContent = phone.standing;
    this.standing.title = phone.standing;
    this.language.textContent = this.actions.languageName(phone.locale) ?? "";
    this.faults.textContent = phone.on.map((name) => this.actions.switchLabel(name)).join(" · ");
    this.menu.update(phone);
    const quick = JSON.stringify(phone.quick);
    if (quick === this.lastQuick) return;
    this.lastQuick = quick;
    const hadFocus = this.quick.contains(document.activeElement);
    this.quick.replaceChildren(...phone.quick.map((text) => {
      const send = () => this.composer.send(text);
      return h("button", { type: "button", dir: "auto", title: text, onclick: send }, text);
    }));
    if (hadFocus) this.quick.firstElementChild?.focus();
  }

  /** Forget every text: the stand-in has begun anew. */
  clear() {
    this.bubbles.clear();
    this.lastDay = null;
    this.log.replaceChildren(this.empty);
  }

  /** Tell which digit, with Alt, leads to its composer. */
  setDigit(digit) {
    if (digit <= 9) this.composer.words.setAttribute("aria-keyshortcuts", `Alt+${digit}`);
  }

  tellTime(now) {
    this.clock.textContent = time(now);
  }

  /** Show a text, new or moved on; true when it has arrived here just now. */
  place(message) {
    const known = this.bubbles.get(message.sid);
    const before = known?.status;
    if (known) {
      if (!known.update(message)) return false;
    } else {
      this.append(message);
    }
    this.stay();
    return !message.mine && message.status === "delivered" && before !== "delivered";
  }

  append(message) {
    this.empty.remove();
    const day = date(message.at);
    if (day !== this.lastDay) this.log.append(h("li", { class: "day" }, day));
    this.lastDay = day;
    const bubble = new Bubble(message, this.actions.show);
    this.bubbles.set(message.sid, bubble);
    this.log.append(bubble.element);
    if (message.mine) this.atEnd = true;
  }

  isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
  }

  /** Who reads the newest text goes on seeing its end, whatever grows. */
  stay() {
    if (this.atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  /** Light up, as a phone does when a text arrives. */
  light() {
    clearTimeout(this.dimming);
    this.element.classList.add("lit");
    this.dimming = setTimeout(() => this.element.classList.remove("lit"), LIT_MS);
  }

  mark(text) {
    for (const bubble of this.bubbles.values()) bubble.mark(text);
  }

  /** Arrow keys walk through the texts; Enter then shows a text's life. */
  walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    const fates = [...this.log.querySelectorAll(".fate")];
    const at = fates.indexOf(document.activeElement);
    const next = at < 0 ? fates.at(-1) : fates[Math.min(Math.max(at + step, 0), fates.length - 1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
}

