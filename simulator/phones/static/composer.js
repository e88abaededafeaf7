// Where a phone's owner types: words, a picture, Enter.

import { Refused, sendText } from "./api.js";
import { h, icon } from "./dom.js";
import { pictureMenu } from "./pictures.js";

const SEND = ["M12 19V5", "M6 11l6-6l6 6"];

export class Composer {
  constructor(phone, actions) {
    this.number = phone.number;
    this.actions = actions;
    this.attached = [];
    this.words = h("textarea", {
      rows: "1", dir: "auto", "aria-label": `Text from ${phone.name}`, placeholder: "Text message",
      maxlength: "1600", enterkeyhint: "send", autocomplete: "off",
    });
    this.words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.words.addEventListener("input", () => this.fit());
    this.thumbnails = h("div", { class: "thumbnails" });
    this.trouble = h("p", { class: "refused", role: "alert" });
    this.pictures = pictureMenu(phone, (blob, name) => this.attach(blob, name));
    this.element = h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      this.trouble, this.thumbnails,
      h("div", { class: "row" }, this.pictures.button, this.words,
        h("button", { class: "send", type: "submit", "aria-label": "Send" }, icon(...SEND))),
      this.pictures.element);
  }

  focus() {
    this.words.focus();
  }

  fit() {
    this.words.style.blockSize = "auto";
    this.words.style.blockSize = `${Math.min(this.words.scrollHeight + 2, 96)}px`;
  }

  attach(blob, name) {
    const url = URL.createObjectURL(blob);
    const picture = { blob, url, name };
    const remove = () => {
      this.attached = this.attached.filter((each) => each !== picture);
      thumbnail.remove();
      this.focus();
    };
    const thumbnail = h("button", { type: "button", "aria-label": `Leave out ${name}`, title: `Leave out ${name}`,
      onclick: remove }, h("img", { src: url, alt: name }));
    this.attached.push(picture);
    this.thumbnails.append(thumbnail);
    this.focus();
  }

  async submit() {
    const words = this.words.value;
    if (!words.trim() && !this.attached.length) return;
    const pictures = this.attached;
    this.words.value = "";
    this.attached = [];
    this.thumbnails.replaceChildren();
    this.fit();
    const sent = await this.send(words, pictures.map((each) => each.blob));
    for (const each of pictures) URL.revokeObjectURL(each.url);
    if (sent) return;
    if (!this.words.value) this.words.value = words;
    for (const each of pictures) this.attach(each.blob, each.name);
  }

  /** Text it; false, and a sentence under the texts, when that went wrong. */
  async send(words, pictures = []) {
    this.trouble.textContent = "";
    try {
      await sendText(this.number, words, pictures);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble.textContent = error.message;
      return false;
    } finally {
      this.actions.sent();
    }
    return true;
  }
}
