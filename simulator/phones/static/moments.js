// Times and days, in the reader's own zone, by the clock that can jump ahead.

const hourAndMinute = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const second = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

let ahead = 0;

/** Go by the server's clock from here on. */
export function setNow(iso) {
  ahead = Date.parse(iso) - Date.now();
}

export const now = () => new Date(Date.now() + ahead);
export const time = (moment) => hourAndMinute.format(new Date(moment));
export const timeWithSeconds = (moment) => second.format(new Date(moment));
export const date = (moment) => day.format(new Date(moment));

/** A moment with its day when that is not today's. */
export function when(moment) {
  const there = date(moment) === date(now()) ? "" : `${date(moment)}, `;
  return there + time(moment);
}

/** How far the clock has jumped, in words: "1 day 2 h ahead". */
export function aheadInWords(seconds) {
  const minutes = Math.round(seconds / 60);
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor((minutes % 1440) / 60), "h"], [minutes % 60, "min"]];
  const said = parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`);
  return said.length ? `${said.join(" ")} ahead` : "";
}
