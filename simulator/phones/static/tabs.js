// On a narrow screen, one phone at a time: a strip of tabs, with a dot where something unread waits.

import { h } from "./dom.js";

const INSIDE = "inside";

/** Build the strip; `select(number)` is called with the phone that is wanted, or with INSIDE. */
export function buildTabs(select) {
  const strip = document.getElementById("tabs");
  const tabs = new Map();
  const unread = new Map();

  function tab(key, label, controls) {
    const dot = h("span", { class: "dot" });
    const button = h("button", { type: "button", role: "tab", "aria-controls": controls, onclick: () => select(key) }, label, dot);
    tabs.set(key, { button, dot });
    return button;
  }

  function show(key) {
    const count = unread.get(key);
    tabs.get(key).dot.textContent = count ?? "";
    tabs.get(key).dot.hidden = !count;
    if (count) tabs.get(key).dot.setAttribute("aria-label", `${count} unread`);
  }

  strip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const keys = [...tabs.keys()];
    const at = keys.findIndex((key) => tabs.get(key).button === document.activeElement);
    const next = keys[(at + step + keys.length) % keys.length];
    select(next);
    tabs.get(next).button.focus();
  });

  return {
    INSIDE,
    update(phones) {
      const wanted = [...phones.map((each) => each.number), INSIDE];
      if (wanted.join() === [...tabs.keys()].join()) return;
      const chosen = [...tabs].find(([, each]) => each.button.getAttribute("aria-selected") === "true")?.[0];
      tabs.clear();
      strip.replaceChildren(...phones.map((each) => tab(each.number, each.name, `phone-${each.number.slice(1)}`)),
        tab(INSIDE, "Inside", "inside"));
      for (const key of tabs.keys()) show(key);
      this.select(chosen);
    },
    select(chosen) {
      unread.delete(chosen);
      for (const [key, { button }] of tabs) {
        button.setAttribute("aria-selected", String(key === chosen));
        button.tabIndex = key === chosen ? 0 : -1;
      }
      if (!tabs.has(chosen)) return;
      show(chosen);
      tabs.get(chosen).button.scrollIntoView({ block: "nearest", inline: "nearest" });
    },
    count(number) {
      unread.set(number, (unread.get(number) ?? 0) + 1);
      if (tabs.has(number)) show(number);
    },
  };
}
