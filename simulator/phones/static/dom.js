// Elements, made without ever reading markup: whatever a phone sends stays text.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make an HTML element; attributes named on… are listeners, strings among the children are text. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A small picture of strokes on a grid of 24, hidden from screen readers: a word stands beside it. */
export function icon(...paths) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    paths.map((d) => s("path", { d })));
}

/** Tell a screen reader, without moving anything. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
