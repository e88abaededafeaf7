// The side panel: the conversation, the life of one text, and the ledger of the latest announcement.

import { diagram } from "./diagram.js";
import { h } from "./dom.js";
import { timeWithSeconds, when } from "./moments.js";
import { spaced } from "./ticks.js";

const MOST_NAMES = 4;
const ORDER = ["delivered", "on_the_way", "calling", "pending", "not_yet_queued", "unknown", "undelivered",
  "failed", "opted_out", "cancelled", "expired", "skipped"];

let hearsOpen = false;

/** Put new content into a section only when it says something new, so that nothing blinks or loses its focus. */
function section(id, title) {
  const content = h("div", { class: "content" });
  const element = h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), content);
  let shown = null;
  return {
    element,
    show(what, draw) {
      const said = JSON.stringify(what);
      if (said === shown) return;
      shown = said;
      const focused = content.contains(document.activeElement) ? document.activeElement.dataset.id : null;
      content.replaceChildren(...draw().filter(Boolean));
      if (focused) content.querySelector(`[data-id="${focused}"]`)?.focus();
    },
  };
}

export class Inside {
  /** `show` is called with the id of a text to look at. */
  constructor(show) {
    this.showText = show;
    this.conversation = section("conversation", "Conversation");
    this.life = section("life", "Life of a text");
    this.ledger = section("ledger", "Ledger");
    document.getElementById("inside").append(this.conversation.element, this.ledger.element, this.life.element);
  }

  update(seen, phone, text) {
    const { conversation, life, announcement } = seen;
    const names = { name: phone?.name };
    this.conversation.show([conversation, names], () => drawConversation(conversation, phone));
    this.life.show([life, text], () => drawLife(life, text));
    this.ledger.show([announcement, text], () => this.drawLedger(announcement, text));
  }

  drawLedger(announcement, text) {
    if (!announcement) {
      return [h("p", { class: "quiet" }, "No announcement yet. Be the owner: text what to say, then CONFIRM.")];
    }
    const parts = Object.entries(announcement.parts).sort((one, other) => ORDER.indexOf(one[0]) - ORDER.indexOf(other[0]));
    const sum = parts.reduce((total, [, count]) => total + count, 0);
    const bar = h("div", { class: "bar", "aria-hidden": "true" }, parts.map(([name, count]) => {
      const part = h("span", { class: `part ${name}` });
      part.style.flexGrow = count;
      return part;
    }));
    const rows = parts.map(([name, count]) =>
      h("tr", {}, h("th", { scope: "row" }, h("i", { class: `part ${name}`, "aria-hidden": "true" }), spaced(name)), h("td", {}, String(count))));
    const right = sum === announcement.audience;
    const foot = h("tr", { class: right ? "sum" : "sum wrong" },
      h("th", { scope: "row" }, right ? "= the audience" : `≠ the audience of ${announcement.audience}`), h("td", {}, String(sum)));
    return [
      h("blockquote", { dir: "auto" }, announcement.text),
      h("p", { class: "quiet" }, `Confirmed ${when(announcement.confirmed_at)}`),
      bar,
      h("table", {}, h("tbody", {}, rows), h("tfoot", {}, foot)),
      this.drawRecipients(announcement.recipients, text),
      sum > announcement.recipients.length && h("p", { class: "quiet" }, `These are ${announcement.recipients.length} of ${sum}.`),
    ];
  }

  drawRecipients(recipients, text) {
    return h("ul", { class: "recipients", "aria-label": "Recipients" }, recipients.map((each) =>
      h("li", {}, h("button", { type: "button", "data-id": each.id, "aria-pressed": String(each.id === text),
        onclick: () => this.showText(each.id) },
        h("b", {}, each.name), h("span", { class: `said ${each.status}` }, spaced(each.status) + (each.reason ? ` (${spaced(each.reason)})` : ""))))));
  }
}

function drawConversation(seen, phone) {
  if (!phone) return [h("p", { class: "quiet" }, "Pick a phone.")];
  const questions = seen.questions.map((each) =>
    h("p", { class: "question" }, `${each.flow} has asked “${each.question}?” and takes an answer until ${when(each.expires_at)}.`));
  if (!seen.flow) {
    const why = seen.carrier
      ? `${phone.name}'s last word was ${seen.carrier.toUpperCase()}: it is answered before any conversation is asked.`
      : `${phone.name} has not texted yet. The first text decides which conversation begins.`;
    return [h("p", { class: "quiet" }, why), ...questions];
  }
  const state = seen.going_on
    ? h("p", {}, "Waits in ", h("b", { class: "now" }, seen.state), ` for ${phone.name}'s next text, until ${when(seen.expires_at)}.`)
    : h("p", {}, "Nothing is going on.");
  return [
    h("p", { class: "flow" }, h("b", {}, seen.flow), h("span", { class: "quiet" }, seen.about)),
    diagram(seen),
    seen.taken ? h("p", {}, ...state.childNodes, h("span", { class: "quiet" }, ` Last step: ${seen.taken.does}.`)) : state,
    ...questions,
    drawHears(seen),
  ];
}

/** What may be said now; what has the same effect shares a line. */
function drawHears(seen) {
  const effects = new Map();
  for (const { says, does, to } of seen.hears) {
    const effect = `${does}|${to}`;
    if (!effects.has(effect)) effects.set(effect, { does, to, says: [] });
    effects.get(effect).says.push(says);
  }
  const rows = [...effects.values()].map(({ does, to, says }) => {
    const shown = says.slice(0, MOST_NAMES).join(", ") + (says.length > MOST_NAMES ? ", …" : "");
    return h("li", {}, h("kbd", {}, shown), h("span", {}, does), h("span", { class: "to" }, `→ ${to}`));
  });
  const details = h("details", { open: hearsOpen }, h("summary", {}, `What ${seen.flow} hears in ${seen.state}`),
    h("ul", { class: "hears" }, rows));
  details.addEventListener("toggle", () => { hearsOpen = details.open; });
  return details;
}

function drawLife(life, text) {
  if (!life) {
    const why = text ? "Nudges has no row for this text: Twilio itself wrote it." : "Every text has a life of its own. Pick one on a phone; until then, the newest is here.";
    return [h("p", { class: "quiet" }, why)];
  }
  const facts = [life.purpose, life.locale, life.encoding, life.segments && `${life.segments} segment${life.segments === 1 ? "" : "s"}`,
    life.attempts > 1 && `attempt ${life.attempts}`, life.reason && spaced(life.reason)].filter(Boolean);
  return [
    h("blockquote", { dir: "auto" }, life.text),
    h("p", { class: "facts" }, facts.map((fact) => h("span", {}, fact))),
    h("ol", { class: "steps" }, life.steps.map((step) => h("li", {}, h("time", {}, timeWithSeconds(step.at)),
      h("span", {}, h("b", { class: `said ${step.status}` }, spaced(step.status)),
        h("small", {}, [step.source, step.detail].filter(Boolean).join(": ")))))),
    life.next_attempt_at && h("p", { class: "quiet" }, `Tried again at ${timeWithSeconds(life.next_attempt_at)}`),
  ];
}
