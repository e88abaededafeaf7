// What became of a text, as a word, a sign and a colour; the colour never stands alone.

import { icon } from "./dom.js";

const CLOCK = ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z", "M12 7v5l3 2"];
const ONE = ["M5 13l4 4L19 7"];
const TWO = ["M2 13l4 4L16 7", "M10.500 15.500L12 17L22 7"];
const NOT = ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z", "M12 7v6", "M12 16.500v.500"];

const TICKS = {
  received: ["Received", TWO, "done"],
  scheduled: ["Scheduled", CLOCK, "way"],
  accepted: ["Queued", CLOCK, "way"],
  queued: ["Queued", CLOCK, "way"],
  sending: ["Sending", CLOCK, "way"],
  sent: ["Sent", ONE, "way"],
  delivered: ["Delivered", TWO, "done"],
  undelivered: ["Not delivered", NOT, "failed"],
  failed: ["Failed", NOT, "failed"],
  canceled: ["Canceled", NOT, "failed"],
};

/** A status as [word, sign, kind], kind being way, done or failed. */
export function tick(status) {
  const [word, paths, kind] = TICKS[status] ?? [status, CLOCK, "way"];
  return [word, icon(...paths), kind];
}

/** A ledger's word for people: "not_yet_queued" becomes "not yet queued". */
export const spaced = (word) => String(word).replaceAll("_", " ");
