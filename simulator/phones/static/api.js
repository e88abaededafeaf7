// The page's own server.

/** A request that was refused, or that nobody answered; the message is for the person at the page. */
export class Refused extends Error {}

async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let answer;
  let document;
  try {
    answer = await fetch(path, options);
    document = answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Refused("The page's server does not answer. Is `make run` still running?");
  }
  if (!answer.ok) throw new Refused(document.message);
  return document;
}

export const news = (after) => ask("GET", `/api/news${after === null ? "" : `?after=${after}`}`);
export const inside = (phone, text) =>
  ask("GET", `/api/inside?${new URLSearchParams({ phone, text: text ?? "" })}`);

/** A phone texts; `blobs` are its pictures. */
export async function sendText(from, body, blobs) {
  const pictures = await Promise.all(blobs.map(async (blob) =>
    ({ content_type: blob.type, content: await base64(blob) })));
  return ask("POST", "/api/texts", { from, body, pictures });
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Refused("This file can't be read."));
    reader.readAsDataURL(blob);
  });
}

export const addPhone = (name, number) => ask("POST", "/api/phones", { name, number });
export const removePhone = (number) => ask("DELETE", `/api/phones/${encodeURIComponent(number)}`);
export const jump = (seconds) => ask("POST", "/api/clock", { seconds });
export const turn = (name, number, on) => ask("POST", "/api/switches", { name, number, on });
export const pictureOf = (sid, place) => `/api/messages/${sid}/pictures/${place}`;
