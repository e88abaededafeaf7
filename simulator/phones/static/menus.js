// Buttons with something under them: the clock, what goes wrong, a new phone, a phone's own settings.

import { addPhone, jump, removePhone, turn } from "./api.js";
import { h, icon } from "./dom.js";

const MORE = ["M5 12h.010", "M12 12h.010", "M19 12h.010"];
const FORWARD = ["M4 6l7 6l-7 6z", "M13 6l7 6l-7 6z"];
const BOLT = ["M13 3L5 14h6l-1 7l8-11h-6z"];
const PLUS = ["M12 5v14", "M5 12h14"];
const GAP = 8;

/** A button and its popover, kept on the screen; Escape and a click elsewhere close it. */
export function menu(id, label, face, ...content) {
  const element = h("div", { class: "menu", id, popover: "auto", role: "dialog", "aria-label": label },
    h("h3", {}, label), content);
  const button = h("button", { type: "button", class: "opener", popovertarget: id, "aria-label": label,
    "aria-haspopup": "dialog", title: label }, face);
  const found = { button, element, onopen: () => {}, close: () => element.hidePopover() };
  element.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    found.onopen();
    const by = button.getBoundingClientRect();
    const mine = element.getBoundingClientRect();
    const left = Math.min(by.left, innerWidth - mine.width - GAP);
    const below = by.bottom + GAP + mine.height <= innerHeight;
    const top = below ? by.bottom + GAP : Math.max(GAP, by.top - mine.height - GAP);
    element.style.left = `${Math.max(GAP, left)}px`;
    element.style.top = `${Math.min(top, Math.max(GAP, innerHeight - mine.height - GAP))}px`;
    element.querySelector("button, input, select")?.focus();
  });
  return found;
}

/** A list of switches; `number` null is for all phones. */
function switchList(number, actions) {
  const boxes = new Map();
  const list = h("div", { class: "switches" });
  return {
    element: list,
    update(on) {
      for (const { name, label, hint } of actions.switches()) {
        if (!boxes.has(name)) {
          const box = h("input", { type: "checkbox", role: "switch" });
          box.addEventListener("change", () => actions.attempt(() => turn(name, number, box.checked)));
          boxes.set(name, box);
          list.append(h("label", {}, box, h("span", {}, label, h("small", {}, hint))));
        }
        boxes.get(name).checked = on.includes(name);
      }
    },
  };
}

/** A phone's own menu: its language, what goes wrong for it, and taking it away. */
export function phoneMenu(phone, actions) {
  const language = h("select", { "aria-label": `Language of ${phone.name}'s phone` });
  language.addEventListener("change", () => {
    found.close();
    actions.speak(phone.number, language.value);
  });
  const switches = switchList(phone.number, actions);
  const remove = () => actions.attempt(() => removePhone(phone.number));
  const found = menu(`menu-${phone.number.slice(1)}`, `${phone.name}'s phone`, [icon(...MORE)],
    h("label", { class: "field" }, "Language", language, h("small", {}, "Texts LANG and its code.")),
    h("h4", {}, "What goes wrong here"), switches.element,
    h("button", { type: "button", class: "remove", onclick: remove }, "Remove this phone"));
  found.update = (now) => {
    if (!language.childElementCount) {
      language.append(h("option", { value: "", disabled: true }, "not chosen"));
      for (const { locale, name } of actions.languages()) language.append(h("option", { value: locale }, name));
    }
    if (document.activeElement !== language) language.value = now.locale ?? "";
    switches.update(now.on);
  };
  return found;
}

function clockMenu(actions) {
  const jumps = { "10 minutes": 600, "1 hour": 3600, "1 day": 86400, "1 week": 604800 };
  return menu("jump", "Jump ahead", [icon(...FORWARD), h("span", {}, "Jump ahead")],
    h("p", {}, "Nudges then believes that it is later: a draft waits for a day, a report for ten minutes."),
    h("div", { class: "jumps" }, Object.entries(jumps).map(([name, seconds]) =>
      h("button", { type: "button", onclick: () => actions.attempt(() => jump(seconds)) }, `+ ${name}`))));
}

function troubleMenu(actions) {
  const switches = switchList(null, actions);
  const count = h("b", { class: "count" });
  const found = menu("everywhere", "What goes wrong everywhere",
    [icon(...BOLT), h("span", {}, "Make trouble"), count],
    h("p", {}, "For every phone; one phone has the same switches under its three dots. Of several, the one turned on first decides."), switches.element);
  found.update = (on) => {
    count.textContent = on.length || "";
    switches.update(on);
  };
  return found;
}

function addMenu(actions) {
  const name = h("input", { maxlength: "30", autocomplete: "off", placeholder: "Mia" });
  const number = h("input", { inputmode: "tel", autocomplete: "off", placeholder: "a free one" });
  const form = h("form", { class: "adding" },
    h("label", { class: "field" }, "Name", name),
    h("label", { class: "field" }, "Number, with country code", number),
    h("button", { type: "submit", class: "primary" }, "Add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    actions.attempt(async () => {
      const added = await addPhone(name.value, number.value);
      form.reset();
      found.close();
      await actions.added(added.number);
    });
  });
  const found = menu("add", "Add a phone", [icon(...PLUS), h("span", {}, "Add a phone")], form);
  return found;
}

/** The page's own controls, in their place; returns what shows the state of the world. */
export function buildControls(actions) {
  const place = document.getElementById("controls");
  const trouble = troubleMenu(actions);
  for (const each of [clockMenu(actions), trouble, addMenu(actions)]) place.append(each.button, each.element);
  return trouble;
}
