// A flow as a drawing: its states, what leads from one to another, and where it stands now.

import { s } from "./dom.js";

const WIDTH = 336;
const ROW = 76;
const TALL = 32;
const BEND = 22;

/** How many steps each state lies from the first one. */
function depths(flow) {
  const found = new Map([[flow.states[0], 0]]);
  const waiting = [flow.states[0]];
  while (waiting.length) {
    const state = waiting.shift();
    for (const arrow of flow.arrows) {
      if (arrow.from === state && !found.has(arrow.to)) {
        found.set(arrow.to, found.get(state) + 1);
        waiting.push(arrow.to);
      }
    }
  }
  return found;
}

/** Where each state stands: a row for each depth, those of one row side by side, and last what it may ask. */
function places(flow) {
  const depth = depths(flow);
  const rows = [];
  for (const state of flow.states) (rows[depth.get(state) ?? 0] ??= []).push(state);
  if (flow.asks.length) rows.push(flow.asks.map((each) => each.question));
  const found = new Map();
  rows.forEach((states, row) => states.forEach((state, column) => {
    const wide = 36 + 8 * state.length;
    found.set(state, { x: (WIDTH * (column + 0.5)) / states.length, y: 34 + row * ROW, wide });
  }));
  return { found, height: 34 + (rows.length - 1) * ROW + TALL / 2 + 6 };
}

/** Where a line from a state's middle towards a point leaves the state's outline. */
function edge(place, towards) {
  const dx = towards.x - place.x;
  const dy = towards.y - place.y;
  const scale = Math.min((place.wide / 2 + 3) / Math.abs(dx || 1e-9), (TALL / 2 + 3) / Math.abs(dy || 1e-9));
  return { x: place.x + dx * scale, y: place.y + dy * scale };
}

function path(from, to) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const bend = { x: middle.x - ((to.y - from.y) / length) * BEND, y: middle.y + ((to.x - from.x) / length) * BEND };
  const [start, end] = [edge(from, bend), edge(to, bend)];
  return `M${start.x} ${start.y}Q${bend.x} ${bend.y} ${end.x} ${end.y}`;
}

function loop(place) {
  const x = place.x + place.wide / 2;
  return `M${x - 12} ${place.y - TALL / 2 - 2}C${x - 4} ${place.y - 40} ${x + 34} ${place.y - 24} ${x + 4} ${place.y - 3}`;
}

function head(id) {
  return s("marker", { id, viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "9", markerHeight: "9",
    markerUnits: "userSpaceOnUse", orient: "auto" },
    s("path", { d: "M0 0L8 4L0 8z" }));
}

/** Draw a flow as the page's server describes it. */
export function diagram(flow) {
  const { found, height } = places(flow);
  const isTaken = (arrow) => flow.taken && arrow.from === flow.taken.from && arrow.to === flow.taken.to;
  const answers = flow.asks.map((each) => ({ from: each.question, to: flow.states[0] }));
  const arrows = [...flow.arrows, ...answers].map((arrow) => {
    const [from, to] = [found.get(arrow.from), found.get(arrow.to)];
    const taken = isTaken(arrow);
    return s("path", { class: taken ? "arrow taken" : "arrow", d: from === to ? loop(from) : path(from, to),
      "marker-end": taken ? "url(#head-taken)" : "url(#head)" });
  });
  const states = flow.states.map((state) => {
    const { x, y, wide } = found.get(state);
    const lit = state === flow.state;
    const box = { x: x - wide / 2, y: y - TALL / 2, width: wide, height: TALL, rx: TALL / 2 };
    return s("g", { class: lit ? "state lit" : "state", "data-state": state }, s("rect", box),
      s("text", { x, y: y + 5, "text-anchor": "middle" }, state));
  });
  const questions = flow.asks.map(({ question, open }) => {
    const { x, y, wide } = found.get(question);
    const [left, right, top, bottom] = [x - wide / 2, x + wide / 2, y - TALL / 2, y + TALL / 2];
    const outline = `M${left} ${y}L${left + 12} ${top}H${right - 12}L${right} ${y}L${right - 12} ${bottom}H${left + 12}z`;
    return s("g", { class: open ? "state lit" : "state", "data-question": question }, s("path", { class: "box", d: outline }),
      s("text", { x, y: y + 5, "text-anchor": "middle" }, `${question}?`));
  });
  const open = flow.asks.filter((each) => each.open).map((each) => ` The question “${each.question}?” is open.`);
  const said = `${flow.flow}: ${flow.states.join(", ")}. Now in ${flow.state}.${open.join("")}`;
  return s("svg", { class: "diagram", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": said },
    s("defs", {}, head("head"), head("head-taken")), arrows, states, questions);
}
