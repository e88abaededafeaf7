// The page: keeps the phones, hears the news, asks once a second what happens inside.

import * as api from "./api.js";
import { announce, h } from "./dom.js";
import { Inside } from "./inside.js";
import { buildControls } from "./menus.js";
import { aheadInWords, date, now, setNow, time } from "./moments.js";
import { Phone } from "./phone.js";
import { buildTabs } from "./tabs.js";
import { buildTheme } from "./theme.js";

const INSIDE_MS = 1000;
const AGAIN_MS = 1000;

const phones = new Map();
const messages = new Map();
const arrivals = new Set();
let seen = null;
let current = null;
let lastPhone = null;
let text = null;
let asking = null;

const actions = {
  select,
  show,
  attempt,
  sent: look,
  switches: () => seen?.switches ?? [],
  switchLabel: (name) => seen.switches.find((each) => each.name === name).label,
  languages: () => seen?.languages ?? [],
  languageName: (locale) => seen?.languages.find((each) => each.locale === locale)?.name,
  speak: (number, locale) => phones.get(number).composer.send(`LANG ${locale.split("_")[0]}`),
  async added(number) {
    await look();
    select(number);
    phones.get(number)?.composer.focus();
  },
};

const place = document.getElementById("phones");
const tabs = buildTabs((number) => select(number));
const inside = new Inside(show);
const trouble = buildControls(actions);
buildTheme();

/** Make a phone the one that the panel is about; at 390 pixels also the one that is seen. */
function select(number) {
  if (number === current) return;
  current = number;
  for (const [each, phone] of phones) phone.element.classList.toggle("current", each === number);
  document.body.dataset.view = number === tabs.INSIDE ? "inside" : "phone";
  tabs.select(number);
  look();
}

/** Make a text the one whose life the panel tells; picked again, it follows the newest one as before. */
function show(id) {
  text = id === text ? null : id;
  for (const phone of phones.values()) phone.mark(text);
  look();
}

/** What Nudges knows the newest text by. */
function newest() {
  const last = [...messages.values()].filter((each) => each.mine || each.ledger_id).at(-1);
  return last && (last.mine ? last.sid : last.ledger_id);
}

/** Do what may be refused; then tell why, else show what has changed. */
async function attempt(what) {
  try {
    await what();
    complain("");
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    complain(error.message);
  }
  await look();
}

function complain(sentence) {
  const box = document.getElementById("trouble");
  box.textContent = sentence;
  box.hidden = !sentence;
}

/** Look inside once; of several looks at once, the last one counts. */
async function look() {
  const mine = Symbol("look");
  asking = mine;
  const about = phones.has(current) ? current : lastPhone;
  if (about) lastPhone = about;
  let found;
  try {
    found = await api.inside(about ?? "", text ?? newest());
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    complain(error.message);
    return;
  }
  if (asking !== mine) return;
  if (seen === null) complain("");
  seen = found;
  setNow(seen.now);
  setPhones(seen.phones);
  trouble.update(seen.on_for_all);
  inside.update(seen, seen.phones.find((each) => each.number === (about ?? current)), text);
  document.getElementById("ahead").textContent = aheadInWords(seen.ahead_seconds);
  tellTime();
}
function setPhones(list) {
  const there = new Set(list.map((each) => each.number));
  for (const [number, phone] of phones) {
    if (!there.has(number)) {
      phone.element.remove();
      phones.delete(number);
    }
  }
  for (const each of list) {
    const known = phones.get(each.number);
    if (known) known.update(each);
    else addPhone(each);
  }
  [...phones.values()].forEach((phone, place) => phone.setDigit(place + 1));
  tabs.update(list);
  if (!phones.has(current) && current !== tabs.INSIDE) select(list[0]?.number ?? tabs.INSIDE);
}

function addPhone(described) {
  const phone = new Phone(described, actions);
  phones.set(described.number, phone);
  place.append(phone.element);
  for (const message of messages.values()) if (message.number === described.number) phone.place(message);
}

function take(news) {
  if (news.all) {
    messages.clear();
    for (const phone of phones.values()) phone.clear();
  }
  for (const message of news.messages) {
    messages.set(message.sid, message);
    const phone = phones.get(message.number);
    if (phone?.place(message) && !news.all) arrive(phone, message);
  }
}

/** A text has arrived: its phone lights up, and screen readers hear of those that arrived together at once. */
function arrive(phone, message) {
  phone.light();
  if (message.number !== current) tabs.count(message.number);
  arrivals.add(phone.name.textContent);
  setTimeout(() => {
    if (!arrivals.size) return;
    const [only, ...others] = arrivals;
    announce(others.length ? `A text arrived for ${[only, ...others].join(", ")}` : `${only} received: ${message.body}`);
    arrivals.clear();
  }, 400);
}

async function hear() {
  let after = null;
  for (;;) {
    try {
      const news = await api.news(after);
      after = news.next;
      take(news);
      look();
    } catch (error) {
      if (!(error instanceof api.Refused)) throw error;
      complain(error.message);
      after = null;
      seen = null;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function tellTime() {
  const moment = now();
  const clock = document.getElementById("clock");
  clock.replaceChildren(h("span", { class: "weekday" }, `${date(moment)}, `), time(moment));
  clock.dateTime = moment.toISOString();
  for (const phone of phones.values()) phone.tellTime(moment);
}

/** Alt and a digit go to a phone's composer, Alt and 0 to the panel. */
function hearKeys(event) {
  if (!event.altKey || !/^Digit\d$/.test(event.code)) return;
  const digit = Number(event.code.at(-1));
  event.preventDefault();
  if (digit === 0) {
    select(tabs.INSIDE);
    document.getElementById("inside").focus();
  } else {
    focusPhone([...phones.keys()][digit - 1]);
  }
}

function focusPhone(number) {
  if (!phones.has(number)) return;
  select(number);
  phones.get(number).composer.focus();
}

document.addEventListener("keydown", hearKeys);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  focusPhone(phones.has(current) ? current : [...phones.keys()][0]);
});
document.addEventListener("visibilitychange", () => document.hidden || look());
setInterval(() => document.hidden || look(), INSIDE_MS);

await look();
hear();
if (matchMedia("(pointer: fine) and (min-width: 48rem)").matches) focusPhone(current);
